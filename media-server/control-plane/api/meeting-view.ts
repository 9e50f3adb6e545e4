import type { MeetingView } from '../../protocol/index.ts';
import type { LiveEntry } from '../directory/directory.ts';
import type { RegisteredNode } from '../nodes/registry.ts';
import type { MeetingRecord } from '../store/records.ts';

/** A meeting as the API shows it, put together from what is known of it. */
export function meetingViewOf(
  meetingId: string,
  entry: LiveEntry | undefined,
  record: MeetingRecord | undefined,
  nodes: readonly Pick<RegisteredNode, 'meetings'>[],
  paths: Pick<MeetingView, 'paths' | 'poorPaths'> = { paths: {}, poorPaths: 0 },
): MeetingView {
  const held = nodes.flatMap((node) => node.meetings.filter((meeting) => meeting.meetingId === meetingId));
  return {
    meetingId,
    nodeId: entry?.nodeId ?? null,
    epoch: entry?.epoch ?? null,
    movingTo: entry?.state === 'moving' ? entry.movingTo.nodeId : null,
    // During a move everybody is counted on both nodes.
    participants: entry ? Math.max(0, ...held.map(({ participants }) => participants)) : 0,
    ...paths,
    createdAtMs: record?.createdAtMs ?? entry?.changedAtMs ?? 0,
    startsAtMs: record?.startsAtMs ?? null,
    expectedParticipants: record?.expectedParticipants ?? null,
  };
}
