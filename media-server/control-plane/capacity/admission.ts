import type { Placement } from './placement.ts';

export type Admission =
  | { readonly admitted: true; readonly nodeId: string }
  | { readonly admitted: false; readonly retryAfterMs: number; readonly reason: string };

/** How soon asking again is worthwhile: about the time in which a drain or a meeting ends, ms. */
const RETRY_AFTER_MS = 5000;

/**
 * Whether a meeting that nobody is in yet may begin. Only this is ever refused: who belongs to a running meeting
 * always gets in, since its room is reserved.
 */
export function admit(placement: Placement): Admission {
  if (placement.placed) return { admitted: true, nodeId: placement.nodeId };
  return {
    admitted: false,
    retryAfterMs: RETRY_AFTER_MS,
    reason: `no room for another meeting: ${placement.reason}`,
  };
}
