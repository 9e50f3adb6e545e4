import type { Command } from 'commander';
import { integerBetween } from '../local/integer-option.ts';
import type { PlacementFlags } from './placement.ts';
import type { PlannerFlags } from './planner.ts';

export function registerCapacity(bench: Command): void {
  bench
    .command('placement')
    .description('how many meetings a second one core finds a node for')
    .option('--nodes <n>', 'media nodes', integerBetween(1, 100_000), 50)
    .option('--workers <n>', 'workers of each node', integerBetween(1, 64), 16)
    .option('--lost <n>', 'meetings of a lost node that are placed together', integerBetween(1, 100_000), 500)
    .option('--json', 'only the JSON document on stdout', false)
    .addHelpText(
      'after',
      '\nExamples:\n  $ npm run bench -- placement\n  $ npm run bench -- placement --nodes 1000',
    )
    .action(async (flags: PlacementFlags) => {
      const { runPlacement } = await import('./placement.ts');
      process.exitCode = runPlacement(flags);
    });
  bench
    .command('planner')
    .description('how long the autoscaler takes to decide for a large fleet')
    .option('--nodes <n>', 'media nodes', integerBetween(1, 100_000), 10_000)
    .option('--meetings <n>', 'meetings on them', integerBetween(0, 5_000_000), 200_000)
    .option('--json', 'only the JSON document on stdout', false)
    .addHelpText('after', '\nExample:\n  $ npm run bench -- planner')
    .action(async (flags: PlannerFlags) => {
      const { runPlanner } = await import('./planner.ts');
      process.exitCode = runPlanner(flags);
    });
}
