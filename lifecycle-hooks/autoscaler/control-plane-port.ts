import type { ScalingReport } from '@holdfast/media-server/protocol/index.ts';
import type { PlatformView } from './observation.ts';

/** An order of the leader. */
export interface Order {
  /** The same order twice is the same as once. */
  readonly operationId: string;
  /** The token of its lease: who has seen a higher one refuses the order with LEASE_LOST. */
  readonly fence: number;
  readonly reason: string;
}

/** What the autoscaler asks of the control plane. */
export interface ControlPlanePort {
  observe(): Promise<PlatformView>;
  /** The node takes no new meetings and moves those it has. NODE_UNKNOWN. */
  drain(nodeId: string, order: Order): Promise<void>;
  /** Takes back a drain of the autoscaler's own; nothing happens to anybody else's. NODE_UNKNOWN, DRAIN_RELEASED. */
  cancelDrain(nodeId: string, order: Order): Promise<void>;
  /** Keeps a decision for operators to see; again under the same id when its outcome is known. */
  report(report: ScalingReport): Promise<void>;
}
