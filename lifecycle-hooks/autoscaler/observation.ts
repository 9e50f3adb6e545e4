import type { Demand } from '@holdfast/media-server/capacity/demand.ts';
import type { CapacityNode } from '@holdfast/media-server/capacity/node-room.ts';
import type { Reservation } from '@holdfast/media-server/capacity/reservations.ts';
import type { DrainState } from '@holdfast/media-server/protocol/index.ts';
import type { Fleet } from '../clouds/types.ts';

/** A media node as the control plane sees it. */
export interface ObservedNode extends CapacityNode {
  readonly drain: DrainState;
  /** Who began its drain: only the autoscaler's own can be taken back by it. */
  readonly drainedBy: 'autoscaler' | 'others' | null;
  readonly participants: number;
}

/** What the control plane knows. */
export interface PlatformView {
  readonly nodes: readonly ObservedNode[];
  readonly reservations: readonly Reservation[];
  readonly demand: Demand;
  /** Nothing here is older than this, Unix time in ms. */
  readonly asOfMs: number;
}

/** All that a plan is made from. A node and its machine have the same id. */
export interface Observation {
  readonly fleet: Fleet;
  readonly platform: PlatformView;
}
