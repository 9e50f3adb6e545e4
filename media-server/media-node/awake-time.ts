/**
 * Time that this process has lived through, in ms. It is told the real time often, and a step larger than expected counts as
 * the largest that is: while the process stood still (stopped, or without a processor) it heard nothing, so nobody else can
 * be blamed for the silence.
 */
export class AwakeTime {
  readonly #largestStepMs: number;
  #lastMs: number;
  #awakeMs = 0;

  constructor(nowMs: number, largestStepMs: number) {
    this.#lastMs = nowMs;
    this.#largestStepMs = largestStepMs;
  }

  get nowMs(): number {
    return this.#awakeMs;
  }

  /** @returns the time lived through until now */
  tick(nowMs: number): number {
    this.#awakeMs += Math.min(Math.max(0, nowMs - this.#lastMs), this.#largestStepMs);
    this.#lastMs = nowMs;
    return this.#awakeMs;
  }
}
