// Step: coturn, with which the tests of TURN run. Nothing else needs it, so a machine without it is well too.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { hasApt, installPackages } from './apt.mjs';
import { step } from './step.mjs';

/** Installs coturn where that cannot start a service: as root, in a container without systemd. */
export async function turn() {
  if (spawnSync('turnserver', ['--version']).error === undefined) return;
  if (hasApt && process.getuid?.() === 0 && !existsSync('/run/systemd/system')) {
    // Debian's scripts start no service of another run level than the present one.
    const before = process.env.RUNLEVEL;
    process.env.RUNLEVEL = '1';
    try {
      await step('installing coturn', () => installPackages(['coturn'], 'for the tests of TURN'));
      return;
    } catch (error) {
      process.stderr.write(`holdfast: ${error instanceof Error ? error.message : error}\n`);
    } finally {
      if (before === undefined) delete process.env.RUNLEVEL;
      else process.env.RUNLEVEL = before;
    }
  }
  process.stderr.write(
    'holdfast: coturn is not installed, so the tests with a real TURN server are skipped\n',
  );
}
