import type { Command } from 'commander';
import { integerBetween } from '../local/integer-option.ts';
import { interruptible } from '../local/interruptible.ts';
import type { TurnFlags } from './run-turn.ts';

export function registerTurn(bench: Command): void {
  bench
    .command('turn')
    .description('TURN servers drained, and killed, under a meeting whose media is relayed')
    .option('--participants <n>', 'browser participants', integerBetween(2, 12), 3)
    .option('--drains <n>', 'TURN servers drained', integerBetween(0, 20), 3)
    .option(
      '--kills <n>',
      'TURN servers killed: the machine, and coturn alone, in turn',
      integerBetween(0, 20),
      4,
    )
    .option('--json', 'only the JSON document on stdout', false)
    .option('--out <file>', 'write the JSON document to this file as well')
    .addHelpText(
      'after',
      `
Needs coturn. The exit code is 1 when a target is missed.

Example:
  $ npm run bench -- turn --drains 5`,
    )
    .action(async (flags: TurnFlags) => {
      const { runTurn } = await import('./run-turn.ts');
      process.exitCode = await interruptible((signal, cleanup) => runTurn(flags, signal, cleanup));
    });
}
