import { HoldfastError } from '../protocol/index.ts';

/** Carries out one piece of work after the other, in order. Refuses with TOO_MANY what would wait behind too many. */
export class SerialQueue {
  readonly #most: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(most: number) {
    this.#most = most;
  }

  run<T>(work: () => Promise<T> | T): Promise<T> {
    if (this.#waiting >= this.#most) {
      return Promise.reject(
        new HoldfastError('TOO_MANY', `${this.#most} requests are under way already`, { retryAfterMs: 500 }),
      );
    }
    this.#waiting += 1;
    const done = this.#last.then(work).finally(() => {
      this.#waiting -= 1;
    });
    // Whoever asked hears of a failure; the next one in the queue begins all the same.
    this.#last = done.catch(() => {});
    return done;
  }
}
