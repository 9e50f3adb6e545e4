import { setTimeout as delay } from 'node:timers/promises';
import { LocalPlatform } from '../local/local-platform.ts';
import { launchChromium } from '../observe/chromium.ts';
import { Gathering, type Recovery } from '../observe/gathering.ts';
import { runSteps } from '../observe/progress.ts';
import { demoArc, demoAutoscaler } from './arc.ts';
import { growth, reportOf, type ScaleIn, scaleIn, standBy } from './demo.ts';
import { demoReport, renderReport } from './report.ts';
import { ScalingRecord } from './scaling-record.ts';
import { announce, Visitors } from './visitors.ts';

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
  const arc = demoArc(flags);
  const visitors = new Visitors();
  let platform: LocalPlatform | undefined;
  let scaling: ScalingRecord | undefined;
  let gathering: Gathering | undefined;
  let move: ScaleIn | undefined;
  let recovery: Recovery | undefined;
  const there = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('an earlier step did not finish');
    return value;
  };

  await runSteps([
    {
      title: 'Start a control plane, the autoscaler and one media node',
      run: async () => {
        platform = await LocalPlatform.start({
          nodes: 1,
          port: 0,
          signal,
          machine: { workers: 1, carries: { workerStreams: arc.workerStreams } },
          autoscaler: demoAutoscaler(arc),
        });
        const started = platform;
        cleanup(() => started.close());
        scaling = new ScalingRecord(started);
        await announce(started, arc);
        return `Platform runs at ${platform.baseUrl}; its machines carry ${arc.workerStreams} streams each`;
      },
    },
    {
      title: `${arc.visitors.people} visitors arrive, and a node is launched before the running one is full`,
      run: async () => {
        const browser = await launchChromium({ headed: flags.headed, signal });
        cleanup(() => browser.close());
        gathering = new Gathering(there(platform), browser, options);
        return `A second node runs: ${await growth(gathering, visitors, arc)}`;
      },
    },
    {
      title: `Open ${flags.participants} participants in ${flags.meetings} meetings`,
      run: async (report) => {
        await there(gathering).join(report);
        return `${flags.participants} participants in ${flags.meetings} meetings see and hear each other`;
      },
    },
    {
      title: 'The visitors leave: the surplus node is emptied and given back',
      run: async (report) => {
        move = await scaleIn(there(gathering), visitors, signal, report);
        return `${move.node.nodeId} gave up ${countOf(move.node.meetings.length, 'meeting')} in ${(move.evacuationMs / 1000).toFixed(1)} s and was gone after ${(move.releasedMs / 1000).toFixed(1)} s`;
      },
    },
    {
      title: 'Two nodes are to run from now on: one stands by',
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
  const actions = await there(scaling).actions(there(gathering).api);
  const report = demoReport.parse(reportOf(options, moved, recovered, actions));
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

const countOf = (value: number, what: string) => `${value} ${what}${value === 1 ? '' : 's'}`;
