import type { Deadline } from './types.ts';

/** The time at which it must be taken to be over; undefined: never. */
export function deadlineAtMs(deadline: Deadline): number | undefined {
  switch (deadline.kind) {
    case 'known':
      return deadline.atMs;
    case 'unknown':
      return deadline.assumedAtMs;
    case 'unlimited':
      return undefined;
  }
}

/** What the second gives more than the first, ms. Knowing what was only assumed is a gain of at least 1. */
export function gainMs(before: Deadline, after: Deadline): number {
  if (after.kind === 'unknown') return 0;
  if (after.kind === 'unlimited') return before.kind === 'unlimited' ? 0 : Infinity;
  const gained = after.atMs - (deadlineAtMs(before) ?? Infinity);
  return before.kind === 'unknown' ? Math.max(1, gained) : gained;
}

export function sameDeadline(a: Deadline, b: Deadline): boolean {
  return a.kind === b.kind && deadlineAtMs(a) === deadlineAtMs(b);
}
