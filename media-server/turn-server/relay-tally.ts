import type { AllocationEvent } from './coturn-log.ts';

interface Allocation {
  readonly session: string;
  readonly user: string;
  readonly endsAtMs: number;
}

/** Counts what coturn says of its allocations. The probe's own are none of anybody's. */
export class RelayTally {
  readonly #probeUser: string;
  readonly #sessions = new Map<string, Allocation>();
  #toClientsBytes = 0;
  #fromClientsBytes = 0;
  #probes = 0;

  constructor(probeUser: string) {
    this.#probeUser = probeUser;
  }

  get allocations(): number {
    return this.#sessions.size;
  }

  get users(): number {
    return new Set([...this.#sessions.values()].map(({ user }) => user)).size;
  }

  /** Since the beginning. */
  get toClientsBytes(): number {
    return this.#toClientsBytes;
  }

  get fromClientsBytes(): number {
    return this.#fromClientsBytes;
  }

  /** Allocations of the probe that were heard of: none, though it has had some, and the log is not understood. */
  get probes(): number {
    return this.#probes;
  }

  of(user: string): Allocation[] {
    return [...this.#sessions.values()].filter((allocation) => allocation.user === user);
  }

  /** @returns whether another number of allocations is here than before */
  take(event: AllocationEvent): boolean {
    if (event.user === this.#probeUser) {
      if (event.type === 'begun') this.#probes += 1;
      return false;
    }
    switch (event.type) {
      case 'begun':
        this.#sessions.set(event.session, event);
        return true;
      case 'ended':
        return this.#sessions.delete(event.session);
      case 'relayed':
        this.#toClientsBytes += event.toClientBytes;
        this.#fromClientsBytes += event.fromClientBytes;
        return false;
    }
  }

  /** The server has ended, and its allocations with it. */
  serverEnded(): void {
    this.#sessions.clear();
    this.#probes = 0;
  }
}
