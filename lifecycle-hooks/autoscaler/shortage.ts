import { larger, type Shares, streamsOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import type { NodeRoom } from '@holdfast/media-server/capacity/node-room.ts';
import type { MeetingToPlace, Rooms } from '@holdfast/media-server/capacity/placement.ts';
import { type Reservation, remaining } from '@holdfast/media-server/capacity/reservations.ts';
import type { ObservedNode } from './observation.ts';
import type { ScalingPolicy } from './policy.ts';

/** What is to be held against the rooms. */
export interface Needs {
  readonly wishes: readonly MeetingToPlace[];
  readonly headroomWorkers: number;
  readonly surviveOneFailure: boolean;
}

export function needsOf(wishes: readonly MeetingToPlace[], policy: ScalingPolicy, slackWorkers = 0): Needs {
  return {
    wishes,
    headroomWorkers: policy.headroomWorkers + slackWorkers,
    surviveOneFailure: policy.surviveOneFailure,
  };
}

/** What these rooms lack, in words; undefined: nothing. They are afterwards as they were. */
export function shortage(rooms: Rooms, needs: Needs): string | undefined {
  const mark = rooms.mark;
  try {
    const { wishes } = needs;
    const unplaced = [...rooms.placeAll(wishes).values()].filter(({ placed }) => !placed).length;
    if (unplaced > 0) return `${unplaced} of ${wishes.length} meetings that ask for room find none`;
    const free = rooms.open.reduce((sum, room) => sum + room.freeWorkers, 0);
    if (free < needs.headroomWorkers)
      return `${free.toFixed(1)} workers are free, ${needs.headroomWorkers} are to be`;
    return needs.surviveOneFailure ? withoutFullest(rooms) : undefined;
  } finally {
    rooms.rollback(mark);
  }
}

/** Whether the meetings of the machine that would be hardest to lose fit on the others. */
function withoutFullest(rooms: Rooms): string | undefined {
  let fullest: NodeRoom | undefined;
  let most = 0;
  for (const room of rooms.open) {
    const used = room.workers.reduce((sum, worker) => sum + worker.used, 0);
    if (room.node.meetings.length > 0 && used > most) [fullest, most] = [room, used];
  }
  if (!fullest) return undefined;
  const homeless = fitElsewhere(rooms, fullest.node.nodeId, fullest.node.meetings, () => undefined);
  return homeless === undefined ? undefined : `if ${fullest.node.nodeId} failed, ${homeless}`;
}

/**
 * Whether these meetings fit on the other nodes, and what is lacking then; undefined: nothing.
 *
 * @param afterwards asked when they have been placed
 */
export function fitElsewhere(
  rooms: Rooms,
  nodeId: string,
  meetings: readonly MeetingToPlace[],
  afterwards: (rooms: Rooms) => string | undefined,
): string | undefined {
  const reopen = rooms.close(nodeId);
  const mark = rooms.mark;
  const homeless = [...rooms.placeAll(meetings).values()].filter(({ placed }) => !placed).length;
  const lack =
    homeless > 0 ? `${homeless} of its ${meetings.length} meetings would find no room` : afterwards(rooms);
  rooms.rollback(mark);
  reopen();
  return lack;
}

/** The meetings of a node with what they are expected to become, those too that have not begun. */
export function meetingsToMove(
  node: ObservedNode,
  reservations: readonly Reservation[],
  nowMs: number,
): MeetingToPlace[] {
  const shares = new Map<string, Shares>(node.meetings.map((held) => [held.meetingId, held.shares]));
  for (const reservation of reservations) {
    const { meetingId } = reservation;
    shares.set(meetingId, larger(shares.get(meetingId) ?? [], remaining(reservation, nowMs)));
  }
  return [...shares]
    .map(([meetingId, each]) => ({ meetingId, shares: each }))
    .filter((each) => streamsOf(each.shares) > 0);
}
