import type { NoticeKind } from '@holdfast/media-server/protocol/index.ts';

/** What every cloud offers to the drain agent and the autoscaler. A cloud that cannot do a thing says so; nothing pretends. */

export type { NoticeKind };

/** A cloud's word that this node will go. */
export interface Notice {
  /** The same for all news about one event. */
  readonly id: string;
  readonly kind: NoticeKind;
  /** Where the word came from, for people: "imds:spot/instance-action", "local:hook". */
  readonly source: string;
  readonly nodeId: string;
  /** `withdrawn`: the node will stay after all. */
  readonly status: 'pending' | 'withdrawn';
  /** Unix time in ms; undefined: the cloud waits without limit. */
  readonly deadlineMs: number | undefined;
  readonly canExtend: boolean;
  readonly canComplete: boolean;
  /** Other nodes the same event names: completing it lets them go too. */
  readonly coupledNodeIds: readonly string[];
}

/** Watches one node's cloud for word that the node will go. */
export interface NoticeSource {
  /** Yields each notice once, and again when its deadline changes or it is withdrawn. Ends when the signal aborts. */
  watch(signal: AbortSignal): AsyncIterable<Notice>;
  /** Asks for more time. Resolves with the notice and its new deadline; rejects when the cloud refuses. */
  extend(notice: Notice): Promise<Notice>;
  /** The node is empty: let it go now. Completing twice is the same as once. */
  complete(notice: Notice): Promise<void>;
}

export interface FleetCapabilities {
  /** One chosen member can be removed, and no other. */
  readonly chooseVictim: boolean;
  /** The cloud tells a node before it goes, when others than we end it. */
  readonly terminationNotice: boolean;
  readonly extendNotice: boolean;
}

export type MemberState = 'launching' | 'running' | 'leaving' | 'failed';

export interface FleetMember {
  readonly id: string;
  readonly state: MemberState;
  readonly generation: string;
  /** Above the group's minimum, not locked, nothing else under way with it. */
  readonly releasable: boolean;
}

export interface Fleet {
  readonly wanted: number;
  readonly min: number;
  readonly max: number;
  readonly members: readonly FleetMember[];
}

/** One group of machines, driven by the autoscaler, its only writer. */
export interface FleetDriver {
  readonly capabilities: FleetCapabilities;
  describe(): Promise<Fleet>;
  /** Wants `to` members from now on; never shrinks; the same operation twice grows once. Rejects above the group's maximum. */
  grow(to: number, operationId: string): Promise<void>;
  /** Accepted, not done: this member and no other goes, and one fewer is wanted. Releasing one that leaves already is the same as once. */
  release(memberId: string): Promise<void>;
}
