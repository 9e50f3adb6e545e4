import { type Shares, streamsOf } from './meeting-load.ts';
import { type CapacityNode, IDLE_STRESS, NodeRoom, type WorkerRoom } from './node-room.ts';
import type { Reservation } from './reservations.ts';

export interface MeetingToPlace {
  readonly meetingId: string;
  readonly shares: Shares;
  readonly exclude?: readonly string[];
  /** The meeting has lost its node: too full is better than nowhere. */
  readonly urgent?: boolean;
}

export type Placement =
  | { readonly placed: true; readonly nodeId: string; readonly reason: string }
  | { readonly placed: false; readonly code: 'NO_CAPACITY'; readonly reason: string };

export interface Surroundings {
  readonly reservations: readonly Reservation[];
  /** What new machines are launched from, as the fleet says; null: not known, and then all are alike. */
  readonly generation: string | null;
  readonly nowMs: number;
}

/** Chooses the node for one meeting. Who places many uses one `Rooms` for all of them. */
export function place(
  meeting: MeetingToPlace,
  nodes: readonly CapacityNode[],
  surroundings: Surroundings,
): Placement {
  return new Rooms(nodes, surroundings).place(meeting);
}

/**
 * Chooses nodes for all of these meetings together: the nodes of a whole machine that was lost, or the answer to whether
 * a machine's meetings fit elsewhere. The largest are placed first, since small ones fit into what is left.
 */
export function placeAll(
  meetings: readonly MeetingToPlace[],
  nodes: readonly CapacityNode[],
  surroundings: Surroundings,
): ReadonlyMap<string, Placement> {
  return new Rooms(nodes, surroundings).placeAll(meetings);
}

interface Entry {
  readonly room: NodeRoom;
  readonly nodeId: string;
  readonly tier: number;
  lightest: number;
  total: number;
}

interface Taken {
  readonly entry: Entry;
  readonly shares: Shares;
  readonly workers: readonly WorkerRoom[];
}

/** In this order nodes are asked. What is in use comes before what is empty, so that whole nodes stay free to be released. */
const tiers = [
  'in use',
  'empty',
  'in use, old generation',
  'empty, old generation',
  'load not known',
] as const;
const UNKNOWN_TIER = tiers.length - 1;

/**
 * The rooms of all nodes in the order in which they are asked, built once and kept as meetings are placed. In each tier
 * the fullest that has room is taken: a binary search and, as a rule, one look.
 */
export class Rooms {
  readonly #tiers: Entry[][] = tiers.map(() => []);
  readonly #entries = new Map<string, Entry>();
  readonly #generation: string | null;
  readonly #counts = { draining: 0, unreachable: 0 };
  readonly #journal: Taken[] = [];
  /** What the smallest worker has free when it holds nothing. */
  #leastIdle = Infinity;

