import type { Demand } from '../../capacity/demand.ts';
import type { CapacityNode } from '../../capacity/node-room.ts';
import type { MeetingReservations } from '../../capacity/reservations.ts';
import type { DrainReport, DrainState } from '../../protocol/index.ts';
import type { RegisteredNode, Registry } from '../nodes/registry.ts';
import type { Table } from '../store/store.ts';
import { capacityNodeOf } from './capacity-node.ts';
import type { DemandBoard } from './demand-board.ts';

/** A node as the autoscaler sees it. */
export interface ViewedNode extends CapacityNode {
  readonly drain: DrainState;
  /** `autoscaler`: it alone wants it empty, and may take that back. */
  readonly drainedBy: 'autoscaler' | 'others' | null;
  readonly participants: number;
}

/** All that the control plane knows of capacity, at one time. */
export interface PlatformView {
  readonly nodes: readonly ViewedNode[];
  readonly reservations: MeetingReservations;
  readonly demand: Demand;
  /** Nothing here was older than this when it was put together, ms: how long ago the quietest node was heard of. */
  readonly ageMs: number;
}

export interface PlatformViewOptions {
  readonly registry: Registry;
  readonly reservations: Table<MeetingReservations>;
  readonly demand: DemandBoard;
  readonly now: () => number;
}

export async function platformView(options: PlatformViewOptions): Promise<PlatformView> {
  const { registry, now } = options;
  const [nodes, rows, demand] = await Promise.all([
    registry.list(),
    options.reservations.list(),
    options.demand.current(),
  ]);
  const nowMs = now();
  const ages = nodes.flatMap(({ reachable, lastHeartbeatAtMs }) =>
    reachable ? [nowMs - lastHeartbeatAtMs] : [],
  );
  return {
    nodes: nodes.map(viewOf),
    reservations: [...rows.values()].flatMap(({ value }) => value),
    demand,
    ageMs: Math.max(0, ...ages),
  };
}

function viewOf(node: RegisteredNode): ViewedNode {
  return {
    ...capacityNodeOf(node),
    drain: node.drain.state,
    drainedBy: drainedBy(node.drain),
    participants: node.load.participants,
  };
}

function drainedBy({ state, by = [] }: DrainReport): ViewedNode['drainedBy'] {
  if (state === 'active') return null;
  return by.length > 0 && by.every((each) => each === 'autoscaler') ? 'autoscaler' : 'others';
}
