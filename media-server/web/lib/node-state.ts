import type { DrainWait } from '../../protocol/drain.ts';
import type { NodeView } from '../../protocol/rest.ts';
import { count, duration } from './format.ts';

export type NodeState = NodeView['drain']['state'] | 'unreachable';

export function nodeStateOf(node: NodeView): NodeState {
  return node.reachable ? node.drain.state : 'unreachable';
}

export const stateWords: Record<NodeState, string> = {
  active: 'Active',
  draining: 'Draining',
  drained: 'Drained',
  released: 'Released',
  unreachable: 'Unreachable',
};

const stateMeaning: Record<NodeState, string> = {
  active: 'Takes meetings.',
  draining: 'Takes no new meetings and moves those it has to other nodes.',
  drained: 'Empty. Takes no meetings; can be made active again.',
  released: 'The cloud was told to remove it. There is no way back.',
  unreachable: 'No heartbeat. Its meetings are being brought back on other nodes.',
};

/** Of a TURN server. */
const relayMeaning: Record<NodeState, string> = {
  active: 'Takes people.',
  draining: 'Takes nobody new. Those it relays for go to another TURN server.',
  drained: 'Relays for nobody. Takes nobody; can be made active again.',
  released: stateMeaning.released,
  unreachable: 'No heartbeat. Those it relayed for go to another TURN server.',
};

export function meaningOf(node: NodeView): string {
  return (node.role === 'turn' ? relayMeaning : stateMeaning)[nodeStateOf(node)];
}

const waitMeaning: Record<DrainWait['why'], string> = {
  room: 'no other node has room',
  'control-plane': 'this node cannot reach the control plane to ask where to',
  target: 'the node they were to go to failed; another one is tried',
  turn: 'others are moved first',
  people: 'not everybody is on the new node yet',
  gateways: 'nobody in them is connected to be told',
  arrival: 'they are only just coming here',
  fault: 'this node failed to move them; its log says why',
};

/** Why meetings are still on a node that is being drained. */
export function waitWords({ why, meetings, forMs }: DrainWait): string {
  const since = forMs < 1000 ? '' : ` (for ${duration(forMs)})`;
  return `${count(meetings, 'meeting')}: ${waitMeaning[why]}${since}`;
}

/** Each null: not known. The last word of a node that is silent says nothing about now. */
interface KnownLoad {
  readonly stress: number | null;
  readonly workers: readonly (number | null)[];
}

export function knownLoad({ reachable, load }: NodeView): KnownLoad {
  return {
    stress: reachable ? load.stress : null,
    workers: load.workers.map((worker) => (reachable ? worker.cpu : null)),
  };
}

export const canDrain = (state: NodeState) => state === 'active';
export const canCancel = (state: NodeState) => state === 'draining' || state === 'drained';

/** While something moves the page looks more often. */
export function pollIntervalMs(nodes: readonly NodeView[]): number {
  const moving = nodes.some((node) => ['draining', 'unreachable'].includes(nodeStateOf(node)));
  return moving ? 400 : 1000;
}

/** What kind of machine it is: "c7g.medium, eu-central-1a, spot". */
export function machineWords({ machineType, zone, market }: NodeView): string {
  return [machineType, ...(zone === null ? [] : [zone]), ...(market === 'spot' ? ['spot'] : [])].join(', ');
}

/** What a drain of this node will do, said before it is done. */
export interface DrainForecast {
  /** It is a TURN server, which holds no meetings. */
  readonly relays: boolean;
  readonly meetings: number;
  readonly people: number;
  /** Nodes that could take them. */
  readonly targets: number;
}

export function drainForecast(node: NodeView, nodes: readonly NodeView[]): DrainForecast {
  const own = node.meetings.filter((meeting) => meeting.role !== 'outgoing');
  return {
    relays: node.role === 'turn',
    meetings: own.length,
    people: node.relay?.users ?? own.reduce((sum, meeting) => sum + meeting.participants, 0),
    targets: nodes.filter(
      (other) => other.role === node.role && other.nodeId !== node.nodeId && nodeStateOf(other) === 'active',
    ).length,
  };
}
