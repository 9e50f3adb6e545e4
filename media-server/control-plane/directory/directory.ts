import { HoldfastError } from '../../protocol/index.ts';
import { changeRow } from '../store/change-row.ts';
import type { DirectoryEntry } from '../store/records.ts';
import type { Table } from '../store/store.ts';
import { type Claim, type DirectoryEvent, nextDirectoryEntry, type Place } from './directory-entry.ts';

/** How long the end of a meeting is remembered: longer than any node could still hold something of it, ms. */
const ENDED_KEPT_MS = 600_000;

export type LiveEntry = Exclude<DirectoryEntry, { state: 'ended' }>;

/** Which node each meeting lives on. All writes are compare-and-set, so replicas need no lock. */
export class Directory {
  readonly #table: Table<DirectoryEntry>;
  readonly #now: () => number;

  constructor(table: Table<DirectoryEntry>, now: () => number) {
    this.#table = table;
    this.#now = now;
  }

  /** undefined: nobody meets there, or nobody has told us yet. */
  async get(meetingId: string): Promise<LiveEntry | undefined> {
    return live((await this.#table.get(meetingId))?.value);
  }

  /** The entry as it is, an ended one too. */
  async row(meetingId: string): Promise<DirectoryEntry | undefined> {
    return (await this.#table.get(meetingId))?.value;
  }

  async list(): Promise<Map<string, LiveEntry>> {
    const entries = new Map<string, LiveEntry>();
    for (const [meetingId, { value }] of await this.#table.list()) {
      const entry = live(value);
      if (entry) entries.set(meetingId, entry);
    }
    return entries;
  }

  /** First home of a meeting. @returns the entry of whoever was first. */
  place(meetingId: string, nodeId: string): Promise<LiveEntry> {
    return this.#changed(meetingId, { type: 'place', nodeId });
  }

  /** Begins (or begins anew, with another target) a move. Rejects with EPOCH_STALE. */
  async beginMove(meetingId: string, from: Place, to: string): Promise<Place> {
    const entry = await this.#changed(meetingId, { type: 'move', from, to });
    if (entry.state !== 'moving') throw new HoldfastError('EPOCH_STALE', `meeting ${meetingId} has moved`);
    return entry.movingTo;
  }

  /** The target is the home now (idempotent). Rejects with EPOCH_STALE when somebody else has moved the meeting. */
  commitMove(meetingId: string, from: Place, to: string): Promise<LiveEntry> {
    return this.#changed(meetingId, { type: 'commit', from, to });
  }

  /** The move is given up (idempotent). */
  async abortMove(meetingId: string, from: Place, to: string): Promise<LiveEntry | undefined> {
    return live(await this.#apply(meetingId, { type: 'abort', from, to }));
  }

  /**
   * What lived at `place` is gone. Every caller gets the same new home: the first one's.
   * @param newHome who would take it; undefined rejects with NO_CAPACITY if one is needed
   * @returns undefined when the meeting is over
   */
  async replaceLost(
    meetingId: string,
    place: Place,
    newHome: string | undefined,
  ): Promise<LiveEntry | undefined> {
    return live(await this.#apply(meetingId, { type: 'lost', place, newHome }, 'NO_CAPACITY'));
  }

  /** The last participant has left this place. Nothing happens if the meeting lives elsewhere by now. */
  async end(meetingId: string, place: Place): Promise<void> {
    await this.#apply(meetingId, { type: 'end', place });
  }

  /** Brings in what the reachable nodes say they hold of this meeting. */
  async merge(meetingId: string, claims: readonly Claim[]): Promise<LiveEntry | undefined> {
    return live(await this.#apply(meetingId, { type: 'claims', claims }));
  }

  async #changed(meetingId: string, event: DirectoryEvent): Promise<LiveEntry> {
    const entry = live(await this.#apply(meetingId, event));
    if (!entry) throw new HoldfastError('EPOCH_STALE', `meeting ${meetingId} has ended`);
    return entry;
  }

  async #apply(
    meetingId: string,
    event: DirectoryEvent,
    refusal: 'EPOCH_STALE' | 'NO_CAPACITY' = 'EPOCH_STALE',
  ): Promise<DirectoryEntry | undefined> {
    return changeRow(this.#table, meetingId, (present) => {
      const step = nextDirectoryEntry(present, event, this.#now());
      if (step.kind === 'keep') return 'keep';
      if (step.kind === 'refuse') throw new HoldfastError(refusal, `meeting ${meetingId}: ${step.reason}`);
      const { entry } = step;
      return entry.state === 'ended' ? { value: entry, ttlMs: ENDED_KEPT_MS } : { value: entry };
    });
  }
}

function live(entry: DirectoryEntry | undefined): LiveEntry | undefined {
  return entry?.state === 'ended' ? undefined : entry;
}
