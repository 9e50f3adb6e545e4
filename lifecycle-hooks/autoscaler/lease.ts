import type { Decision } from './decision.ts';

/** What the leader is about to do; written down before, so that its successor can finish it under the same name. */
export interface Intent {
  readonly operationId: string;
  readonly decision: Exclude<Decision, { type: 'hold' }>;
  readonly sinceMs: number;
  readonly attempts: number;
}

/** Goes from leader to leader. */
export interface Journal {
  /** Made with the journal, so that operations of a lost journal and of a new one never have the same name. */
  readonly id: string;
  /** Of the last operation. */
  readonly sequence: number;
  readonly intent: Intent | null;
}

export type Lead =
  | { readonly held: true; readonly fence: number; readonly journal: Journal | null }
  | { readonly held: false; readonly by: string };

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
