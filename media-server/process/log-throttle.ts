/** Most different lines that are told apart; the others share one. */
const MOST_KEYS = 32;

/**
 * One line of a kind in `everyMs`, so that whoever sends nonsense does not fill the disk. `due` answers how many went
 * unwritten since the last one, or undefined when this one is not written either.
 */
export class LogThrottle {
  readonly #everyMs: number;
  readonly #kinds = new Map<string, { writtenAtMs: number; unwritten: number }>();

  constructor(everyMs = 1000) {
    this.#everyMs = everyMs;
  }

  due(kind: string, nowMs: number): number | undefined {
    const key = this.#kinds.has(kind) || this.#kinds.size < MOST_KEYS ? kind : '';
    const known = this.#kinds.get(key);
    if (known && nowMs - known.writtenAtMs < this.#everyMs) {
      known.unwritten += 1;
      return undefined;
    }
    this.#kinds.set(key, { writtenAtMs: nowMs, unwritten: 0 });
    return known?.unwritten ?? 0;
  }
}
