import { type Demand, mergeDemand, noDemand, wish } from '../../capacity/demand.ts';
import { FLOOR_PARTICIPANTS, meetingShares, type Shares } from '../../capacity/meeting-load.ts';
import type { Directory } from '../directory/directory.ts';
import { changeRow } from '../store/change-row.ts';
import type { MeetingRecord, WishRecord } from '../store/records.ts';
import type { Table } from '../store/store.ts';

export interface DemandBoardOptions {
  /** By `kind meeting`. */
  readonly wishes: Table<WishRecord>;
  readonly meetings: Table<MeetingRecord>;
  readonly directory: Directory;
  readonly now: () => number;
}

type Unmet = 'refused' | 'waiting';

/** Longer than any wish is believed; it is the store's part only to forget, ms. */
const ROW_KEPT_MS = 120_000;

/** Who asked for room and has none: meetings that could not begin, moves without a target, meetings announced for later. */
export class DemandBoard {
  readonly #options: DemandBoardOptions;

  constructor(options: DemandBoardOptions) {
    this.#options = options;
  }

  /** `refused`: the meeting could not begin. `waiting`: it lives, and a move or a recovery found no room for it. */
  async unmet(kind: Unmet, meetingId: string, shares: Shares): Promise<void> {
    const { wishes, now } = this.#options;
    await changeRow(wishes, `${kind} ${meetingId}`, (present) => {
      const before: Demand = present ? { wishes: [present], leftOut: 0 } : noDemand;
      const [value] = wish(before, { kind, meetingId, shares }, now()).wishes;
      return value && { value, ttlMs: ROW_KEPT_MS };
    });
  }

  /** The meeting has found its room, or wants none any more. */
  async met(meetingId: string): Promise<void> {
    const { wishes } = this.#options;
    for (const kind of ['refused', 'waiting']) await wishes.delete(`${kind} ${meetingId}`);
  }

  /** All who ask now. What was announced and has begun has its reservation, and asks no more. */
  async current(): Promise<Demand> {
    const { wishes, meetings, directory, now } = this.#options;
    const [unmet, records, entries] = await Promise.all([wishes.list(), meetings.list(), directory.list()]);
    const announced = [...records.values()].flatMap(({ value }): WishRecord[] => {
      const { meetingId, createdAtMs, startsAtMs, expectedParticipants } = value;
      if (startsAtMs === null || entries.has(meetingId)) return [];
      const shares = meetingShares({ participants: expectedParticipants ?? FLOOR_PARTICIPANTS });
      return [
        { kind: 'announced', meetingId, startsAtMs, shares, firstAtMs: createdAtMs, lastAtMs: createdAtMs },
      ];
    });
    const asked = [...unmet.values()].map(({ value }) => value);
    return mergeDemand({ wishes: asked, leftOut: 0 }, { wishes: announced, leftOut: 0 }, now());
  }
}
