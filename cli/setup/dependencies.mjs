// Step 1: node_modules holds what package-lock.json says, and with it the Node that runs Holdfast.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { withLock } from './lock.mjs';
import { withLog } from './log.mjs';
import { checkout, node, outsideEnvironment, root } from './paths.mjs';
import { run } from './processes.mjs';
import { step } from './step.mjs';

export async function dependencies() {
  if (missing() === undefined) return;
  await withLock(`npm-${checkout}`, async () => {
    if (missing() !== undefined) await step('installing npm packages', install);
  });
}

async function install() {
  await withLog('npm', async (log) => {
    // No package needs its install script: Node and the bundlers come as a package for each platform, and the
    // worker is a step of its own.
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const { code } = await run('npm', args, { log, env: outsideEnvironment() });
    if (code !== 0) {
      throw new SetupError('npm could not install the packages', 'Can its registry be reached?', log);
    }
    const skipped = missing();
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

/**
 * @typedef {object} Locked
 * @property {string} [version]
 * @property {boolean} [optional]
 * @property {string | string[]} [os]
 * @property {string | string[]} [cpu]
 * @property {string[]} [libc]
 */

/**
 * Compares what is wanted with npm's own record of what is there.
 * @returns {string | undefined} the first difference
 */
function missing() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return 'node_modules';
  const wanted = packagesIn(join(root, 'package-lock.json'));
  const there = packagesIn(record);
  for (const [path, entry] of wanted) {
    const found = there.get(path);
    if (found ? found.version !== entry.version : !entry.optional || isForHere(entry)) return path;
  }
  return [...there.keys()].find((path) => !wanted.has(path));
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
  return new Map(Object.entries(lock.packages).filter(([path]) => path.includes('node_modules/')));
}
