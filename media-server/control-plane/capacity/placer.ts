import type { RegisteredNode, Registry } from '../nodes/registry.ts';
import type { Reservation } from '../store/records.ts';
import type { Table } from '../store/store.ts';
import { type Placement, type PlacementRequest, place } from './placement.ts';
import { reservationKey } from './reservations.ts';

/**
 * Placement with its surroundings: reads nodes and reservations, and lets one choice be made at a time, so that two
 * meetings that start together do not both get the last room.
 */
export class Placer {
  readonly #registry: Registry;
  readonly #reservations: Table<Reservation>;
  readonly #now: () => number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(registry: Registry, reservations: Table<Reservation>, now: () => number) {
    this.#registry = registry;
    this.#reservations = reservations;
    this.#now = now;
  }

  /** Chooses a node, and lets `use` make something of the choice before anybody else chooses. */
  async choose<T>(
    request: (nodes: readonly RegisteredNode[]) => PlacementRequest,
    use: (placement: Placement) => Promise<T>,
  ): Promise<T> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    await before;
    try {
      const nodes = await this.#registry.list();
      const reservations = [...(await this.#reservations.list()).values()].map(({ value }) => value);
      return await use(place(nodes, request(nodes), reservations, this.#now()));
    } finally {
      resolve();
    }
  }

  async reserve(row: Reservation): Promise<void> {
    await this.#reservations.set(reservationKey(row), row, { ttlMs: Math.max(0, row.untilMs - this.#now()) });
  }

  async free(of: Pick<Reservation, 'meetingId' | 'nodeId' | 'purpose'>): Promise<void> {
    await this.#reservations.delete(reservationKey(of));
  }

  /** The meeting lives on this node now: what was promised to those still to come is kept there, and nothing elsewhere. */
  async follow(meetingId: string, nodeId: string): Promise<void> {
    for (const row of await this.#rowsOf(meetingId)) {
      if (row.purpose === 'expected' && row.nodeId === nodeId) continue;
      if (row.purpose === 'expected') await this.reserve({ ...row, nodeId });
      await this.free(row);
    }
  }

  /** The meeting is over: nobody comes any more. */
  async freeMeeting(meetingId: string): Promise<void> {
    for (const row of await this.#rowsOf(meetingId)) await this.free(row);
  }

  async #rowsOf(meetingId: string): Promise<Reservation[]> {
    const rows = [...(await this.#reservations.list()).values()].map(({ value }) => value);
    return rows.filter((row) => row.meetingId === meetingId);
  }
}
