// `npm run mutation`: what the tests of the deciding files are worth (test/mutation/stryker.config.mjs).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dependencies } from './dependencies.mjs';
import { SetupError } from './errors.mjs';
import { environment, root } from './paths.mjs';
import { handOver } from './processes.mjs';

const help = `Usage: npm run mutation [-- FILES]

Makes one small change after the other in the files that decide, runs the tests that reach it, and counts the changes
that no test notices. Fails when fewer than 85 in 100 are noticed. Takes minutes; a single file takes seconds.

  FILES     only these, each with the same bar, for example:
            npm run mutation -- media-server/drain/drain-machine.ts
  -h, --help
`;

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function mutation(args) {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(help);
    return 0;
  }
  const missing = args.find((file) => !existsSync(join(root, file)));
  if (missing !== undefined) {
    throw new SetupError(`there is no file ${missing}`, 'Name files as seen from the top of the repository.');
  }
  await dependencies('everything');
  return handOver(
    'stryker',
    ['run', 'test/mutation/stryker.config.mjs', ...(args.length === 0 ? [] : ['--mutate', args.join(',')])],
    environment(),
  );
}
