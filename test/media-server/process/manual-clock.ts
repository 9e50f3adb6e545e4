import { setImmediate } from 'node:timers/promises';
import type { Clock } from '@holdfast/media-server/process/clock.ts';

/** Real time without any timer to fire after which nothing is expected to come any more, ms. */
const IDLE_LIMIT_MS = 10_000;

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs = 1_000_000;
  readonly #timers = new Set<{ atMs: number; run: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves on by `ms`, firing what is due on the way in its order, and lets what follows from it happen. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#next(); next && next.atMs <= untilMs; next = this.#next()) {
      this.#fire(next);
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** Moves on from timer to timer until the condition holds, waiting for real input and output in between. */
  async until(condition: () => boolean, what = 'the expected state'): Promise<void> {
    for (let idleSince = performance.now(); !condition(); ) {
      await settle();
      if (condition()) return;
      const next = this.#next();
      if (next) {
        this.#fire(next);
        idleSince = performance.now();
      } else if (performance.now() - idleSince > IDLE_LIMIT_MS) {
        throw new Error(`${what} never came`);
      }
    }
  }

  #next() {
    return [...this.#timers].reduce<{ atMs: number; run: () => void } | undefined>(
      (first, timer) => (first && first.atMs <= timer.atMs ? first : timer),
      undefined,
    );
  }

  #fire(timer: { atMs: number; run: () => void }): void {
    this.#timers.delete(timer);
    this.#nowMs = Math.max(this.#nowMs, timer.atMs);
    timer.run();
  }
}

/** Lets promises and sockets come to what they can come to without time passing. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 5; round += 1) await setImmediate();
}
