import { launchChromium } from '../observe/chromium.ts';
import { runSteps, type Step } from '../observe/progress.ts';
import { benchEmptying } from './emptying.ts';
import { benchHandovers, benchIdle, benchRecoveries } from './handover.ts';
import { printBench } from './print-bench.ts';
import { type HandoverBench, judge, renderBench } from './report.ts';
import { thisMachine } from './targets.ts';

export interface HandoverFlags {
  readonly participants: number;
  readonly meetings: number;
  readonly rounds: number;
  readonly unreached: number;
  readonly kills: number;
  readonly crowd: number;
  readonly json: boolean;
  readonly out?: string;
}

/** Runs the bench and prints its numbers. Resolves with the exit code: 1 when anything was lost. */
export async function runHandover(
  flags: HandoverFlags,
  signal: AbortSignal,
  cleanup: (undo: () => Promise<void>) => void,
): Promise<number> {
  const browser = await launchChromium({ headed: false, signal });
  cleanup(() => browser.close());
  const { participants, meetings, rounds, unreached, kills, crowd } = flags;
  const result: Partial<HandoverBench> = {};
  const steps: Step[] = [
    {
      title: `Handovers: ${participants} people in ${meetings} meetings, ${rounds} rounds`,
      run: async (say) => {
        result.handover = await benchHandovers(browser, { participants, meetings, rounds }, signal, say);
        return undefined;
      },
    },
  ];
  if (unreached > 0) {
    steps.push({
      title: `Emptying with one person away, or behind a dead WebSocket: ${unreached} rounds each`,
      run: async (say) => {
        result.emptying = await benchEmptying(browser, unreached, signal, say);
        return undefined;
      },
    });
  }
  if (kills > 0) {
    steps.push({
      title: `Lost nodes: 3 people in one meeting, ${kills} kills`,
      run: async (say) => {
        result.recovery = await benchRecoveries(browser, { participants: 3, kills }, signal, say);
        return undefined;
      },
    });
  }
  // Not first: Node's compile cache is warm by then, as it is on every machine but one that has just been installed.
  steps.push({
    title: 'Idle nodes',
    run: async () => {
      result.idle = await benchIdle(signal);
      return undefined;
    },
  });
  if (crowd > 0) {
    steps.push({
      title: `Handovers with ${crowd} people, as information`,
      run: async (say) => {
        result.crowd = await benchHandovers(
          browser,
          { participants: crowd, meetings, rounds: 3 },
          signal,
          say,
        );
        return undefined;
      },
    });
  }
  await runSteps(steps);
  const { idle, handover } = result;
  if (!idle || !handover) throw new Error('a step of the bench did not finish');
  const measured = { ...result, idle, handover };
  const document: HandoverBench = {
    ...measured,
    machine: thisMachine(),
    targets: judge(measured),
  };
  printBench(document, renderBench(document), flags);
  const lost = [handover.lost, result.emptying?.lost, result.recovery?.lost, result.crowd?.lost].some(
    (losses) => losses && losses.participants + losses.streams > 0,
  );
  return lost ? 1 : 0;
}
