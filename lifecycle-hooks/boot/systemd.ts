import { execFile } from 'node:child_process';
import { chown, cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { MachinePlan, PlannedFile } from './machine-plan.ts';
import type { MachineSystem } from './prepare-machine.ts';

const run = promisify(execFile);

export interface SystemdOptions {
  /** Where the release is unpacked. */
  readonly release: string;
  readonly unitFolder?: string;
  /** Runs a program of the system. Rejects when it fails. */
  readonly command?: (program: string, args: readonly string[]) => Promise<void>;
  /** The user whose secrets they are. @returns its numeric ids */
  readonly owner?: () => Promise<{ readonly uid: number; readonly gid: number }>;
}

const UNITS = '/etc/systemd/system';
const OURS = /^holdfast-.+\.service$/;
/** It is what runs this. */
const BOOT = 'holdfast-boot.service';

/** Files and units of a machine that runs systemd. Idempotent; what is no longer in the plan is stopped. */
export class Systemd implements MachineSystem {
  readonly #release: string;
  readonly #units: string;
  readonly #command: NonNullable<SystemdOptions['command']>;
  readonly #owner: NonNullable<SystemdOptions['owner']>;

  constructor({ release, unitFolder = UNITS, command = execute, owner = holdfastUser }: SystemdOptions) {
    this.#release = release;
    this.#units = unitFolder;
    this.#command = command;
    this.#owner = owner;
  }

  async carryOut({ files, units }: MachinePlan): Promise<void> {
    await this.#command('systemd-sysusers', [join(this.#release, 'units', 'holdfast.sysusers')]);
    const owner = await this.#owner();
    for (const file of files) await write(file, owner);
    const wanted = [BOOT, ...units];
    for (const unit of wanted) await cp(join(this.#release, 'units', unit), join(this.#units, unit));
    const surplus = (await readdir(this.#units)).filter((unit) => OURS.test(unit) && !wanted.includes(unit));
    if (surplus.length > 0) await this.#command('systemctl', ['disable', '--now', ...surplus]);
    for (const unit of surplus) await rm(join(this.#units, unit));
    await this.#command('systemctl', ['daemon-reload']);
    await this.#command('systemctl', ['enable', ...wanted]);
    // Not waited for: the units wait for the one that this is a part of.
    await this.#command('systemctl', ['start', '--no-block', ...units]);
  }
}

/** Whole or not at all, and never readable by others for a moment. */
async function write(
  { path, secret, text }: PlannedFile,
  owner: { uid: number; gid: number },
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const fresh = join(folder, `.${basename(path)}.new`);
  await rm(fresh, { force: true });
  await writeFile(fresh, text, { mode: secret ? 0o600 : 0o644, flag: 'wx' });
  if (secret) await chown(fresh, owner.uid, owner.gid);
  await rename(fresh, path);
}

async function execute(program: string, args: readonly string[]): Promise<void> {
  await run(program, [...args]);
}

async function holdfastUser(): Promise<{ uid: number; gid: number }> {
  const id = async (flag: string) => Number((await run('id', [flag, 'holdfast'])).stdout.trim());
  return { uid: await id('-u'), gid: await id('-g') };
}
