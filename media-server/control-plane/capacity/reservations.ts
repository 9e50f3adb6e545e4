import type { NodeRecord, Reservation } from '../store/records.ts';

/** Forwarded streams that fill one worker; the bound that holds until CPU can be measured. */
const STREAMS_PER_WORKER = 400;
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
  const streams = people * (people - 1) * STREAMS_PER_SENDER;
  // A meeting lives on one worker, so no more than that can be of use to it, whatever was announced.
  return Math.min(1, streams / STREAMS_PER_WORKER) / Math.max(1, workers);
}

/** Room for a meeting whose first participant is arriving. */
export function reservationForStart(options: {
  readonly meetingId: string;
  readonly nodeId: string;
  readonly load: number;
  readonly expectedParticipants: number | null;
  readonly startsAtMs: number | null;
  readonly nowMs: number;
}): Reservation {
  const { meetingId, nodeId, load, nowMs } = options;
  const row = { meetingId, nodeId, purpose: 'expected', load, madeAtMs: nowMs } as const;
  if (options.expectedParticipants === null) {
    const untilMs = nowMs + FLOOR_DECAY_MS;
    return { ...row, decaysUntilMs: untilMs, untilMs };
  }
  return { ...row, untilMs: Math.max(nowMs, options.startsAtMs ?? nowMs) + EXPECTED_KEPT_MS };
}

/** Room on the target of a move for the whole meeting at once. */
export function reservationForMove(options: {
  readonly meetingId: string;
  readonly nodeId: string;
  readonly load: number;
  readonly nowMs: number;
}): Reservation {
  const { nowMs, ...rest } = options;
  return { ...rest, purpose: 'move', madeAtMs: nowMs, untilMs: nowMs + MOVE_KEPT_MS };
}

/** One row for each meeting, node and purpose: a move must not overwrite what was promised to those still to come. */
export function reservationKey({
  meetingId,
  nodeId,
  purpose,
}: Pick<Reservation, 'meetingId' | 'nodeId' | 'purpose'>): string {
  return `${meetingId} ${nodeId} ${purpose}`;
}

/**
 * What is still to be kept free on this node: for each meeting what was promised to it, for whatever purpose most, less what it
 * takes there already.
 */
export function outstandingLoad(
  node: Pick<NodeRecord, 'nodeId' | 'meetings'>,
  reservations: readonly Reservation[],
  nowMs: number,
): number {
  const promised = new Map<string, number>();
  for (const reserved of reservations) {
    if (reserved.nodeId !== node.nodeId) continue;
    const load = remaining(reserved, nowMs);
    promised.set(reserved.meetingId, Math.max(promised.get(reserved.meetingId) ?? 0, load));
  }
  if (promised.size === 0) return 0;
  const taken = new Map(node.meetings.map(({ meetingId, load }) => [meetingId, load]));
  let sum = 0;
  for (const [meetingId, load] of promised) sum += Math.max(0, load - (taken.get(meetingId) ?? 0));
  return sum;
}

function remaining({ load, madeAtMs, decaysUntilMs }: Reservation, nowMs: number): number {
  if (decaysUntilMs === undefined) return load;
  const left = (decaysUntilMs - nowMs) / Math.max(1, decaysUntilMs - madeAtMs);
  return load * Math.min(1, Math.max(0, left));
}
