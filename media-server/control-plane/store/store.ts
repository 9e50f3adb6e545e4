import type { KeptDecision, MachineTrack, ScalingSample } from '../../protocol/rest.ts';
import type {
  DirectoryEntry,
  EndedSession,
  FleetRecord,
  LeaderRecord,
  MeetingRecord,
  MeetingReservations,
  NodeRecord,
  ResumeTurn,
  Revocation,
  TermRecord,
  UsedToken,
  WishRecord,
} from './records.ts';

/** A row as it was read. The version changes with every write and never comes back. */
export interface Versioned<T> {
  readonly value: T;
  readonly version: string;
}

export interface WriteOptions {
  /** The row vanishes this long after the write; without it, it stays. */
  readonly ttlMs?: number;
}

/** Rows by key. Values are plain JSON; what is read is the reader's own copy. */
export interface Table<T> {
  get(key: string): Promise<Versioned<T> | undefined>;
  /** All rows by key, in no particular order. Not a snapshot: rows may be of slightly different moments. */
  list(): Promise<ReadonlyMap<string, Versioned<T>>>;
  /**
   * Writes only if the row still has this version; `undefined`: only if there is no such row.
   * @returns whether it was written. Of several writers with the same expectation exactly one gets `true`.
   */
  compareAndSet(
    key: string,
    expected: string | undefined,
    value: T,
    options?: WriteOptions,
  ): Promise<boolean>;
  /** Writes whatever is there now: for rows with a single writer. */
  set(key: string, value: T, options?: WriteOptions): Promise<void>;
  /** @returns whether a row was removed. With `expected`, only if it still has that version. */
  delete(key: string, expected?: string): Promise<boolean>;
}

/** The control plane's soft state, shared by its replicas. */
export interface Store {
  /** Where each meeting lives, by meeting id. Changed by compare-and-set only. */
  readonly directory: Table<DirectoryEntry>;
  /** Meetings that applications made, by meeting id. */
  readonly meetings: Table<MeetingRecord>;
  /** Room kept free on nodes, by meeting id. Changed by compare-and-set only. */
  readonly reservations: Table<MeetingReservations>;
  /** Who asked for room and has none, by kind and meeting id. */
  readonly wishes: Table<WishRecord>;
  /** By role of its machines; written by the leading autoscaler alone. */
  readonly fleets: Table<FleetRecord>;
  /** What each node last said of itself, by node id; written by the replica it is connected to. */
  readonly nodes: Table<NodeRecord>;
  /** Sessions that must not be resumed any more, by session id. */
  readonly endedSessions: Table<EndedSession>;
  /** By token id. */
  readonly usedTokens: Table<UsedToken>;
  /** By session id. */
  readonly resumeTurns: Table<ResumeTurn>;
  /** By meeting id, or by meeting id and participant id. */
  readonly revocations: Table<Revocation>;
  /** The one autoscaler that leads; its row vanishes with its lease. Changed by compare-and-set only. */
  readonly leaders: Table<LeaderRecord>;
  /** What goes from leader to leader. Changed by compare-and-set only. */
  readonly terms: Table<TermRecord>;
  /** What was decided about the fleet, by report id; written by the replica that the leader is connected to. */
  readonly decisions: Table<KeptDecision>;
  /** What there was, by time. */
  readonly scalingSamples: Table<ScalingSample>;
  /** What each machine did, by node id. */
  readonly machineTracks: Table<MachineTrack>;
  /** Idempotent. */
  close(): Promise<void>;
}
