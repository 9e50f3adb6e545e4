import { runSteps } from '../../observe/progress.ts';
import { printBench } from '../print-bench.ts';
import type { OutputFlags } from '../single-bench.ts';
import { thisMachine } from '../targets.ts';
import type { ColumnResult } from './column-result.ts';
import { type ColumnId, columns } from './columns.ts';
import { hasFirefox, measurePaths, whyNoBed } from './path-bed.ts';
import { judgePaths, renderPaths } from './paths-report.ts';

export interface PathsFlags extends OutputFlags {
  readonly only?: readonly ColumnId[];
}

/** Resolves with the exit code: 1 when a target is missed or there can be no bed. */
export async function runPaths(flags: PathsFlags, signal: AbortSignal): Promise<number> {
  const why = whyNoBed();
  if (why !== undefined) throw new Error(`no paths can be tried on this machine: ${why}`);
  const firefox = hasFirefox();
  const chosen = columns.filter(
    ({ id, browser }) =>
      (flags.only === undefined || flags.only.includes(id)) && (firefox || browser !== 'firefox'),
  );
  let results: ColumnResult[] = [];
  await runSteps([
    {
      title: `Paths: the same meeting through ${chosen.length} kinds of network`,
      run: async (say) => {
        results = await measurePaths(
          chosen.map(({ id }) => id),
          { signal, say },
        );
        return undefined;
      },
    },
  ]);
  const targets = judgePaths(results);
  printBench({ machine: thisMachine(), results, targets }, renderPaths({ results, targets }), flags);
  if (!firefox) process.stderr.write('Firefox is not installed, so its column is left out (firefox-esr).\n');
  return targets.every(({ met }) => met !== false) ? 0 : 1;
}
