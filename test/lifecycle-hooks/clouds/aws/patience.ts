import { setImmediate } from 'node:timers/promises';
import type { ManualClock } from '../../../media-server/process/manual-clock.ts';

const STEP_MS = 500;
/** In the fake's own time: what has not come by then does not come. */
const LONGEST_MS = 6 * 3_600_000;

/** Until no request is under way, and none is about to be: time must not pass while one is on its way. */
export async function quiet(open: () => number): Promise<void> {
  for (let round = 0; round < 12; round += 1) {
    await setImmediate();
    if (open() > 0) round = 0;
  }
}

/** Lets time pass in small steps, and everything that follows from it happen in its own time. */
export async function pass(clock: ManualClock, open: () => number, ms: number): Promise<void> {
  const endMs = clock.now() + ms;
  while (clock.now() < endMs) {
    await quiet(open);
    await clock.advance(Math.min(STEP_MS, endMs - clock.now()));
  }
  await quiet(open);
}

export async function until(
  clock: ManualClock,
  open: () => number,
  what: string,
  condition: () => boolean,
): Promise<void> {
  const endMs = clock.now() + LONGEST_MS;
  for (;;) {
    await quiet(open);
    if (condition()) return;
    if (clock.now() > endMs) throw new Error(`${what} never came`);
    await clock.advance(STEP_MS);
  }
}
