// Steps: coturn, for TURN servers on this machine and in the release bundle; firewalls and Firefox, with which paths through
// other networks are tried. All else is well without them.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { hasApt, installPackages, missingPackages } from './apt.mjs';
import { step } from './step.mjs';

/** Installs coturn where that cannot start a service: as root, in a container without systemd. */
export async function turn() {
  if (spawnSync('turnserver', ['--version']).error === undefined) return;
  if (hasApt && process.getuid?.() === 0 && !existsSync('/run/systemd/system')) {
    // Debian's scripts start no service of another run level than the present one.
    const before = process.env.RUNLEVEL;
    process.env.RUNLEVEL = '1';
    try {
      await step('installing coturn', () => installPackages(['coturn'], 'for TURN'));
      return;
    } catch (error) {
      process.stderr.write(`holdfast: ${error instanceof Error ? error.message : error}\n`);
    } finally {
      if (before === undefined) delete process.env.RUNLEVEL;
      else process.env.RUNLEVEL = before;
    }
  }
  process.stderr.write(
    'holdfast: coturn is not installed, so there is no TURN server here, and tests with one are skipped\n',
  );
}

const ofNetworks = ['iproute2', 'nftables', 'openssl', 'firefox-esr'];

/** Installs what networks are laid with, and a second browser to try them: as root, wherever these packages are. */
export async function networks() {
  if (!hasApt || missingPackages(ofNetworks).length === 0) return;
  if (process.getuid?.() === 0) {
    try {
      await step('installing nftables and Firefox', () =>
        installPackages(ofNetworks, 'to try paths through firewalls'),
      );
      return;
    } catch (error) {
      process.stderr.write(`holdfast: ${error instanceof Error ? error.message : error}\n`);
    }
  }
  const missing = missingPackages(ofNetworks).join(', ');
  process.stderr.write(`holdfast: ${missing} not installed, so paths through firewalls may not be tried\n`);
}
