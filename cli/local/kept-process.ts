import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessEnd } from '@holdfast/lifecycle-hooks/clouds/local/machine-factory.ts';
import type { ManagedProcess } from './managed-process.ts';

export interface KeptProcessOptions {
  /** Starts it. */
  readonly launch: () => Promise<ManagedProcess>;
  /** Resolves when it is ready. */
  readonly ready: (started: ManagedProcess) => Promise<void>;
  /** Aborts when nothing is to be started any more. */
  readonly closing: AbortSignal;
  /** It ended, and nobody had stopped it. */
  readonly onCrash: (process: ManagedProcess, end: ProcessEnd) => void;
  readonly onRestarted: (process: ManagedProcess) => void;
}

/** Before one that died is started again: the first wait, and the longest. */
const RESTART_MS = { first: 100, most: 5000 };

/** A process that is started again when it dies by itself, as a service manager would. */
export class KeptProcess {
  readonly #options: KeptProcessOptions;
  #process: ManagedProcess | undefined;

  constructor(options: KeptProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves when it is ready. When it rejects, nothing of it is left. */
  async start(): Promise<void> {
    const { launch, ready, closing, onCrash } = this.#options;
    const started = await launch();
    this.#process = started;
    try {
      await ready(started);
    } catch (error) {
      started.signal('SIGKILL');
      await started.ended;
      throw error;
    }
    void started.ended.then((end) => {
      if (this.#process !== started || closing.aborted) return;
      onCrash(started, end);
      void this.#bringBack(started);
    });
  }

  /** SIGKILL; it stays down until `start`. */
  async kill(): Promise<void> {
    const old = this.#process;
    this.#process = undefined;
    old?.signal('SIGKILL');
    await old?.ended;
  }

  /** SIGTERM, and SIGKILL when it has not ended after this time; it stays down. */
  async stop(graceMs: number): Promise<void> {
    const old = this.#process;
    this.#process = undefined;
    await old?.stop(graceMs);
  }

  async #bringBack(died: ManagedProcess): Promise<void> {
    const { closing, onRestarted } = this.#options;
    let dead: ManagedProcess | undefined = died;
    for (let waitMs = RESTART_MS.first; ; waitMs = Math.min(2 * waitMs, RESTART_MS.most)) {
      await delay(waitMs, undefined, { signal: closing }).catch(() => {});
      // Closed, killed on purpose, or started by somebody else meanwhile.
      if (closing.aborted || dead === undefined || this.#process !== dead) return;
      try {
        await this.start();
        onRestarted(died);
        return;
      } catch {
        // Its log, which is kept, says why; the next attempt comes later.
        dead = this.#process;
      }
    }
  }
}
