import { type Rate, refill, wait } from '../../process/connection-budget.ts';
import type { Session } from './session.ts';

/**
 * What one session may ask of its media node, which many meetings share. The same people as for a connection's budget:
 * 120 requests within a second at a join, a handover or a resume, 256 streams in the largest meeting; then next to none.
 */
const ALLOWANCE: Rate = { perSecond: 40, burst: 500 };

/** Counts by session, so that a new connection does not bring a new allowance. */
export class SessionAllowance {
  readonly #now: () => number;
  readonly #left = new WeakMap<Session, { left: number; atMs: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes one; 0 when it was there, otherwise after how many ms there will be one. */
  take(session: Session): number {
    const nowMs = this.#now();
    const known = this.#left.get(session) ?? { left: ALLOWANCE.burst, atMs: nowMs };
    const left = refill(known.left, ALLOWANCE, nowMs - known.atMs);
    const waitMs = wait(1 - left, ALLOWANCE);
    this.#left.set(session, { left: waitMs === 0 ? left - 1 : left, atMs: Math.max(nowMs, known.atMs) });
    return waitMs;
  }
}
