import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('watchdog.sh', import.meta.url));

/**
 * A process beside this one that outlives it for a moment: when this one dies without a word (SIGKILL, a crash), it ends
 * every process group it was told of and removes the run directory. What children do by themselves when their parent is
 * gone does not help when they hang or are stopped.
 */
export class Watchdog {
  readonly #process: ChildProcess;

  constructor(directory: string) {
    this.#process = spawn('/bin/sh', [script, directory], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // It must not keep this process alive, and its own end is no reason to fail: it is only the second line of defence.
    this.#process.unref();
    this.#process.on('error', () => {});
    this.#process.stdin?.on('error', () => {});
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** A process group that must not outlive this process. */
  add(groupId: number): void {
    this.#process.stdin?.write(`+${groupId}\n`);
  }

  remove(groupId: number): void {
    this.#process.stdin?.write(`-${groupId}\n`);
  }

  /** Everything has ended: nothing is left to watch. */
  async close(): Promise<void> {
    if (
      this.#process.exitCode !== null ||
      this.#process.signalCode !== null ||
      this.#process.pid === undefined
    )
      return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.ref();
    this.#process.stdin?.end('.\n');
    await ended;
  }
}
