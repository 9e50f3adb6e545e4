import type { NodeRecord, Reservation } from './store/records.ts';

/** Forwarded streams that fill one worker; the bound that holds until CPU can be measured. */
const STREAMS_PER_WORKER = 400;
/** Nobody looks at more people at once, however many there are. */
const MOST_OTHERS_SEEN = 24;
/** Sound and picture. */
const STREAMS_PER_SENDER = 2;
/** Until something is known of a meeting: room for so many people. */
const FLOOR_PARTICIPANTS = 4;
/** How long that floor takes to melt away, ms. What the meeting really takes is measured by then. */
const FLOOR_DECAY_MS = 120_000;
/** An announced size is believed this long after the announced start, ms. */
const EXPECTED_KEPT_MS = 900_000;
/** A move that is neither committed nor aborted must not block its target for ever, ms. */
const MOVE_KEPT_MS = 60_000;

/** Share of one node that a meeting of this many people will take. */
export function expectedLoad(participants: number | null, workers: number): number {
  const people = participants ?? FLOOR_PARTICIPANTS;
  const streams = people * Math.min(people - 1, MOST_OTHERS_SEEN) * STREAMS_PER_SENDER;
  return streams / (STREAMS_PER_WORKER * Math.max(1, workers));
}

/** Room for a meeting whose first participant is arriving. */
export function reservationForStart(options: {
  readonly meetingId: string;
  readonly nodeId: string;
  readonly load: number;
  readonly expectedParticipants: number | null;
  readonly startsAtMs: number | null;
  readonly nowMs: number;
}): { readonly row: Reservation; readonly ttlMs: number } {
  const { meetingId, nodeId, load, nowMs } = options;
  const row = { meetingId, nodeId, load, madeAtMs: nowMs };
  if (options.expectedParticipants === null) {
    return { row: { ...row, decaysUntilMs: nowMs + FLOOR_DECAY_MS }, ttlMs: FLOOR_DECAY_MS };
  }
  return { row, ttlMs: Math.max(0, (options.startsAtMs ?? nowMs) - nowMs) + EXPECTED_KEPT_MS };
}

/** Room on the target of a move for the whole meeting at once. */
export function reservationForMove(options: {
  readonly meetingId: string;
  readonly nodeId: string;
  readonly load: number;
  readonly nowMs: number;
}): { readonly row: Reservation; readonly ttlMs: number } {
  const { nowMs, ...rest } = options;
  return { row: { ...rest, madeAtMs: nowMs }, ttlMs: MOVE_KEPT_MS };
}

/** What is still to be kept free on this node: each meeting's reservation less what it takes there already. */
export function outstandingLoad(
  node: Pick<NodeRecord, 'nodeId' | 'meetings'>,
  reservations: readonly Reservation[],
  nowMs: number,
): number {
  let sum = 0;
  for (const reserved of reservations) {
    if (reserved.nodeId !== node.nodeId) continue;
    const taken = node.meetings.find(({ meetingId }) => meetingId === reserved.meetingId)?.load ?? 0;
    sum += Math.max(0, remaining(reserved, nowMs) - taken);
  }
  return sum;
}

function remaining({ load, madeAtMs, decaysUntilMs }: Reservation, nowMs: number): number {
  if (decaysUntilMs === undefined) return load;
  const left = (decaysUntilMs - nowMs) / Math.max(1, decaysUntilMs - madeAtMs);
  return load * Math.min(1, Math.max(0, left));
}
