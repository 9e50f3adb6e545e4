// A clean Debian, as a cloud's machine has it before anything of ours is there: for the test of a machine's first boot.
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasApt, installPackages } from './apt.mjs';
import { SetupError } from './errors.mjs';
import { withLock } from './lock.mjs';
import { withLog } from './log.mjs';
import { cacheFolder } from './paths.mjs';
import { run } from './processes.mjs';
import { step } from './step.mjs';

const release = 'bookworm';
/** What the images of the clouds have beyond the least that Debian is, and a first boot uses. */
const packages = ['ca-certificates', 'curl', 'iproute2', 'systemd', 'systemd-sysv', 'util-linux'];

/**
 * @returns {Promise<string | undefined>} a tar file of it; nothing where it cannot be made, which only skips that test
 */
export async function debianRoot() {
  if (!hasApt || process.getuid?.() !== 0) {
    process.stderr.write('holdfast: no root of a Debian here, so no machine boots in a test\n');
    return undefined;
  }
  const file = join(cacheFolder('debian-root'), `${release}-${process.arch}-1.tar`);
  if (existsSync(file)) return file;
  try {
    await withLock(`debian-root-${release}`, () => make(file));
    return file;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`holdfast: ${error.message}; so no machine boots in a test\n`);
    return undefined;
  }
}

/** @param {string} file */
async function make(file) {
  if (existsSync(file)) return;
  await installPackages(['mmdebstrap'], 'to make a clean Debian');
  await step('making a clean Debian', () =>
    withLog('debian-root', async (log) => {
      const fresh = `${file}.new.tar`;
      const args = ['--variant=minbase', `--include=${packages.join(',')}`, release, fresh];
      const { code } = await run('mmdebstrap', args, { log, timeoutMs: 600_000 });
      if (code === 0) renameSync(fresh, file);
      else {
        rmSync(fresh, { force: true });
        throw new SetupError('a clean Debian could not be made', undefined, log);
      }
    }),
  );
}
