import type { Clock } from '../process/clock.ts';

/**
 * Carries out the latest of many wishes, the first at once and then at most one in `everyMs`. A wish that is overtaken by a
 * newer one is never carried out.
 */
export class LatestWish<T> {
  readonly #everyMs: number;
  readonly #clock: Clock;
  readonly #carryOut: (wish: T) => Promise<void>;
  #waiting: { readonly wish: T } | undefined;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(options: {
    readonly everyMs: number;
    readonly clock: Clock;
    readonly carryOut: (wish: T) => Promise<void>;
  }) {
    this.#everyMs = options.everyMs;
    this.#clock = options.clock;
    this.#carryOut = options.carryOut;
  }

  /** Resolves when it is carried out, or at once when it must wait. */
  async want(wish: T): Promise<void> {
    if (this.#closed) return;
    if (this.#cancel) {
      this.#waiting = { wish };
      return;
    }
    this.#restLater();
    await this.#carryOut(wish);
  }

  close(): void {
    this.#closed = true;
    this.#waiting = undefined;
    this.#cancel?.();
  }

  #restLater(): void {
    this.#cancel = this.#clock.after(this.#everyMs, () => {
      this.#cancel = undefined;
      const { wish } = this.#waiting ?? {};
      const wanted = this.#waiting !== undefined;
      this.#waiting = undefined;
      if (!wanted || wish === undefined) return;
      // Nobody waits for it any more. What it is about may just have closed; then it no longer matters.
      this.want(wish).catch(() => {});
    });
  }
}
