/** Of a stream, as far as blame goes. */
export interface Blamed {
  readonly producerId: string;
  readonly participantId: string;
}

/** `suspect`: only by itself, after the others. `left-out`: not at all. */
export type Trust = 'trusted' | 'suspect' | 'left-out';

/** Somebody with so many streams that break things is not received at all. */
const STREAMS_OF_ONE = 2;
const REMEMBERED = 200;

/**
 * Which remote stream it is that breaks a receiving transport. Streams are taken in rounds, a round fails as a whole,
 * and the transport is of no use afterwards. So the streams of a failed round are suspects, each of which gets a round
 * of its own on the next transport, and the one with which that fails is left out from then on.
 */
export class Blame {
  readonly #suspects = new Set<string>();
  readonly #leftOut = new Map<string, string>();

  trust({ producerId, participantId }: Blamed): Trust {
    if (this.#leftOut.has(producerId)) return 'left-out';
    const count = [...this.#leftOut.values()].filter((id) => id === participantId).length;
    if (count >= STREAMS_OF_ONE) return 'left-out';
    return this.#suspects.has(producerId) ? 'suspect' : 'trusted';
  }

  /** @returns the one that did it; undefined when it is not known yet. */
  roundFailed(round: readonly Blamed[]): Blamed | undefined {
    const suspects = round.filter(({ producerId }) => this.#suspects.has(producerId));
    const [only, ...others] = suspects.length > 0 ? suspects : round;
    if (!only) return undefined;
    if (others.length > 0) {
      for (const { producerId } of [only, ...others]) this.#suspects.add(producerId);
      forgetOldest(this.#suspects);
      return undefined;
    }
    this.#suspects.delete(only.producerId);
    this.#leftOut.set(only.producerId, only.participantId);
    forgetOldest(this.#leftOut);
    return only;
  }

  received({ producerId }: Blamed): void {
    this.#suspects.delete(producerId);
  }
}

function forgetOldest(known: Set<string> | Map<string, string>): void {
  for (const oldest of known.keys()) {
    if (known.size <= REMEMBERED) return;
    known.delete(oldest);
  }
}
