import { setTimeout as delay } from 'node:timers/promises';

/** How long people whose meeting has lost its node wait for room somewhere, and how long a home is looked for, ms. */
export const PATIENCE_MS = 120_000;

/** Waits; ends at once when the signal aborts, since nobody is there any more to go on for. */
export async function waitUnless(signal: AbortSignal, ms: number): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
