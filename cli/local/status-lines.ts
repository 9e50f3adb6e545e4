import type { CloudEvent } from '@holdfast/lifecycle-hooks/clouds/local/local-cloud.ts';
import type { KeptDecision, NodeView } from '@holdfast/media-server/protocol/index.ts';
import { describeEnd } from './managed-process.ts';

/** What the cloud does, in one line for people; undefined: nothing they need to know. */
export function eventLine(event: CloudEvent): string | undefined {
  const { memberId } = event;
  switch (event.type) {
    case 'launching':
      return `${memberId} is being launched`;
    case 'running':
      return `${memberId} is running`;
    case 'gone':
      return `${memberId} is gone`;
    case 'launch-failed':
      return `${memberId} did not come up: ${event.error.message}`;
    case 'crashed':
      return `${memberId}: its server ended unexpectedly (${describeEnd(event.end)})`;
    case 'agent-ended':
      return `${memberId}: the drain agent ended unexpectedly (${describeEnd(event.end)}) and is started again`;
    case 'notice':
      return `${memberId} has notice: ${event.notice.kind}`;
    case 'notice-ended':
      return event.how === 'closed'
        ? undefined
        : `${memberId}: the notice (${event.notice.kind}) ended: ${event.how}`;
  }
}

/** What has changed for people between two looks at the nodes: one line for each node. */
export function changeLines(before: readonly NodeView[], now: readonly NodeView[]): string[] {
  const known = new Map(before.map((node) => [node.nodeId, describeNode(node)]));
  return now.map(describeNode).filter((line, index) => known.get(now[index]?.nodeId ?? '') !== line);
}

/** What the autoscaler has decided to do since, in the order in which it did; what was told already is left out. */
export function decisionLines(newestFirst: readonly KeptDecision[], told: ReadonlySet<string>): string[] {
  return newestFirst
    .filter(({ decision, reportId }) => decision.type !== 'hold' && !told.has(reportId))
    .map(({ decision, dryRun }) => {
      const what = 'nodeId' in decision ? `${decision.type} ${decision.nodeId}` : decision.type;
      return `autoscaler${dryRun ? ' (dry run)' : ''}: ${what}, because ${decision.reason}`;
    })
    .reverse();
}

function describeNode({ nodeId, reachable, drain, meetings, relay }: NodeView): string {
  const state = reachable ? (drain.state === 'active' ? undefined : drain.state) : 'not reachable';
  return [nodeId, state, relay ? relayLine(relay) : meetingsLine(meetings)]
    .filter((part) => part !== undefined)
    .join(': ');
}

function meetingsLine(meetings: NodeView['meetings']): string {
  if (meetings.length === 0) return 'no meetings';
  const people = meetings.reduce((sum, meeting) => sum + meeting.participants, 0);
  return `${count(meetings.length, 'meeting')}, ${count(people, 'person', 'people')}`;
}

function relayLine({ healthy, why, users }: NonNullable<NodeView['relay']>): string {
  if (!healthy) return `relays nothing${why === undefined ? '' : ` (${why})`}`;
  return `has relays for ${users === 0 ? 'nobody' : count(users, 'person', 'people')}`;
}

const count = (value: number, one: string, many = `${one}s`) => `${value} ${value === 1 ? one : many}`;
