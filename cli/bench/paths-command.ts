import { type Command, InvalidArgumentError } from 'commander';
import { interruptible } from '../local/interruptible.ts';
import { type ColumnId, columnNamed, columns } from './paths/columns.ts';
import type { PathsFlags } from './paths/run-paths.ts';

const asColumns = (text: string): ColumnId[] =>
  text.split(',').map((id) => {
    const column = columnNamed(id.trim());
    if (column) return column.id;
    throw new InvalidArgumentError(`${id} is none of ${columns.map((each) => each.id).join(', ')}.`);
  });

export function registerPaths(bench: Command): void {
  bench
    .command('paths')
    .description('the same meeting through firewalls, NAT, IPv6, loss and a change of address')
    .option('--only <kinds>', `of ${columns.map(({ id }) => id).join(', ')}`, asColumns)
    .option('--json', 'only the JSON document on stdout', false)
    .option('--out <file>', 'write the JSON document to this file as well')
    .addHelpText(
      'after',
      `
Needs Linux and the right to make network namespaces (root), nftables and coturn.
The exit code is 1 when a target is missed.

Example:
  $ npm run bench -- paths --only open,tls-443`,
    )
    .action(async (flags: PathsFlags) => {
      const { runPaths } = await import('./paths/run-paths.ts');
      process.exitCode = await interruptible((signal) => runPaths(flags, signal));
    });
}
