// Step 2: a mediasoup-worker that runs on this machine. Downloaded if mediasoup offers one, else built.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hasApt, installPackages, missingPackages } from './apt.mjs';
import { SetupError } from './errors.mjs';
import { fingerprint } from './fingerprint.mjs';
import { withLock } from './lock.mjs';
import { withLog } from './log.mjs';
import { cacheFolder, node, root } from './paths.mjs';
import { run } from './processes.mjs';
import { step } from './step.mjs';

const recipe = join(root, 'media-server', 'worker-build');
const mediasoup = join(root, 'node_modules', 'mediasoup');
const downloadTimeoutMs = 60_000;

/**
 * @param {() => Promise<void>} confirm asked before anything slow is begun
 * @returns {Promise<string>} its path
 */
export async function worker(confirm) {
  const chosen = process.env.MEDIASOUP_WORKER_BIN;
  if (chosen) {
    if (starts(chosen)) return chosen;
    throw new SetupError(`MEDIASOUP_WORKER_BIN is ${chosen}, which does not start here`);
  }

  /** @type {{ version: string }} */
  const { version } = JSON.parse(readFileSync(join(mediasoup, 'package.json'), 'utf8'));
  const platform = `${version}-${process.platform}-${process.arch}`;
  const downloaded = inCache(`${platform}-prebuilt`);
  const built = inCache(`${platform}-${fingerprint([recipe], ['README.md'])}`);
  // Where mediasoup's own install script leaves it, for those who let it run.
  const installed = join(mediasoup, 'worker', 'out', 'Release', 'mediasoup-worker');

  const ready = () => [downloaded, built, installed].find(starts);
  const found = ready();
  if (found) return found;
  await confirm();
  return withLock(
    `worker-${platform}`,
    // Somebody else may have made it while this waited for the lock.
    async () => ready() ?? (await download(downloaded)) ?? (await build(built, version)),
  );
}

/** @param {string} key */
function inCache(key) {
  return join(cacheFolder('mediasoup-worker'), key, 'mediasoup-worker');
}

/**
 * A worker without the version of its parent in the environment ends with a code of its own (its main.cpp).
 * @param {string} binary
 */
function starts(binary) {
  return existsSync(binary) && spawnSync(binary, { env: {}, stdio: 'ignore' }).status === 41;
}

/**
 * Lets mediasoup's install script fetch the worker its authors built for this platform, if there is one.
 * @param {string} target
 * @returns {Promise<string | undefined>} the target, or nothing
 */
async function download(target) {
  const folder = mkdtempSync(join(tmpdir(), 'mediasoup-download-'));
  try {
    await step('looking for a prebuilt mediasoup-worker', () =>
      run(node(), [join(mediasoup, 'npm-scripts.mjs'), 'postinstall'], {
        // It works in the current folder, and without a Python it ends where it would begin to build.
        cwd: folder,
        env: { ...process.env, PYTHON: 'false' },
        timeoutMs: downloadTimeoutMs,
      }),
    );
    const binary = join(folder, 'worker', 'out', 'Release', 'mediasoup-worker');
    if (!starts(binary)) return undefined;
    moveIntoPlace(binary, target);
    return target;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} target
 * @param {string} version of mediasoup
 * @returns {Promise<string>} the target
 */
async function build(target, version) {
  if (!hasApt) {
    throw new SetupError(
      `no prebuilt mediasoup-worker could be downloaded, and the recipe that builds one is for Debian and Ubuntu`,
      `Set MEDIASOUP_WORKER_BIN to a mediasoup-worker ${version}.`,
    );
  }
  const packages = readFileSync(join(recipe, 'debian-packages'), 'utf8').trim().split('\n');
  if (missingPackages(packages).length > 0) {
    await step('installing the packages that mediasoup-worker is built from', () =>
      installPackages(packages, 'to build mediasoup-worker'),
    );
    // A cache may outlive the machine, and the libraries were all its worker lacked.
    if (starts(target)) return target;
  }
  const remarks = await step('building mediasoup-worker, once (4 to 8 minutes)', () =>
    withLog('worker-build', async (log) => {
      const { code } = await run('bash', [join(recipe, 'build.sh'), mediasoup, target], { log });
      if (code !== 0 || !starts(target)) {
        throw new SetupError('mediasoup-worker could not be built', 'The log ends with the reason.', log);
      }
      return readFileSync(log, 'utf8').match(/^worker-build: .*\n/gm) ?? [];
    }),
  );
  // Above all, whether it has the slower cipher.
  process.stderr.write(remarks.join(''));
  return target;
}

/**
 * @param {string} from
 * @param {string} to perhaps on another disk, so that a move alone would not do
 */
function moveIntoPlace(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  const partial = `${to}.partial.${process.pid}`;
  copyFileSync(from, partial);
  chmodSync(partial, 0o755);
  renameSync(partial, to);
}
