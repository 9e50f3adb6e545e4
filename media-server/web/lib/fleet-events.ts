import type { MeetingView, NodeView } from '../../protocol/rest.ts';
import { count } from './format.ts';
import { type NodeState, nodeStateOf } from './node-state.ts';

export interface Fleet {
  readonly nodes: readonly NodeView[];
  readonly meetings: readonly MeetingView[];
}

/** What happened between two looks at the fleet, in sentences. */
export function fleetEvents(before: Fleet, after: Fleet): readonly string[] {
  return [...nodeEvents(before.nodes, after.nodes), ...meetingEvents(before.meetings, after.meetings)];
}

function nodeEvents(before: readonly NodeView[], after: readonly NodeView[]): readonly string[] {
  const known = new Map(before.map((node) => [node.nodeId, node]));
  const here = new Set(after.map((node) => node.nodeId));
  const changed = after.flatMap((node) => {
    const previous = known.get(node.nodeId);
    if (previous === undefined) return [`${node.nodeId} has joined the fleet`];
    const state = nodeStateOf(node);
    return nodeStateOf(previous) === state ? [] : [`${node.nodeId} ${became(state, node)}`];
  });
  const gone = before
    .filter((node) => !here.has(node.nodeId))
    .map((node) => `${node.nodeId} has left the fleet`);
  return [...changed, ...gone];
}

function became(state: NodeState, node: NodeView): string {
  switch (state) {
    case 'active':
      return 'is active again';
    case 'draining':
      return `is draining ${count(node.meetings.length, 'meeting')}${node.drain.reason === undefined ? '' : ` (${node.drain.reason})`}`;
    case 'drained':
      return 'is empty';
    case 'released':
      return 'is released: the cloud may remove it';
    case 'unreachable':
      return 'is unreachable';
  }
}

function meetingEvents(before: readonly MeetingView[], after: readonly MeetingView[]): readonly string[] {
  const known = new Map(before.map((meeting) => [meeting.meetingId, meeting]));
  return after.flatMap((meeting) => {
    const from = known.get(meeting.meetingId)?.nodeId;
    if (from === undefined || from === null || meeting.nodeId === null || from === meeting.nodeId) return [];
    return [`${meeting.meetingId} moved from ${from} to ${meeting.nodeId}`];
  });
}
