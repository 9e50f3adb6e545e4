// Installs packages of Debian and Ubuntu, when this process may.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupError } from './errors.mjs';
import { withLog } from './log.mjs';
import { run } from './processes.mjs';

/** Whether this machine has packages of this kind at all. */
export const hasApt = existsSync('/usr/bin/apt-get');

/** @param {string[]} packages */
export function missingPackages(packages) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: these are dpkg's own placeholders
  const format = '${db:Status-Status} ${Package}\n';
  const query = spawnSync('dpkg-query', ['-W', '-f', format, ...packages], { encoding: 'utf8' });
  const lines = (query.stdout ?? '').split('\n');
  return packages.filter((name) => !lines.includes(`installed ${name}`));
}

/**
 * Installs those that are missing.
 * @param {string[]} packages
 * @param {string} purpose completes "are needed"
 */
export async function installPackages(packages, purpose) {
  const missing = missingPackages(packages);
  if (missing.length === 0) return;
  const command = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0) {
    throw new SetupError(`packages are missing that are needed ${purpose}`, `Run: sudo ${command}`);
  }
  await withLog('apt', async (log) => {
    await update(log);
    const { code } = await aptGet(['install', '-y', '--no-install-recommends', ...missing], log);
    if (code !== 0)
      throw new SetupError(`packages needed ${purpose} could not be installed`, `Try: ${command}`, log);
  });
}

let updated = false;

/**
 * Fetches the lists of packages, once. A failure is left to the installation, which may do with the old ones.
 * @param {string} log
 */
async function update(log) {
  if (updated) return;
  updated = true;
  // apt-get waits for dpkg's lock when asked to, but not for that of the lists.
  for (let attempt = 0; attempt < 60; attempt++) {
    const { code } = await aptGet(['update'], log);
    if (code === 0 || !readFileSync(log, 'utf8').includes('Could not get lock')) return;
    await sleep(2_000);
  }
}

/**
 * @param {string[]} args
 * @param {string} log
 */
function aptGet(args, log) {
  return run('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    log,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    // Killed half way, dpkg leaves a broken machine. Asked to, apt-get stops at the next good point.
    mustFinish: true,
  });
}
