import { HoldfastError, type ScalingJournal, type ScalingLead } from '../../protocol/index.ts';
import type { LeaderRecord, TermRecord } from '../store/records.ts';
import type { Table } from '../store/store.ts';

export interface LeadershipOptions {
  /** The holder of the lease; its row vanishes when the lease is over. */
  readonly leaders: Table<LeaderRecord>;
  /** The highest token that was given out, and the journal. */
  readonly terms: Table<TermRecord>;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** There is one fleet, so one lease. */
const KEY = 'autoscaler';
/** Several that come at once put each other off; one of them gets through. */
const ATTEMPTS = 20;

/**
 * The autoscalers' lease, kept in the store by compare-and-set. The store's clock ends it: the holder's row vanishes. A
 * token is claimed first and the lease taken with it second, so that no two leases ever have the same one, wherever a
 * replica dies in between. Tokens are times, so that those of a store that was lost are lower than all later ones.
 */
export class Leadership {
  readonly #leaders: Table<LeaderRecord>;
  readonly #terms: Table<TermRecord>;
  readonly #now: () => number;

  constructor({ leaders, terms, now }: LeadershipOptions) {
    this.#leaders = leaders;
    this.#terms = terms;
    this.#now = now;
  }

  /** Takes the lead or keeps it, for `ttlMs` from now on. */
  async take(holder: string, ttlMs: number): Promise<ScalingLead> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const lead = await this.#tryToTake(holder, ttlMs);
      if (lead) return lead;
    }
    throw new HoldfastError('CONFLICT', 'too many want to lead at the same moment');
  }

  /** LEASE_LOST when somebody else has led since. */
  async write(fence: number, journal: ScalingJournal): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const term = await this.#terms.get(KEY);
      if (term?.value.fence !== fence) throw lost(fence, term?.value.fence);
      if (await this.#terms.compareAndSet(KEY, term.version, { fence, journal })) return;
    }
    throw new HoldfastError('CONFLICT', 'the journal changes too often');
  }

  /** The next may lead at once. Nothing happens when somebody else leads already. */
  async resign(fence: number): Promise<void> {
    const leader = await this.#leaders.get(KEY);
    if (leader?.value.fence === fence) await this.#leaders.delete(KEY, leader.version);
  }

  /** LEASE_LOST for every token but the one that was given out last: an order under any other is void. */
  async assertLeads(fence: number): Promise<void> {
    const term = await this.#terms.get(KEY);
    if (term?.value.fence !== fence) throw lost(fence, term?.value.fence);
  }

  /** Who leads now. */
  async leader(): Promise<LeaderRecord | undefined> {
    return (await this.#leaders.get(KEY))?.value;
  }

  /** @returns undefined when somebody else came in between */
  async #tryToTake(holder: string, ttlMs: number): Promise<ScalingLead | undefined> {
    const [leader, term] = await Promise.all([this.#leaders.get(KEY), this.#terms.get(KEY)]);
    if (leader && leader.value.holder !== holder) return { held: false, by: leader.value.holder };
    if (leader && leader.value.fence === term?.value.fence) {
      const kept = await this.#leaders.compareAndSet(KEY, leader.version, leader.value, { ttlMs });
      return kept ? { held: true, ...term.value } : undefined;
    }
    // Somebody has claimed a token since and got no further: this lease is worth nothing any more.
    if (leader) await this.#leaders.delete(KEY, leader.version);
    const fence = Math.max((term?.value.fence ?? 0) + 1, Math.floor(this.#now()));
    const journal = term?.value.journal ?? null;
    if (!(await this.#terms.compareAndSet(KEY, term?.version, { fence, journal }))) return undefined;
    const taken = await this.#leaders.compareAndSet(KEY, undefined, { holder, fence }, { ttlMs });
    if (!taken) return undefined;
    // Somebody may have claimed a higher one before the lease was taken.
    const now = await this.#terms.get(KEY);
    return now?.value.fence === fence ? { held: true, ...now.value } : undefined;
  }
}

function lost(fence: number, present: number | undefined): HoldfastError {
  return new HoldfastError(
    'LEASE_LOST',
    present === undefined
      ? `nobody was given the fencing token ${fence} here`
      : `the fencing token ${fence} is not the present one, ${present}`,
  );
}
