import type { Command } from 'commander';
import type { BundleFlags } from './run-bundle.ts';

export function register(program: Command): void {
  program
    .command('bundle')
    .description('put all that runs on a machine into one file, which stacks upload and machines boot from')
    .option('--out <file>', 'where it goes', 'dist/holdfast-release.tar.gz')
    .option('--json', 'only the JSON document on stdout', false)
    .addHelpText(
      'after',
      `
The bundle holds Node.js, the mediasoup worker, coturn, the processes as plain JavaScript, the pages, and systemd's units.
There is no secret in it. The same sources and packages give the same bytes, so its checksum names it; a stack is pinned
to it by "holdfast:release.bundle" and "holdfast:release.sha256".

Examples:
  $ npm run bundle
  $ npm run bundle -- --out /tmp/release.tar.gz --json`,
    )
    .action(async (flags: BundleFlags) => {
      const { runBundle } = await import('./run-bundle.ts');
      await runBundle(flags);
    });
}
