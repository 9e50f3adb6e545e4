import type { LeaveReason } from '../../../client/types.ts';
import type { HoldfastError } from '../../../protocol/errors.ts';
import type { Attendance } from './enter-meeting.ts';

/** Where somebody is with a meeting: before it, on the way in, in it, or out again. */
export type Visit =
  /** The link says to join at once, and the server is asked whether a link may say that. */
  | { readonly step: 'arriving' }
  | { readonly step: 'lobby' }
  | { readonly step: 'joining' }
  /** Refused for now; tried again by itself at `retryAtMs`. */
  | { readonly step: 'waiting'; readonly error: HoldfastError; readonly retryAtMs: number }
  | { readonly step: 'refused'; readonly error: HoldfastError }
  | { readonly step: 'in'; readonly attendance: Attendance }
  | { readonly step: 'left'; readonly reason: LeaveReason };

export type VisitEvent =
  | { readonly type: 'arrived'; readonly mayJoinAtOnce: boolean }
  | { readonly type: 'join' }
  | { readonly type: 'joined'; readonly attendance: Attendance }
  | { readonly type: 'refused'; readonly error: HoldfastError; readonly nowMs: number }
  | { readonly type: 'left'; readonly reason: LeaveReason }
  | { readonly type: 'back' };

/** The one transition function. An event that cannot happen in a state is a programming error. */
export function transition(visit: Visit, event: VisitEvent): Visit {
  switch (event.type) {
    case 'arrived':
      if (visit.step === 'arriving') return { step: event.mayJoinAtOnce ? 'joining' : 'lobby' };
      break;
    case 'join':
      if (visit.step !== 'in') return { step: 'joining' };
      break;
    case 'joined':
      if (visit.step === 'joining') return { step: 'in', attendance: event.attendance };
      break;
    case 'refused':
      if (visit.step === 'joining') return refused(event.error, event.nowMs);
      break;
    case 'left':
      if (visit.step === 'in') return { step: 'left', reason: event.reason };
      break;
    case 'back':
      if (visit.step !== 'in') return { step: 'lobby' };
      break;
  }
  throw new Error(`A visit cannot go from ${visit.step} by ${event.type}`);
}

function refused(error: HoldfastError, nowMs: number): Visit {
  if (!error.retryable || error.retryAfterMs === undefined) return { step: 'refused', error };
  return { step: 'waiting', error, retryAtMs: nowMs + error.retryAfterMs };
}
