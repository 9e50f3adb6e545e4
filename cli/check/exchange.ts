import { setTimeout as delay } from 'node:timers/promises';
import { decode, encode, type Incoming, type Outgoing } from './stun.ts';
import type { Wire } from './wire.ts';

export interface Answered {
  readonly answer: Incoming;
  /** From the last time that it was asked, ms. */
  readonly roundTripMs: number;
}

/** How long an answer is waited for before a request is sent again, ms; the time doubles (RFC 8489, 6.2.1). */
const FIRST_WAIT_MS = 250;

/** Asks over a wire, and hears who answers. */
export class Exchange {
  readonly #wire: Pick<Wire, 'send' | 'reliable'>;
  readonly #waiting = new Map<string, (answer: Incoming) => void>();

  constructor(wire: Pick<Wire, 'send' | 'reliable'>) {
    this.#wire = wire;
  }

  /** A message has come. @returns whether somebody had asked for it */
  heard(bytes: Buffer): boolean {
    const message = decode(bytes);
    if (!message || (message.kind !== 'success' && message.kind !== 'error')) return false;
    const key = message.id.toString('hex');
    const answered = this.#waiting.get(key);
    this.#waiting.delete(key);
    answered?.(message);
    return answered !== undefined;
  }

  /** Rejects with the signal's reason when no answer comes. */
  async request(message: Omit<Outgoing, 'kind'>, signal: AbortSignal): Promise<Answered> {
    const bytes = encode({ ...message, kind: 'request' });
    const key = message.id.toString('hex');
    const answered = Promise.withResolvers<Incoming>();
    this.#waiting.set(key, answered.resolve);
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    let sentAtMs = performance.now();
    const sending = (async () => {
      for (let waitMs = FIRST_WAIT_MS; ; waitMs *= 2) {
        sentAtMs = performance.now();
        this.#wire.send(bytes);
        // A stream sends again by itself; here only the end of patience is waited for.
        await delay(this.#wire.reliable ? 2 ** 30 : waitMs, undefined, { signal: both });
      }
    })();
    try {
      const answer = await Promise.race([answered.promise, sending]);
      return { answer, roundTripMs: performance.now() - sentAtMs };
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      this.#waiting.delete(key);
      over.abort();
      sending.catch(() => {});
    }
  }
}
