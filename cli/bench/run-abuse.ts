import { benchAbuse } from './abuse.ts';
import { judgeAbuse, renderAbuse } from './abuse-report.ts';
import { type OutputFlags, runSingleBench } from './single-bench.ts';

export interface AbuseFlags extends OutputFlags {
  readonly seed: number;
  readonly messages: number;
  readonly connections: number;
}

export function runAbuse(
  flags: AbuseFlags,
  signal: AbortSignal,
  cleanup: (undo: () => Promise<void>) => void,
): Promise<number> {
  const { seed, messages, connections } = flags;
  return runSingleBench(
    {
      title: `Abuse: ${messages} messages, ${connections} connections, seed ${seed}`,
      measure: (browser, say) => benchAbuse(browser, { seed, messages, connections }, signal, say),
      judge: judgeAbuse,
      render: renderAbuse,
    },
    flags,
    signal,
    cleanup,
  );
}
