import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Namespace } from './namespace.ts';

/** One of the small programs of this folder, run by this Node in a namespace until it is closed or this process ends. */
export class HelperProcess {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  /** Resolves when it has said that it is ready. */
  static async start(namespace: Namespace, program: string, ...args: string[]): Promise<HelperProcess> {
    const file = fileURLToPath(new URL(program, import.meta.url));
    const child = spawn(...namespace.enter(process.execPath, [file, ...args]), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ready = await Promise.race([
      once(child.stdout, 'data').then(() => true),
      once(child, 'exit').then(() => false),
    ]);
    if (!ready) throw new Error(`${program} ended while it started`);
    return new HelperProcess(child);
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}
