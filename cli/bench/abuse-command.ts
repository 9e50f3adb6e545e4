import type { Command } from 'commander';
import { integerBetween } from '../local/integer-option.ts';
import { interruptible } from '../local/interruptible.ts';
import type { AbuseFlags } from './run-abuse.ts';

export function registerAbuse(bench: Command): void {
  bench
    .command('abuse')
    .description('what hostile messages do to a meeting of two and to the platform')
    .option('--seed <n>', 'the same messages again', integerBetween(0, 2 ** 31 - 1), 1)
    .option('--messages <n>', 'how many', integerBetween(100, 1_000_000), 20_000)
    .option(
      '--connections <n>',
      'connections without a login, beside the hostile participant',
      integerBetween(1, 2000),
      500,
    )
    .option('--json', 'only the JSON document on stdout', false)
    .option('--out <file>', 'write the JSON document to this file as well')
    .addHelpText(
      'after',
      `
The exit code is 1 when a target is missed. It takes about four minutes.

Examples:
  $ npm run bench -- abuse
  $ npm run bench -- abuse --seed 7 --out abuse.json`,
    )
    .action(async (flags: AbuseFlags) => {
      const { runAbuse } = await import('./run-abuse.ts');
      process.exitCode = await interruptible((signal, cleanup) => runAbuse(flags, signal, cleanup));
    });
}
