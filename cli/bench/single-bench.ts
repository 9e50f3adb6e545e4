import type { Browser } from 'playwright-core';
import { launchChromium } from '../observe/chromium.ts';
import { runSteps } from '../observe/progress.ts';
import type { Say } from './on-platform.ts';
import { printBench } from './print-bench.ts';
import { type Machine, type Target, thisMachine } from './targets.ts';

export interface SingleBench<N> {
  readonly title: string;
  readonly measure: (browser: Browser, say: Say) => Promise<N>;
  readonly judge: (numbers: N) => readonly Target[];
  readonly render: (bench: Judged<N>) => string;
}

/** What was measured, on what, and whether it is good enough. */
export type Judged<N> = N & { readonly machine: Machine; readonly targets: readonly Target[] };

export interface OutputFlags {
  readonly json: boolean;
  readonly out?: string;
}

/** Runs a bench of one step and prints its numbers. Resolves with the exit code: 1 when a target is missed. */
export async function runSingleBench<N extends object>(
  { title, measure, judge, render }: SingleBench<N>,
  flags: OutputFlags,
  signal: AbortSignal,
  cleanup: (undo: () => Promise<void>) => void,
): Promise<number> {
  const browser = await launchChromium({ headed: false, signal });
  cleanup(() => browser.close());
  let numbers: N | undefined;
  await runSteps([
    {
      title,
      run: async (say) => {
        numbers = await measure(browser, say);
        return undefined;
      },
    },
  ]);
  if (!numbers) throw new Error('the bench did not finish');
  const bench = { ...numbers, machine: thisMachine(), targets: judge(numbers) };
  printBench(bench, render(bench), flags);
  return bench.targets.every(({ met }) => met !== false) ? 0 : 1;
}
