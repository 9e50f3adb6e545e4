import type { Drain } from '../drain/drain.ts';
import type { Clock } from '../process/clock.ts';
import type { RelayTally } from './relay-tally.ts';

/** Whoever was sent here just before may still be on the way, and who restarts ICE is for a moment on neither server, ms. */
const SETTLE_MS = 2000;

/**
 * Empties nothing: the control plane sends people elsewhere as soon as it hears that this server drains, and coturn lets
 * their allocations work until they give them back. Here it is seen when none is left.
 */
export class RelayDrain {
  readonly #drain: Drain;
  readonly #tally: RelayTally;
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(drain: Drain, tally: RelayTally, clock: Clock) {
    this.#drain = drain;
    this.#tally = tally;
    this.#clock = clock;
    drain.on('changed', () => this.look());
  }

  /** The number of allocations has changed. */
  look(): void {
    const { state } = this.#drain;
    const empty = this.#tally.allocations === 0;
    if (state === 'drained' && !empty) this.#drain.filled();
    if (state !== 'draining' || !empty) {
      this.close();
    } else {
      this.#cancel ??= this.#clock.after(SETTLE_MS, () => {
        this.#cancel = undefined;
        this.#drain.emptied();
      });
    }
  }

  /** Nothing is waited for any more. Idempotent. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
