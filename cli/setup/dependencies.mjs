// Step 1: node_modules holds what package-lock.json says, and with it the Node that runs Holdfast.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { withLock } from './lock.mjs';
import { withLog } from './log.mjs';
import { neededPackages } from './needed-packages.mjs';
import { checkout, node, outsideEnvironment, root } from './paths.mjs';
import { run } from './processes.mjs';
import { step } from './step.mjs';

/** What meetings run on. Stacks and components need Pulumi beside it, which is large. */
const meetings = ['coturn-config-lite', 'lifecycle-hooks', 'media-server'];

/** @param {'everything' | 'meetings'} what of the project is to run */
export async function dependencies(what) {
  if (missing(what) === undefined) return;
  await withLock(`npm-${checkout}`, async () => {
    if (missing(what) !== undefined) await step('installing npm packages', () => install(what));
  });
}

/** @param {'everything' | 'meetings'} what */
async function install(what) {
  await withLog('npm', async (log) => {
    // No package needs its install script: Node and the bundlers come as a package for each platform, and the
    // worker is a step of its own.
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    if (what === 'meetings') {
      args.push('--include-workspace-root', ...meetings.map((folder) => `--workspace=${folder}`));
    }
    const { code } = await run('npm', args, { log, env: outsideEnvironment() });
    if (code !== 0) {
      throw new SetupError('npm could not install the packages', 'Can its registry be reached?', log);
    }
    const skipped = missing(what);
    if (skipped !== undefined) {
      throw new SetupError(
        `npm installed everything but ${skipped}`,
        'Start again, it may have been the network.',
      );
    }
    const { code: started, output } = await run(node(), ['--version']);
    if (started !== 0) {
      throw new SetupError(
        `the Node that npm installed does not run here (${output.trim()})`,
        'Install Node 24 or newer, and remove "optionalDependencies" from package.json.',
      );
    }
  });
}

/** @typedef {import('./needed-packages.mjs').Locked} Locked */

/**
 * Compares what is wanted with npm's own record of what is there. More than is wanted may be there, but nothing strange.
 * @param {'everything' | 'meetings'} what
 * @returns {string | undefined} the first difference
 */
function missing(what) {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return 'node_modules';
  const lock = packagesIn(join(root, 'package-lock.json'));
  const there = packagesIn(record);
  const needed = what === 'everything' ? undefined : neededPackages(lock, meetings);
  for (const [path, entry] of lock) {
    if (!path.includes('node_modules/') || needed?.has(path) === false) continue;
    const found = there.get(path);
    if (found ? found.version !== entry.version : !entry.optional || isForHere(entry)) return path;
  }
  return [...there.keys()].find((path) => path.includes('node_modules/') && !lock.has(path));
}

/**
 * Whether an optional package is one that this machine cannot do without.
 * @param {Locked} entry
 */
function isForHere({ os = [], cpu = [], libc }) {
  // Which of the C libraries counts is decided differently by each npm.
  return [os].flat().includes(process.platform) && [cpu].flat().includes(process.arch) && !libc;
}

/**
 * @param {string} file a package-lock.json
 * @returns {Map<string, Locked>} by folder
 */
function packagesIn(file) {
  /** @type {{ packages: Record<string, Locked> }} */
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  return new Map(Object.entries(lock.packages));
}
