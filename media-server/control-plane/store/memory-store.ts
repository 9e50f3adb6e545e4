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
import type { Store, Table, Versioned, WriteOptions } from './store.ts';

interface Row<T> {
  readonly value: T;
  readonly version: string;
  readonly expiresAtMs: number;
}

/** How many writes may pass between two sweeps for rows that have expired. */
const SWEEP_EVERY_WRITES = 256;

/** The store of a single replica: lost with the process, which is what soft state allows. */
export class MemoryStore implements Store {
  readonly directory: Table<DirectoryEntry>;
  readonly meetings: Table<MeetingRecord>;
  readonly reservations: Table<MeetingReservations>;
  readonly wishes: Table<WishRecord>;
  readonly fleets: Table<FleetRecord>;
  readonly nodes: Table<NodeRecord>;
  readonly endedSessions: Table<EndedSession>;
  readonly usedTokens: Table<UsedToken>;
  readonly resumeTurns: Table<ResumeTurn>;
  readonly revocations: Table<Revocation>;
  readonly leaders: Table<LeaderRecord>;
  readonly terms: Table<TermRecord>;
  readonly decisions: Table<KeptDecision>;
  readonly scalingSamples: Table<ScalingSample>;
  readonly machineTracks: Table<MachineTrack>;

  /** @param now Unix time in ms */
  constructor(now: () => number = Date.now) {
    this.directory = new MemoryTable(now);
    this.meetings = new MemoryTable(now);
    this.reservations = new MemoryTable(now);
    this.wishes = new MemoryTable(now);
    this.fleets = new MemoryTable(now);
    this.nodes = new MemoryTable(now);
    this.endedSessions = new MemoryTable(now);
    this.usedTokens = new MemoryTable(now);
    this.resumeTurns = new MemoryTable(now);
    this.revocations = new MemoryTable(now);
    this.leaders = new MemoryTable(now);
    this.terms = new MemoryTable(now);
    this.decisions = new MemoryTable(now);
    this.scalingSamples = new MemoryTable(now);
    this.machineTracks = new MemoryTable(now);
  }

  async close(): Promise<void> {}
}

class MemoryTable<T> implements Table<T> {
  readonly #rows = new Map<string, Row<T>>();
  readonly #now: () => number;
  #writes = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  async get(key: string): Promise<Versioned<T> | undefined> {
    const row = this.#live(key);
    return row && copy(row);
  }

  async list(): Promise<ReadonlyMap<string, Versioned<T>>> {
    this.#sweep();
    return new Map([...this.#rows].map(([key, row]) => [key, copy(row)]));
  }

  async compareAndSet(
    key: string,
    expected: string | undefined,
    value: T,
    options?: WriteOptions,
  ): Promise<boolean> {
    if (this.#live(key)?.version !== expected) return false;
    this.#write(key, value, options);
    return true;
  }

  async set(key: string, value: T, options?: WriteOptions): Promise<void> {
    this.#write(key, value, options);
  }

  async delete(key: string, expected?: string): Promise<boolean> {
    const row = this.#live(key);
    if (!row || (expected !== undefined && row.version !== expected)) return false;
    return this.#rows.delete(key);
  }

  #live(key: string): Row<T> | undefined {
    const row = this.#rows.get(key);
    if (!row || row.expiresAtMs > this.#now()) return row;
    this.#rows.delete(key);
    return undefined;
  }

  #write(key: string, value: T, options: WriteOptions | undefined): void {
    this.#writes += 1;
    if (this.#writes % SWEEP_EVERY_WRITES === 0) this.#sweep();
    this.#rows.set(key, {
      value: structuredClone(value),
      version: String(this.#writes),
      expiresAtMs: options?.ttlMs === undefined ? Number.POSITIVE_INFINITY : this.#now() + options.ttlMs,
    });
  }

  #sweep(): void {
    for (const key of [...this.#rows.keys()]) this.#live(key);
  }
}

function copy<T>(row: Row<T>): Versioned<T> {
  return { value: structuredClone(row.value), version: row.version };
}
