import type { Clock } from '@holdfast/media-server/process/clock.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { Journal, Lead, Lease } from './lease.ts';

/** A lease for autoscalers of one process: a single one, and tests. */
export class MemoryLease implements Lease {
  readonly #clock: Clock;
  #holder: { readonly name: string; readonly untilMs: number } | undefined;
  #fence = 0;
  #journal: Journal | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async take(holder: string, ttlMs: number): Promise<Lead> {
    const nowMs = this.#clock.now();
    const present = this.#holder && this.#holder.untilMs > nowMs ? this.#holder : undefined;
    if (present && present.name !== holder) return { held: false, by: present.name };
    if (!present) this.#fence += 1;
    this.#holder = { name: holder, untilMs: nowMs + ttlMs };
    return { held: true, fence: this.#fence, journal: this.#journal };
  }

  async write(fence: number, journal: Journal): Promise<void> {
    if (fence !== this.#fence)
      throw new HoldfastError('LEASE_LOST', `fencing token ${fence} is over: ${this.#fence} leads`);
    this.#journal = journal;
  }

  async resign(fence: number): Promise<void> {
    if (fence === this.#fence) this.#holder = undefined;
  }
}