  constructor(nodes: readonly CapacityNode[], { reservations, generation, nowMs }: Surroundings) {
    this.#generation = generation;
    const byNode = Map.groupBy(reservations, ({ nodeId }) => nodeId);
    for (const node of nodes) {
      if (node.state !== 'open') {
        this.#counts[node.state] += 1;
        continue;
      }
      const room = new NodeRoom(node, byNode.get(node.nodeId) ?? [], nowMs);
      const entry = this.#entryOf(room);
      this.#tiers[entry.tier]?.push(entry);
      this.#entries.set(entry.nodeId, entry);
    }
    for (const tier of this.#tiers) tier.sort(compare);
  }

  /** The nodes that may be given meetings. */
  get open(): readonly NodeRoom[] {
    return [...this.#entries.values()].map(({ room }) => room);
  }

  room(nodeId: string): NodeRoom | undefined {
    return this.#entries.get(nodeId)?.room;
  }

  /** Chooses a node and takes its room, until `rollback`. */
  place({ shares, exclude = [], urgent = false }: MeetingToPlace): Placement {
    const largest = shares.reduce((most, { streams }) => Math.max(most, streams), 0);
    const found = this.#roomFor(shares, largest, exclude) ?? this.#wholeWorkerFor(shares, exclude);
    if (found) {
      const left = this.#take(found, shares);
      return {
        placed: true,
        nodeId: found.nodeId,
        reason: `${tiers[found.tier]}, ${Math.floor(left)} streams left`,
      };
    }
    if (urgent) {
      const roomiest = this.#roomiest(exclude);
      if (roomiest) {
        this.#take(roomiest, shares);
        return { placed: true, nodeId: roomiest.nodeId, reason: 'urgent: over its target' };
      }
    }
    return { placed: false, code: 'NO_CAPACITY', reason: this.#whyNot(exclude) };
  }

  placeAll(meetings: readonly MeetingToPlace[]): ReadonlyMap<string, Placement> {
    const ordered = meetings
      .map((meeting) => ({ meeting, streams: streamsOf(meeting.shares) }))
      .sort((a, b) => b.streams - a.streams || byId(a.meeting.meetingId, b.meeting.meetingId));
    return new Map(ordered.map(({ meeting }) => [meeting.meetingId, this.place(meeting)]));
  }

  /** A node more, as if it were there. */
  add(node: CapacityNode): void {
    this.#insert(this.#entryOf(new NodeRoom(node, [], 0)));
  }

  /** As if this node were not there, until the function returned is called; nothing may be left placed since. */
  close(nodeId: string): () => void {
    const entry = this.#entries.get(nodeId);
    if (!entry) return () => {};
    const tier = this.#tiers[entry.tier] ?? [];
    tier.splice(indexOf(tier, entry), 1);
    this.#entries.delete(nodeId);
    return () => this.#insert(entry);
  }

  /** A point to go back to. */
  get mark(): number {
    return this.#journal.length;
  }

  /** Gives back what was taken since the mark. */
  rollback(mark: number): void {
    for (const { entry, shares, workers } of this.#journal.splice(mark).reverse()) {
      this.#reorder(entry, () => entry.room.giveBack(shares, workers));
    }
  }

  /** The fullest node on which the shares fit as they are. */
  #roomFor(shares: Shares, largest: number, exclude: readonly string[]): Entry | undefined {
    for (const [index, tier] of this.#tiers.entries()) {
      if (index === UNKNOWN_TIER) continue;
      for (let at = lowerBound(tier, largest); at < tier.length; at += 1) {
        const entry = tier[at];
        if (entry && !exclude.includes(entry.nodeId) && entry.room.fit(shares)) return entry;
      }
    }
    // What is not known is not comparable: spread there, pack elsewhere.
    return this.#tiers[UNKNOWN_TIER]?.findLast(
      (entry) => !exclude.includes(entry.nodeId) && largest <= entry.lightest && entry.room.fit(shares),
    );
  }

  /** For a share larger than any worker: a worker that holds nothing, the largest there is. */
  #wholeWorkerFor(shares: Shares, exclude: readonly string[]): Entry | undefined {
    for (const tier of this.#tiers) {
      let best: Entry | undefined;
      for (let at = lowerBound(tier, this.#leastIdle); at < tier.length; at += 1) {
        const entry = tier[at];
        if (!entry) continue;
        const { workerStreams } = entry.room.node.machine;
        if (best && workerStreams <= best.room.node.machine.workerStreams) continue;
        if (!exclude.includes(entry.nodeId) && entry.room.fit(shares)) best = entry;
      }
      if (best) return best;
    }
    return undefined;
  }

  #roomiest(exclude: readonly string[]): Entry | undefined {
    return [...this.#entries.values()]
      .filter(({ nodeId }) => !exclude.includes(nodeId))
      .sort((a, b) => freeOf(b) - freeOf(a) || byId(a.nodeId, b.nodeId))[0];
  }

  #take(entry: Entry, shares: Shares): number {
    this.#reorder(entry, () => {
      this.#journal.push({ entry, shares, workers: entry.room.take(shares) });
    });
    return entry.lightest;
  }

  /** Moves an entry to where it belongs after the change. */
  #reorder(entry: Entry, change: () => void): void {
    const tier = this.#tiers[entry.tier] ?? [];
    tier.splice(indexOf(tier, entry), 1);
    change();
    const changed = this.#entryOf(entry.room);
    Object.assign(entry, { lightest: changed.lightest, total: changed.total, tier: changed.tier });
    const now = this.#tiers[entry.tier] ?? [];
    now.splice(indexOf(now, entry), 0, entry);
  }

  #insert(entry: Entry): void {
    const tier = this.#tiers[entry.tier] ?? [];
    tier.splice(indexOf(tier, entry), 0, entry);
    this.#entries.set(entry.nodeId, entry);
  }

  #entryOf(room: NodeRoom): Entry {
    this.#leastIdle = Math.min(this.#leastIdle, room.node.machine.workerStreams * (1 - IDLE_STRESS));
    const { nodeId, generation } = room.node;
    const old = this.#generation !== null && generation !== this.#generation ? 2 : 0;
    const tier = room.known ? old + (room.empty ? 1 : 0) : UNKNOWN_TIER;
    return { room, nodeId, tier, lightest: room.lightest, total: room.total };
  }

  #whyNot(exclude: readonly string[]): string {
    const { draining, unreachable } = this.#counts;
    const excluded = exclude.filter((id) => this.#entries.has(id)).length;
    const full = this.#entries.size - excluded;
    const all = this.#entries.size + draining + unreachable;
    return `${all} nodes: ${full} full, ${draining} draining, ${unreachable} unreachable, ${excluded} excluded`;
  }
}

/** How much a node has left when it is over its target already, as well. */
function freeOf({ room }: Entry): number {
  return room.workers.reduce((most, { free }) => Math.max(most, free), -Infinity);
}

function compare(a: Entry, b: Entry): number {
  return a.lightest - b.lightest || a.total - b.total || byId(a.nodeId, b.nodeId);
}

/** The position of this entry, or where it belongs. */
function indexOf(tier: readonly Entry[], entry: Entry): number {
  return search(tier, (each) => compare(each, entry) < 0);
}

/** The first that has at least so many streams free. */
function lowerBound(tier: readonly Entry[], streams: number): number {
  return search(tier, (each) => each.lightest < streams);
}

function search(tier: readonly Entry[], isBefore: (entry: Entry) => boolean): number {
  let [low, high] = [0, tier.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = tier[middle];
    if (entry && isBefore(entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function byId(a: string, b: string): number {
  return a < b ? -1 : 1;
}
