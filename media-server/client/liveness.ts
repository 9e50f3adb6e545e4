/**
 * Whether one WebSocket is alive. Pure: what is known and the time go in, what to do comes out. A browser neither sends
 * nor shows WebSocket pings, and a line whose other end is gone stays "open" for minutes; so when nothing was heard for
 * a while the other side is asked, and what stays unanswered for some seconds is taken for dead.
 *
 * A late look proves nothing: the computer slept or the tab was throttled, and the answer may lie unread in the queue.
 * It asks once more. The look after that counts, late or not: messages are delivered between two looks.
 */

export interface Liveness {
  /** When anything was heard last, or the watch began. */
  readonly heardAtMs: number;
  /** When the question was put that nobody has answered. */
  readonly askedAtMs: number | undefined;
  /** When the next look should come. */
  readonly lookAtMs: number;
  /** The question was put again after a late look. */
  readonly askedAgain: boolean;
}

export type Finding = 'alive' | 'ask' | 'dead';

const QUIET_MS = 2_000;
const ANSWER_MS = 3_000;
const LATE_MS = 1_500;

export const watched = (nowMs: number): Liveness => ({
  heardAtMs: nowMs,
  askedAtMs: undefined,
  lookAtMs: nowMs + QUIET_MS,
  askedAgain: false,
});

/** Something was received, whatever it was. */
export const heard = (state: Liveness, nowMs: number): Liveness => ({
  ...state,
  heardAtMs: nowMs,
  askedAtMs: undefined,
  askedAgain: false,
});

/** Time to look, or there is a reason to: see `doubted`. The next look is due at `lookAtMs`. */
export function look(
  state: Liveness,
  nowMs: number,
): { readonly state: Liveness; readonly finding: Finding } {
  const { askedAtMs } = state;
  if (askedAtMs === undefined) {
    const quietUntilMs = state.heardAtMs + QUIET_MS;
    if (nowMs < quietUntilMs) return { state: { ...state, lookAtMs: quietUntilMs }, finding: 'alive' };
    return { state: asked(state, nowMs, false), finding: 'ask' };
  }
  if (nowMs < askedAtMs + ANSWER_MS) {
    return { state: { ...state, lookAtMs: askedAtMs + ANSWER_MS }, finding: 'alive' };
  }
  if (nowMs > state.lookAtMs + LATE_MS && !state.askedAgain) {
    return { state: asked(state, nowMs, true), finding: 'ask' };
  }
  return { state: { ...state, lookAtMs: nowMs + ANSWER_MS }, finding: 'dead' };
}

/** The page is shown again or the network has changed: ask now. */
export function doubted(
  state: Liveness,
  nowMs: number,
): { readonly state: Liveness; readonly finding: Finding } {
  if (state.askedAtMs !== undefined) return { state, finding: 'alive' };
  return { state: asked(state, nowMs, false), finding: 'ask' };
}

const asked = (state: Liveness, nowMs: number, askedAgain: boolean): Liveness => ({
  ...state,
  askedAtMs: nowMs,
  lookAtMs: nowMs + ANSWER_MS,
  askedAgain,
});
