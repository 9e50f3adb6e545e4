import { setTimeout as delay } from 'node:timers/promises';
import { LocalPlatform } from '../local/local-platform.ts';
import { launchChromium } from '../observe/chromium.ts';
import { Gathering, type Recovery } from '../observe/gathering.ts';
import { runSteps } from '../observe/progress.ts';
import { reportOf, type ScaleIn, scaleIn, standBy } from './demo.ts';
import { demoReport, renderReport } from './report.ts';

export interface DemoFlags {
  readonly participants?: number;
  readonly meetings: number;
  readonly headed: boolean;
  readonly keep: boolean;
  readonly json: boolean;
}

/** Runs the demo and prints its report. Resolves with the exit code: 0 only if nothing was lost. */
export async function runDemo(
  flags: DemoFlags & { readonly participants: number },
  signal: AbortSignal,
  cleanup: (undo: () => Promise<void>) => void,
): Promise<number> {
  const options = { participants: flags.participants, meetings: flags.meetings, signal };
  let platform: LocalPlatform | undefined;
  let gathering: Gathering | undefined;
  let move: ScaleIn | undefined;
  let recovery: Recovery | undefined;
  const there = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('an earlier step did not finish');
    return value;
  };

  await runSteps([
    {
      title: 'Start a control plane and two media nodes',
      run: async () => {
        platform = await LocalPlatform.start({ nodes: 2, port: 0, signal });
        const started = platform;
        cleanup(() => started.close());
        return `Platform runs at ${platform.baseUrl}`;
      },
    },
    {
      title: `Open ${flags.participants} participants in ${flags.meetings} meetings`,
      run: async (report) => {
        const browser = await launchChromium({ headed: flags.headed, signal });
        cleanup(() => browser.close());
        gathering = new Gathering(there(platform), browser, options);
        await gathering.join(report);
        return `${flags.participants} participants in ${flags.meetings} meetings see and hear each other`;
      },
    },
    {
      title: 'Take a node away: the cloud gives notice, its meetings move, it is let go',
      run: async (report) => {
        move = await scaleIn(there(gathering), signal, report);
        return `${move.node.nodeId} gave up ${move.node.meetings.length} meetings in ${(move.evacuationMs / 1000).toFixed(1)} s and was let go after ${(move.releasedMs / 1000).toFixed(1)} s`;
      },
    },
    {
      title: 'Start a fresh node to stand by',
      run: async () => {
        await standBy(there(gathering));
        return undefined;
      },
    },
    {
      title: 'Kill the node that carries the meetings (SIGKILL)',
      run: async () => {
        recovery = await there(gathering).kill();
        return `${recovery.node.nodeId} was killed; its meetings run again on the other node`;
      },
    },
  ]);

  const moved = there(move);
  const recovered = there(recovery);
  const report = demoReport.parse(reportOf(options, moved, recovered));
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(report, null, 2)}\n`
      : renderReport(report, [...moved.complaints, ...moved.losses.details, ...recovered.losses.details]),
  );
  if (flags.keep) {
    const { baseUrl, operatorToken } = there(platform);
    process.stderr.write(`Still running: ${baseUrl}/operator (token ${operatorToken}). Ctrl-C ends it.\n`);
    await delay(2 ** 31 - 1, undefined, { signal });
  }
  return report.ok ? 0 : 1;
}
