import { FLOOR_PARTICIPANTS, larger, meetingShares, type Shares, scaled } from './meeting-load.ts';

/**
 * Room kept on one node for one meeting. `expected`: what the meeting will grow to; it follows the meeting wherever it
 * lives. `move`: room on the target while a move is under way.
 */
export interface Reservation {
  readonly meetingId: string;
  readonly nodeId: string;
  readonly purpose: 'expected' | 'move';
  readonly shares: Shares;
  readonly madeAtMs: number;
  /** It holds until then, unless it is freed before. */
  readonly keptUntilMs: number;
  /** Shrinks evenly from `madeAtMs` to nothing at `keptUntilMs`. */
  readonly decays: boolean;
}

/** How long the floor of a meeting of unknown size takes to melt away, ms. What it really takes is measured by then. */
const FLOOR_DECAY_MS = 120_000;
/** An announced size is believed this long after the announced start, ms. */
export const EXPECTED_KEPT_MS = 900_000;
/** A move that is neither committed nor aborted must not block its target for ever, ms. */
const MOVE_KEPT_MS = 60_000;

/**
 * All operations take the reservations of one meeting and return what they are afterwards, so that a store can keep them
 * as one row and change it by compare-and-set.
 */
export type MeetingReservations = readonly Reservation[];

/** Room for a meeting that begins on this node. A size that was announced is kept as it is; a floor melts away. */
export function expectMeeting(
  present: MeetingReservations,
  about: {
    readonly meetingId: string;
    readonly nodeId: string;
    readonly expectedParticipants: number | null;
    readonly startsAtMs: number | null;
  },
  nowMs: number,
): MeetingReservations {
  const { meetingId, nodeId, expectedParticipants, startsAtMs } = about;
  const announced = expectedParticipants !== null;
  const reservation: Reservation = {
    meetingId,
    nodeId,
    purpose: 'expected',
    shares: meetingShares({ participants: expectedParticipants ?? FLOOR_PARTICIPANTS }),
    madeAtMs: nowMs,
    keptUntilMs: announced ? Math.max(nowMs, startsAtMs ?? nowMs) + EXPECTED_KEPT_MS : nowMs + FLOOR_DECAY_MS,
    decays: !announced,
  };
  return [...valid(present, nowMs).filter(({ purpose }) => purpose !== 'expected'), reservation];
}

/** What a move must find room for at once: what the meeting takes now, and what it is still expected to become. */
export function sharesToMove(present: MeetingReservations, shares: Shares, nowMs: number): Shares {
  return valid(present, nowMs)
    .filter(({ purpose }) => purpose === 'expected')
    .reduce((sum, reservation) => larger(sum, remaining(reservation, nowMs)), shares);
}

/** Room on the target for the whole meeting. A second try at the same target replaces the first. */
export function beginMove(
  present: MeetingReservations,
  move: { readonly meetingId: string; readonly target: string; readonly shares: Shares },
  nowMs: number,
): MeetingReservations {
  const { meetingId, target, shares } = move;
  const reservation: Reservation = {
    meetingId,
    nodeId: target,
    purpose: 'move',
    shares: sharesToMove(present, shares, nowMs),
    madeAtMs: nowMs,
    keptUntilMs: nowMs + MOVE_KEPT_MS,
    decays: false,
  };
  return [...abortMove(present, target, nowMs), reservation];
}

/** The meeting lives on `home` now: what it is expected to become is kept free there, and nowhere else. */
export function followMove(present: MeetingReservations, home: string, nowMs: number): MeetingReservations {
  return valid(present, nowMs)
    .filter(({ purpose }) => purpose === 'expected')
    .map((reservation) => ({ ...reservation, nodeId: home }));
}

/** The move to this target was given up; what the meeting is expected to become stays where it was. */
export function abortMove(present: MeetingReservations, target: string, nowMs: number): MeetingReservations {
  return valid(present, nowMs).filter(({ purpose, nodeId }) => purpose !== 'move' || nodeId !== target);
}

/** The meeting has ended: it keeps no room anywhere. */
export function endMeeting(): MeetingReservations {
  return [];
}

/** What the reservation still keeps free at this time. */
export function remaining({ shares, madeAtMs, keptUntilMs, decays }: Reservation, nowMs: number): Shares {
  if (nowMs >= keptUntilMs) return [];
  if (!decays) return shares;
  return scaled(shares, Math.min(1, (keptUntilMs - nowMs) / Math.max(1, keptUntilMs - madeAtMs)));
}

function valid(present: MeetingReservations, nowMs: number): MeetingReservations {
  return present.filter(({ keptUntilMs }) => keptUntilMs > nowMs);
}
