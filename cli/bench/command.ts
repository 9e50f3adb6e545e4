import type { Command } from 'commander';
import { integerBetween } from '../local/integer-option.ts';
import { interruptible } from '../local/interruptible.ts';
import { registerAbuse } from './abuse-command.ts';
import { registerCapacity } from './capacity-commands.ts';
import { registerOutage } from './outage-command.ts';
import { registerPaths } from './paths-command.ts';
import type { HandoverFlags } from './run-handover.ts';
import { registerTurn } from './turn-command.ts';

export function register(program: Command): void {
  const bench = program.command('bench').description('measure; numbers in docs come from here');
  registerCapacity(bench);
  bench
    .command('handover')
    .description('what a handover and a lost node cost at the screen')
    .option('--participants <n>', 'browser participants', integerBetween(2, 48), 4)
    .option('--meetings <n>', 'meetings they are in', integerBetween(1, 24), 2)
    .option('--rounds <n>', 'rounds; each moves every meeting once', integerBetween(1, 100), 6)
    .option(
      '--unreached <n>',
      'rounds with one person away, and with one behind a dead WebSocket; 0 leaves that out',
      integerBetween(0, 20),
      3,
    )
    .option(
      '--kills <n>',
      'nodes killed under a meeting of three; 0 leaves that out',
      integerBetween(0, 100),
      5,
    )
    .option(
      '--crowd <n>',
      'the same with this many people, as information; 0 leaves that out',
      integerBetween(0, 48),
      6,
    )
    .option('--json', 'only the JSON document on stdout', false)
    .option('--out <file>', 'write the JSON document to this file as well')
    .addHelpText(
      'after',
      `
Examples:
  $ npm run bench -- handover
  $ npm run bench -- handover --rounds 10 --crowd 0 --out handover.json`,
    )
    .action(async (flags: HandoverFlags) => {
      const { runHandover } = await import('./run-handover.ts');
      process.exitCode = await interruptible((signal, cleanup) => runHandover(flags, signal, cleanup));
    });
  registerAbuse(bench);
  registerOutage(bench);
  registerPaths(bench);
  registerTurn(bench);
}
