import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { HoldfastError } from '../protocol/index.ts';
import { AwakeTime } from './awake-time.ts';
import { nextWorkerWatch, type WatchEvent, type WorkerWatch } from './worker-watch.ts';

export interface WorkerChannelOptions {
  /** Something cheap that every living worker answers. */
  readonly ask: () => Promise<unknown>;
  /** Called once, when nothing more can be had of this worker. */
  readonly onBroken: (reason: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often the worker is asked, ms. */
const TICK_MS = 500;
/** The longest a request to a worker may take, ms; a silent one is ended before that. */
const CALL_LIMIT_MS = 5000;

/**
 * Every request to one mediasoup worker goes through here. mediasoup itself has no time limits, and all its requests to one
 * worker share one buffer: a request that it cannot write to the end leaves that buffer unusable, and the worker can
 * neither be asked nor told anything more, though its process lives. So after each failure the worker is asked something, and
 * one that cannot be asked, or is silent, is reported as broken.
 */
export class WorkerChannel {
  readonly #options: WorkerChannelOptions;
  readonly #time: AwakeTime;
  #watch: WorkerWatch = { state: 'answering' };
  #cancelTick: () => void = () => {};
  #closed = false;

  constructor(options: WorkerChannelOptions) {
    this.#options = options;
    this.#time = new AwakeTime(options.clock.now(), 2 * TICK_MS);
    this.#tickLater();
  }

  get broken(): boolean {
    return this.#watch.state === 'broken';
  }

  /**
   * @param late ends what a request has made after its time was over
   * @throws TIMEOUT when there is no answer in time
   */
  async call<T>(work: () => Promise<T>, late: (result: T) => void = () => {}): Promise<T> {
    if (this.#watch.state === 'broken') {
      throw new HoldfastError('TIMEOUT', `the media worker is being replaced: ${this.#watch.reason}`);
    }
    const { promise: overdue, reject } = Promise.withResolvers<never>();
    let over = false;
    // In two halves: a timer that fires late, because this process stood still, ends only the first one.
    let cancel = this.#options.clock.after(CALL_LIMIT_MS / 2, () => {
      cancel = this.#options.clock.after(CALL_LIMIT_MS / 2, () => {
        over = true;
        reject(new HoldfastError('TIMEOUT', `the media worker has not answered within ${CALL_LIMIT_MS} ms`));
      });
    });
    const answer = this.#checked(work);
    answer.then(
      (result) => over && this.attempt(() => late(result)),
      () => {},
    );
    try {
      return await Promise.race([answer, overdue]);
    } finally {
      cancel();
    }
  }

  /** For what is not waited for, such as closing. Never throws: whatever else is to be closed must be closed, too. */
  attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'worker.call_failed');
      this.#doubt();
    }
  }

  /** No more questions; requests may still be made, such as those that end the worker. */
  close(): void {
    this.#closed = true;
    this.#cancelTick();
  }

  async #checked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#doubt();
      throw error;
    }
  }

  /** Something failed. Usually the request was wrong; if it has left the channel unusable, the next one fails at once. */
  #doubt(): void {
    if (!this.#closed && !this.broken) void this.#ask();
  }

  async #ask(): Promise<void> {
    try {
      await this.#options.ask();
      this.#take({ type: 'answered' });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#take({ type: 'unaskable', reason });
    }
  }

  #tickLater(): void {
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => {
      if (this.#closed) return;
      const before = this.#watch;
      this.#take({ type: 'tick', nowMs: this.#time.tick(this.#options.clock.now()) });
      if (before.state === 'answering' && this.#watch.state === 'asked') void this.#ask();
      if (!this.broken) this.#tickLater();
    });
  }

  #take(event: WatchEvent): void {
    if (this.#closed || this.broken) return;
    this.#watch = nextWorkerWatch(this.#watch, event);
    if (this.#watch.state !== 'broken') return;
    this.#options.onBroken(this.#watch.reason);
  }
}
