import type { Fleet, FleetDriver } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';

/** Numbers from 0 up to 1, the same ones for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How old what a cloud describes may be, ms. */
const STALE_MS = 10_000;

/** Answers get lost, calls time out before or after their effect, and the cloud throttles; never more than three in a row. */
export function unreliable(random: () => number): <T>(call: () => Promise<T>) => Promise<T> {
  let inARow = 0;
  return async (call) => {
    const luck = inARow >= 3 ? 1 : random();
    inARow = luck < 0.4 ? inARow + 1 : 0;
    if (luck < 0.1) throw new HoldfastError('CLOUD_UNREACHABLE', 'timed out before anything happened');
    if (luck < 0.2) throw new HoldfastError('CLOUD_THROTTLED', 'too many requests', { retryAfterMs: 1000 });
    if (luck < 0.25) throw new HoldfastError('CLOUD_CONFLICT', 'something else is under way');
    const result = await call();
    if (luck < 0.4) throw new HoldfastError('CLOUD_UNREACHABLE', 'the answer was lost');
    return result;
  };
}

/** A group on a bad day; besides, what it describes is some seconds old, and it says honestly as of when. */
export function onABadDay(inner: FleetDriver, random: () => number, now: () => number): FleetDriver {
  const seen: Fleet[] = [];
  const disturbed = unreliable(random);
  return {
    describe: () =>
      disturbed(async () => {
        seen.push(await inner.describe());
        const young = seen.filter(({ asOfMs }) => now() - asOfMs <= STALE_MS);
        return young[Math.floor(random() * young.length)] ?? (await inner.describe());
      }),
    grow: (growth) => disturbed(() => inner.grow(growth)),
    giveUp: (id, operationId) => disturbed(() => inner.giveUp(id, operationId)),
    release: (id, operationId) => disturbed(() => inner.release(id, operationId)),
  };
}
