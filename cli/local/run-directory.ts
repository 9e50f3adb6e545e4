import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'holdfast-local-';
const keptMark = 'kept';
const KEPT_FOR_MS = 24 * 3_600_000;
/** A Unix socket's path has about 104 bytes; the names in the directory need some of them. */
const LONGEST_BASE = 60;

/** The private directory of one run: configurations, logs, sockets. Removed at its end, unless it is kept for its logs. */
export class RunDirectory {
  readonly path: string;
  #kept = false;

  private constructor(path: string) {
    this.path = path;
  }

  static create(): RunDirectory {
    const base = tmpdir().length > LONGEST_BASE ? '/tmp' : tmpdir();
    removeStale(base);
    return new RunDirectory(mkdtempSync(join(base, `${prefix}${process.pid}-`)));
  }

  get kept(): boolean {
    return this.#kept;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Something went wrong: its logs are worth a day. */
  keep(): void {
    if (this.#kept) return;
    this.#kept = true;
    writeFileSync(this.file(keptMark), 'Kept for its logs; a run of holdfast removes it a day later.\n');
  }

  close(): void {
    if (!this.#kept) rmSync(this.path, { recursive: true, force: true });
  }
}

/** Removes what killed runs of this user have left. */
export function removeStale(base: string, nowMs = Date.now()): void {
  for (const name of readdirSync(base)) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    const path = join(base, name);
    if (pid === undefined || isAlive(Number(pid)) || !isOurs(path)) continue;
    const kept = existsSync(join(path, keptMark));
    if (kept && nowMs - statSync(path).mtimeMs < KEPT_FOR_MS) continue;
    rmSync(path, { recursive: true, force: true });
  }
}

function isOurs(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === process.getuid?.();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: somebody else's process, but alive.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
