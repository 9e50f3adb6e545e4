import type { Command } from 'commander';
import { integerBetween } from '../local/integer-option.ts';
import { interruptible } from '../local/interruptible.ts';
import type { OutageFlags } from './run-outage.ts';

export function registerOutage(bench: Command): void {
  bench
    .command('outage')
    .description('what a control plane that is gone for a while costs a meeting')
    .option('--participants <n>', 'browser participants', integerBetween(2, 12), 2)
    .option('--seconds <n>', 'how long it is stopped, and killed', integerBetween(10, 600), 120)
    .option('--json', 'only the JSON document on stdout', false)
    .option('--out <file>', 'write the JSON document to this file as well')
    .addHelpText(
      'after',
      `
The exit code is 1 when a target is missed.

Example:
  $ npm run bench -- outage --seconds 60`,
    )
    .action(async (flags: OutageFlags) => {
      const { runOutage } = await import('./run-outage.ts');
      process.exitCode = await interruptible((signal, cleanup) => runOutage(flags, signal, cleanup));
    });
}
