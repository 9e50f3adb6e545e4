import type { ScalingJournal, ScalingLead } from '@holdfast/media-server/protocol/index.ts';

/** Goes from leader to leader. */
export type Journal = ScalingJournal;

/** What the leader is about to do; written down before, so that its successor can finish it under the same name. */
export type Intent = NonNullable<Journal['intent']>;

export type Lead = ScalingLead;

/**
 * Who leads. A lease ends by the store's clock, not by its holder's; whoever takes it over gets a higher fencing token,
 * and from then on the store takes nothing from a lower one.
 */
export interface Lease {
  /** Takes the lead or keeps it, for `ttlMs` from now on. */
  take(holder: string, ttlMs: number): Promise<Lead>;
  /** LEASE_LOST when somebody else has led since. */
  write(fence: number, journal: Journal): Promise<void>;
  /** The next may lead at once. Nothing happens when somebody else leads already. */
  resign(fence: number): Promise<void>;
}
