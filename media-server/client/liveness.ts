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
  /** By then it must be answered; without a question it means nothing. */
  readonly answerByMs: number;
  /** When the next look should come. */
  readonly lookAtMs: number;
  /** The question was put again after a late look. */
  readonly askedAgain: boolean;
}

export type Finding = 'alive' | 'ask' | 'dead';

const QUIET_MS = 2_000;
const ANSWER_MS = 3_000;
/** Where something else says already that the other end cannot be heard. */
const HURRIED_ANSWER_MS = 400;
const LATE_MS = 1_500;

export const watched = (nowMs: number): Liveness => ({
  heardAtMs: nowMs,
  askedAtMs: undefined,
  answerByMs: nowMs,
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
    return { state: asked(state, nowMs, ANSWER_MS, false), finding: 'ask' };
  }
  if (nowMs < state.answerByMs) return { state: { ...state, lookAtMs: state.answerByMs }, finding: 'alive' };
  if (nowMs > state.lookAtMs + LATE_MS && !state.askedAgain) {
    return { state: asked(state, nowMs, ANSWER_MS, true), finding: 'ask' };
  }
  return { state: { ...state, lookAtMs: nowMs + ANSWER_MS }, finding: 'dead' };
}

/**
 * The page is shown again or the network has changed: ask now.
 * @param hurried something has happened that should have been told: the answer is waited for a moment only
 */
export function doubted(
  state: Liveness,
  nowMs: number,
  hurried = false,
): { readonly state: Liveness; readonly finding: Finding } {
  const answerMs = hurried ? HURRIED_ANSWER_MS : ANSWER_MS;
  if (state.askedAtMs === undefined) return { state: asked(state, nowMs, answerMs, false), finding: 'ask' };
  const answerByMs = Math.min(state.answerByMs, nowMs + answerMs);
  return {
    state: { ...state, answerByMs, lookAtMs: Math.min(state.lookAtMs, answerByMs) },
    finding: 'alive',
  };
}

const asked = (state: Liveness, nowMs: number, answerMs: number, askedAgain: boolean): Liveness => ({
  ...state,
  askedAtMs: nowMs,
  answerByMs: nowMs + answerMs,
  lookAtMs: nowMs + answerMs,
  askedAgain,
});
