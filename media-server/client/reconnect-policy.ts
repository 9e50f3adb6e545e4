import type { HoldfastError } from '../protocol/errors.ts';

const FIRST_MS = 100;
const BASE_MS = 250;
const LONGEST_MS = 4_000;

/**
 * How long to wait before the next attempt to reach a gateway. The first comes almost at once; later ones back off
 * with full jitter, so that the participants of a stopped gateway do not arrive at the next one in one wave.
 * @param attempt counted from 0
 * @param random 0 ≤ random < 1
 */
export function reconnectDelayMs(attempt: number, random: number): number {
  if (attempt === 0) return FIRST_MS * random;
  const ceiling = Math.min(LONGEST_MS, BASE_MS * 2 ** attempt);
  return ceiling / 4 + (ceiling * 3 * random) / 4;
}

/** Whether another attempt could succeed: everything but a clear no. */
export function mayRetry(error: HoldfastError): boolean {
  return error.retryable || error.code === 'INTERNAL';
}
