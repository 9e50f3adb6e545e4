import { benchOutage, judgeOutage, renderOutage } from './outage.ts';
import { type OutputFlags, runSingleBench } from './single-bench.ts';

export interface OutageFlags extends OutputFlags {
  readonly participants: number;
  readonly seconds: number;
}

export function runOutage(
  flags: OutageFlags,
  signal: AbortSignal,
  cleanup: (undo: () => Promise<void>) => void,
): Promise<number> {
  const { participants, seconds } = flags;
  return runSingleBench(
    {
      title: `Outage: the control plane is gone for ${seconds} s, twice`,
      measure: (browser, say) => benchOutage(browser, { participants, seconds }, signal, say),
      judge: judgeOutage,
      render: renderOutage,
    },
    flags,
    signal,
    cleanup,
  );
}
