/** When is the picture of a new leg as good as the old one? Pure: fed with frames, asked for a verdict. */

export interface Frame {
  /** When the callback ran, in ms. */
  readonly nowMs: number;
  /** When the frame was handed to the compositor, in ms. */
  readonly presentedAtMs: number;
  readonly width: number;
}

const REMEMBERED_INTERVALS = 60;
const ASSUMED_INTERVAL_MS = 50;
const SETTLE_MS = 500;

/** The rhythm of the picture that is seen: its last intervals and its width. */
export class FrameRhythm {
  #intervals: number[] = [];
  #last: Frame | undefined;

  record(frame: Frame): void {
    if (this.#last) {
      this.#intervals.push(frame.presentedAtMs - this.#last.presentedAtMs);
      if (this.#intervals.length > REMEMBERED_INTERVALS) this.#intervals.shift();
    }
    this.#last = frame;
  }

  get width(): number {
    return this.#last?.width ?? 0;
  }

  get lastFrameAtMs(): number | undefined {
    return this.#last?.nowMs;
  }

  /**
   * The longest interval that still counts as regular. It comes from this picture's own intervals: a fixed limit is
   * never met on a busy machine.
   */
  get limitMs(): number {
    const sorted = this.#intervals.toSorted((a, b) => a - b);
    const median = sorted[sorted.length >> 1] ?? ASSUMED_INTERVAL_MS;
    const thirdLargest = sorted.at(-3) ?? 0;
    return Math.max(1.7 * median, thirdLargest) + 5;
  }
}

/** Steady: regular frames, at least as wide as the old picture, for half a second. */
export class Steadiness {
  readonly #limitMs: number;
  readonly #minWidth: number;
  #previous: Frame | undefined;
  #steadySinceMs: number | undefined;

  constructor(old: { readonly limitMs: number; readonly width: number }) {
    this.#limitMs = old.limitMs;
    this.#minWidth = old.width;
  }

  /** @returns whether the picture may be swapped in now, with this frame. */
  accept(frame: Frame): boolean {
    const intervalMs = this.#previous ? frame.presentedAtMs - this.#previous.presentedAtMs : 0;
    this.#previous = frame;
    if (frame.width < this.#minWidth || intervalMs > this.#limitMs) this.#steadySinceMs = frame.nowMs;
    this.#steadySinceMs ??= frame.nowMs;
    return frame.width >= this.#minWidth && frame.nowMs - this.#steadySinceMs >= SETTLE_MS;
  }
}
