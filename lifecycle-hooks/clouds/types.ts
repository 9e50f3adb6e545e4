import type { ErrorCode, Market, NoticeKind } from '@holdfast/media-server/protocol/index.ts';

/**
 * What every cloud offers to the drain agent and the autoscaler; `docs/clouds.md` says how each cloud fills it. A cloud
 * that cannot do a thing says so; nothing pretends.
 */

export type { NoticeKind };

/** When the cloud's patience ends. */
export type Deadline =
  /** Unix time in ms. */
  | { readonly kind: 'known'; readonly atMs: number }
  /** The cloud waits for as long as it takes. */
  | { readonly kind: 'unlimited' }
  /**
   * A clock runs that cannot be read: asking for more time is the only way to learn it, so it is asked for at once. Until
   * then the node must act as if the time were over at `assumedAtMs`.
   */
  | { readonly kind: 'unknown'; readonly assumedAtMs: number };

/** A cloud's word that this node will go, or that it may. */
export interface Notice {
  /** The same for all news about one event. */
  readonly id: string;
  readonly kind: NoticeKind;
  /** `order`: the node goes. `advice`: the cloud thinks it better that it went; nothing happens if it stays. */
  readonly urgency: 'order' | 'advice';
  /** Where the word came from, for people: "imds:spot/instance-action", "local:hook". */
  readonly source: string;
  readonly nodeId: string;
  /** `withdrawn`: the node will stay after all. */
  readonly status: 'pending' | 'withdrawn';
  readonly deadline: Deadline;
  readonly canExtend: boolean;
  readonly canComplete: boolean;
  /** Other nodes the same event names: completing it lets them go too. */
  readonly coupledNodeIds: readonly string[];
}

/** Watches one node's cloud for word that the node will go. */
export interface NoticeSource {
  /** Yields each notice once, and again when its deadline changes or it is withdrawn. Ends when the signal aborts. */
  watch(signal: AbortSignal): AsyncIterable<Notice>;
  /**
   * Asks for more time. Resolves with the notice and its new deadline, which is known and later than before, or known for
   * the first time. CLOUD_REFUSED when there is no more time to be had.
   */
  extend(notice: Notice): Promise<Notice>;
  /** The node is empty: let it go now. Completing twice is the same as once. CLOUD_REFUSED when it cannot be completed. */
  complete(notice: Notice): Promise<void>;
}

export type { Market };

/** Why a machine that should be there is not. */
export interface MemberFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

export type Releasable = { readonly ok: true } | { readonly ok: false; readonly why: string };

export type MemberStatus =
  | { readonly state: 'launching' }
  | { readonly state: 'running' }
  /** On its way out, whoever began that; there is no way back. */
  | { readonly state: 'leaving' }
  | { readonly state: 'failed'; readonly failure: MemberFailure };

export type FleetMember = MemberStatus & {
  /** The id of its node as well. A launch that the cloud does not list yet has an id that nothing else has. */
  readonly id: string;
  readonly generation: string;
  /** Null: the cloud has not chosen yet. */
  readonly zone: string | null;
  readonly machineType: string;
  /** mediasoup workers it will run. */
  readonly workers: number;
  readonly market: Market;
  readonly launchedAtMs: number;
  /** The operation that asked for it; null: not known, or somebody else's. */
  readonly launchedBy: string | null;
  /** Whether a release would be accepted now. */
  readonly releasable: Releasable;
};

export interface Fleet {
  /** How many machines the cloud is to keep; those that leave do not count. */
  readonly wanted: number;
  readonly limits: { readonly min: number; readonly max: number };
  /** What new machines are launched from. */
  readonly generation: string;
  /** Nothing here is older than this, Unix time in ms. */
  readonly asOfMs: number;
  readonly members: readonly FleetMember[];
}

/** Where and as what machines are to be launched; what is absent is the cloud's choice. */
export interface LaunchPreference {
  readonly zone?: string;
  readonly machineType?: string;
  readonly market?: Market;
}

export interface Growth {
  /** Chosen by the caller; the same operation twice grows once. */
  readonly operationId: string;
  /** Wanted from now on. */
  readonly to: number;
  /** Only for the machines that this growth adds. A cloud that cannot follow it launches what it can. */
  readonly prefer?: LaunchPreference;
}

/**
 * One group of machines, driven by the autoscaler, its only writer.
 *
 * - What `describe` says may be some seconds old, except for what this driver was told itself: what it has accepted shows
 *   in its next answer.
 * - Every call may be repeated. One whose answer was lost is repeated with the same arguments.
 * - Errors: CLOUD_NO_CAPACITY, CLOUD_QUOTA (try elsewhere), CLOUD_THROTTLED (after `retryAfterMs`), CLOUD_CONFLICT,
 *   CLOUD_UNREACHABLE (repeat), CLOUD_REFUSED, CLOUD_DENIED, NOT_FOUND (do not repeat). After CLOUD_UNREACHABLE the
 *   effect is not known; after every other error there is none.
 */
export interface FleetDriver {
  describe(): Promise<Fleet>;
  /** Never shrinks. CLOUD_QUOTA above the group's maximum. */
  grow(growth: Growth): Promise<void>;
  /**
   * A launch that does not arrive, or a member that has failed: it goes without notice, and one fewer is wanted.
   * CLOUD_REFUSED when it is running: then it is released. One that is gone is done; one that was never there: NOT_FOUND.
   */
  giveUp(memberId: string, operationId: string): Promise<void>;
  /**
   * Accepted, not done: this member and no other goes, and one fewer is wanted. Releasing one that leaves or is gone is the
   * same as once. CLOUD_REFUSED when it is not releasable, before anything happens to it; never there: NOT_FOUND.
   */
  release(memberId: string, operationId: string): Promise<void>;
}
