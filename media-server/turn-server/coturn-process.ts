import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { EventEmitter } from 'eventemitter3';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';

interface CoturnEvents {
  started: () => void;
  /** It ended by itself, and is started again. */
  ended: (why: string) => void;
  line: (text: string) => void;
}

export interface CoturnProcessOptions {
  readonly program: string;
  readonly file: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Before one that has ended is started again: the first wait, and the longest. */
const RESTART_MS = { first: 50, most: 5000 };
/** One that has run so long did not end for what it was started with. */
const STEADY_MS = 10_000;
const STOP_LIMIT_MS = 2000;

/** coturn, started again whenever it ends. */
export class CoturnProcess extends EventEmitter<CoturnEvents> {
  readonly #options: CoturnProcessOptions;
  #child: ChildProcess | undefined;
  #startedAtMs = 0;
  #failures = 0;
  #cancelRestart = () => {};
  #closed = false;

  constructor(options: CoturnProcessOptions) {
    super();
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Rejects when there is no such program. */
  async start(): Promise<void> {
    const { program, file, clock, log } = this.#options;
    const child = spawn(program, ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#startedAtMs = clock.now();
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    failed.catch(() => {});
    child.once('exit', (code, signal) => this.#ended(child, signal ?? `exit code ${code}`));
    // Its lines must be read, or it stands still when the pipe is full.
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (text) => this.emit('line', text));
    }
    await Promise.race([once(child, 'spawn'), failed]);
    log.info({ pid: child.pid }, 'coturn.started');
    this.emit('started');
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRestart();
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const cancel = this.#options.clock.after(STOP_LIMIT_MS, () => child.kill('SIGKILL'));
    await ended;
    cancel();
  }

  #ended(child: ChildProcess, why: string): void {
    if (this.#child !== child || this.#closed) return;
    this.#child = undefined;
    const { clock, log } = this.#options;
    if (clock.now() - this.#startedAtMs >= STEADY_MS) this.#failures = 0;
    const waitMs = Math.min(RESTART_MS.most, RESTART_MS.first * 2 ** this.#failures);
    this.#failures += 1;
    log.error({ why, waitMs }, 'coturn.ended');
    this.emit('ended', `coturn has ended (${why})`);
    this.#restartAfter(waitMs);
  }

  #restartAfter(waitMs: number): void {
    this.#cancelRestart = this.#options.clock.after(waitMs, () => {
      this.start().catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'coturn.not_started');
        this.#failures += 1;
        this.#restartAfter(RESTART_MS.most);
      });
    });
  }
}
