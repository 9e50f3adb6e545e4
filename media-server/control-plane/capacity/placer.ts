import { type Shares, streamsOf } from '../../capacity/meeting-load.ts';
import { type MeetingToPlace, type Placement, Rooms } from '../../capacity/placement.ts';
import {
  abortMove,
  beginMove,
  endMeeting,
  expectMeeting,
  followMove,
  type MeetingReservations,
  sharesToMove,
} from '../../capacity/reservations.ts';
import type { RegisteredNode, Registry } from '../nodes/registry.ts';
import { changeRow } from '../store/change-row.ts';
import type { Table } from '../store/store.ts';
import { capacityNodeOf } from './capacity-node.ts';

export interface PlacerOptions {
  readonly registry: Registry;
  /** Rows by meeting id. */
  readonly reservations: Table<MeetingReservations>;
  /** What new machines are launched from; null: not known, and then all are alike. */
  readonly generation: () => Promise<string | null>;
  readonly now: () => number;
}

/** Who waits for a node. */
interface Asking {
  readonly request: (nodes: readonly RegisteredNode[]) => MeetingToPlace;
  readonly use: (placement: Placement, shares: Shares) => Promise<void>;
  readonly fail: (error: unknown) => void;
}

/**
 * Placement with its surroundings. Who asks at the same time is placed together, from one look at nodes and reservations,
 * the largest first: two meetings never get the same room, and the hundreds that one lost node leaves behind do not look
 * a hundred times.
 */
export class Placer {
  readonly #options: PlacerOptions;
  #asking: Asking[] = [];
  #working = false;

  constructor(options: PlacerOptions) {
    this.#options = options;
  }

  /**
   * Chooses a node, and lets `use` make something of the choice before anybody who asks later is placed. What a meeting is
   * still expected to become is found room for as well.
   *
   * @param use told the choice, and what room was looked for
   */
  choose<T>(
    request: (nodes: readonly RegisteredNode[]) => MeetingToPlace,
    use: (placement: Placement, shares: Shares) => Promise<T>,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#asking.push({
      request,
      use: (placement, shares) => use(placement, shares).then(resolve, reject),
      fail: reject,
    });
    if (!this.#working) void this.#work();
    return promise;
  }

  /** A meeting begins on this node: room for what it was announced to become, or for a few people. */
  async begin(meeting: Parameters<typeof expectMeeting>[1]): Promise<void> {
    await this.#change(meeting.meetingId, (present, nowMs) => expectMeeting(present, meeting, nowMs));
  }

  /** Room on the target of a move for the whole meeting at once. */
  async beginMove(move: Parameters<typeof beginMove>[1]): Promise<void> {
    await this.#change(move.meetingId, (present, nowMs) => beginMove(present, move, nowMs));
  }

  async abortMove(meetingId: string, target: string): Promise<void> {
    await this.#change(meetingId, (present, nowMs) => abortMove(present, target, nowMs));
  }

  /** The meeting lives on this node now: what was promised to those still to come is kept there, and nothing elsewhere. */
  async follow(meetingId: string, home: string): Promise<void> {
    await this.#change(meetingId, (present, nowMs) => followMove(present, home, nowMs));
  }

  /** The meeting has lost its node, and everybody is about to come here. */
  async recover(meetingId: string, home: string, shares: Shares): Promise<void> {
    await this.#change(meetingId, (present, nowMs) =>
      beginMove(followMove(present, home, nowMs), { meetingId, target: home, shares }, nowMs),
    );
  }

  /** The meeting is over: nobody comes any more. */
  async end(meetingId: string): Promise<void> {
    await this.#change(meetingId, endMeeting);
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#asking.length > 0) {
      const together = this.#asking;
      this.#asking = [];
      try {
        await this.#placeTogether(together);
      } catch (error) {
        for (const { fail } of together) fail(error);
      }
    }
    this.#working = false;
  }

  async #placeTogether(together: readonly Asking[]): Promise<void> {
    const { registry, reservations, generation, now } = this.#options;
    const [nodes, rows, current] = await Promise.all([registry.list(), reservations.list(), generation()]);
    const nowMs = now();
    const rooms = new Rooms(nodes.map(capacityNodeOf), {
      reservations: [...rows.values()].flatMap(({ value }) => value),
      generation: current,
      nowMs,
    });
    const wanted = together.map((asking) => {
      const meeting = asking.request(nodes);
      const present = rows.get(meeting.meetingId)?.value ?? [];
      const shares = sharesToMove(present, meeting.shares, nowMs);
      return { asking, meeting: { ...meeting, shares }, streams: streamsOf(shares) };
    });
    wanted.sort((a, b) => b.streams - a.streams);
    await Promise.all(wanted.map(({ asking, meeting }) => asking.use(rooms.place(meeting), meeting.shares)));
  }

  async #change(
    meetingId: string,
    change: (present: MeetingReservations, nowMs: number) => MeetingReservations,
  ): Promise<void> {
    await changeRow(this.#options.reservations, meetingId, (present = []) => {
      const nowMs = this.#options.now();
      const value = change(present, nowMs);
      const keptUntilMs = Math.max(nowMs, ...value.map((each) => each.keptUntilMs));
      return value.length === 0 ? undefined : { value, ttlMs: keptUntilMs - nowMs };
    });
  }
}
