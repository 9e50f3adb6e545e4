import { type Placement, type PlacementRequest, place } from './placement.ts';
import type { RegisteredNode, Registry } from './registry.ts';
import type { Reservation } from './store/records.ts';
import type { Table } from './store/store.ts';

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

  async reserve({ row, ttlMs }: { row: Reservation; ttlMs: number }): Promise<void> {
    await this.#reservations.set(row.meetingId, row, { ttlMs });
  }

  /** @param nodeId only a reservation there: another one was made in the meantime by somebody else */
  async free(meetingId: string, nodeId: string): Promise<void> {
    const row = await this.#reservations.get(meetingId);
    if (row?.value.nodeId === nodeId) await this.#reservations.delete(meetingId, row.version);
  }
}
