import { type HoldfastError, toHoldfastError } from '../protocol/errors.ts';
import type { Connection } from './connection.ts';
import type { Legs } from './legs.ts';
import { brokenSinceMs, endedSinceMs } from './path-health.ts';
import { type RenewalReason, remembered, renewalDue } from './renewal.ts';

export interface LegRenewerOptions {
  readonly connection: Pick<Connection, 'state' | 'request'>;
  readonly legs: Pick<Legs, 'current' | 'lastLegId' | 'leglessSinceMs'>;
  readonly onAsked: (legId: string, reason: RenewalReason) => void;
  readonly onProblem: (error: HoldfastError, what: string) => void;
  /** Called after each look: what depends on how long something lasts may be different now. */
  readonly onLooked: () => void;
  readonly now: () => number;
}

const LOOK_EVERY_MS = 1_000;

/** Asks the gateway for another leg when `renewal.ts` says so. */
export class LegRenewer {
  readonly #options: LegRenewerOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  #signallingSinceMs: number | undefined;
  #askedAtMs: readonly number[] = [];

  constructor(options: LegRenewerOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  look(): void {
    const { connection, legs, now, onLooked } = this.#options;
    const nowMs = now();
    this.#signallingSinceMs = connection.state === 'open' ? (this.#signallingSinceMs ?? nowMs) : undefined;
    this.#askedAtMs = remembered(this.#askedAtMs, nowMs);
    const { current, lastLegId, leglessSinceMs } = legs;
    const paths = current?.paths ?? [];
    const reason = renewalDue({
      nowMs,
      signallingSinceMs: this.#signallingSinceMs,
      leg: current && {
        brokenSinceMs: earliest(paths.map((path) => brokenSinceMs(path, nowMs))),
        endedSinceMs: earliest(paths.map(endedSinceMs)),
        spoilt: current.spoilt,
      },
      leglessSinceMs,
      askedAtMs: this.#askedAtMs,
    });
    if (reason && lastLegId !== undefined) this.#ask(lastLegId, reason, nowMs);
    onLooked();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #ask(legId: string, reason: RenewalReason, nowMs: number): void {
    const { connection, onAsked, onProblem } = this.#options;
    this.#askedAtMs = [...this.#askedAtMs, nowMs];
    onAsked(legId, reason);
    connection
      .request('leg.renew', { legId })
      .catch((error: unknown) => onProblem(toHoldfastError(error), 'leg.renew'));
  }
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}
