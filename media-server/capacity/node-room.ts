import { fullAt, type MachineCapacity } from './machine-capacity.ts';
import { capped, larger, type Share, type Shares, STREAM_BPS, streamsOf, without } from './meeting-load.ts';
import { type Reservation, remaining } from './reservations.ts';

export interface WorkerState {
  /** Cores that its thread used over the last second; null: not known. */
  readonly cpu: number | null;
  /** Sum over its meetings of what they take, forwarded or expected. */
  readonly streams: number;
}

export interface HeldShares {
  readonly meetingId: string;
  readonly shares: Shares;
  /** The worker of each share, by position among the node's workers; absent: not known. */
  readonly workers?: readonly number[];
}

/** A media node as capacity is counted. */
export interface CapacityNode {
  readonly nodeId: string;
  readonly generation: string;
  readonly zone: string | null;
  /** Whether it may be given meetings. */
  readonly state: 'open' | 'draining' | 'unreachable';
  readonly machine: MachineCapacity;
  readonly workers: readonly WorkerState[];
  /** Cores that the Node process used; null: not known. */
  readonly processCpu: number | null;
  /** What the machine sends; null: not measured, and then counted from the streams. */
  readonly egressBps: number | null;
  readonly meetings: readonly HeldShares[];
}

/** Above this, CPU without streams is somebody's work and not noise. */
export const IDLE_STRESS = 0.2;

export interface WorkerRoom {
  /** Streams that it can still take. */
  free: number;
  /** Streams that it has or that are promised. */
  used: number;
}

/**
 * What a node can still take, as a place to try things out: `take` and `giveBack` change it. A meeting's share lives on
 * one worker, so the room of a node is that of its lightest worker, bounded by what the whole machine shares.
 */
export class NodeRoom {
  readonly node: CapacityNode;
  readonly workers: readonly WorkerRoom[];
  #nodeFree: number;
  #egressFreeBps: number;

  /** @param reservations those on this node; what a meeting takes here already is not kept free a second time */
  constructor(node: CapacityNode, reservations: readonly Reservation[], nowMs: number) {
    const { machine } = node;
    this.node = node;
    this.workers = node.workers.map(({ cpu, streams }) => ({
      free: freeStreams(machine.workerStreams, streams, (cpu ?? 0) / fullAt.workerCpu),
      used: streams,
    }));
    const streams = node.workers.reduce((sum, worker) => sum + worker.streams, 0);
    this.#nodeFree = freeStreams(machine.nodeStreams, streams, (node.processCpu ?? 0) / fullAt.processCpu);
    const counted = streams * STREAM_BPS;
    this.#egressFreeBps = machine.networkBps * fullAt.network - Math.max(node.egressBps ?? 0, counted);
    this.#keepFree(reservations, nowMs);
  }

  /** Whether every measure that room follows from is known. */
  get known(): boolean {
    return isKnown(this.node);
  }

  /** Streams that its lightest worker can take, bounded by what the machine shares. */
  get lightest(): number {
    const free = this.workers.reduce((most, worker) => Math.max(most, worker.free), 0);
    return Math.max(0, Math.min(free, this.#nodeFree));
  }

  /** Streams that all its workers together can take. */
  get total(): number {
    const free = this.workers.reduce((sum, worker) => sum + Math.max(0, worker.free), 0);
    return Math.max(0, Math.min(free, this.#nodeFree));
  }

  /** Nothing is on it, and nothing is promised. */
  get empty(): boolean {
    return this.node.meetings.length === 0 && this.workers.every(({ used }) => used === 0);
  }

  /**
   * Free workers, in parts too. A worker that is more than half full counts as none: no large meeting begins there. Meetings
   * are spread over a machine's workers, so one that is wholly free is rare.
   */
  get freeWorkers(): number {
    const { workerStreams } = this.node.machine;
    let streams = 0;
    for (const { free } of this.workers) if (free >= workerStreams / 2) streams += free;
    return Math.max(0, Math.min(streams, this.#nodeFree, this.#egressFreeBps / STREAM_BPS)) / workerStreams;
  }

  /** The workers that these shares would get, the largest share first; undefined: they do not fit. */
  fit(shares: Shares): readonly WorkerRoom[] | undefined {
    const { machine } = this.node;
    const taken = new Map<WorkerRoom, number>();
    const chosen: WorkerRoom[] = [];
    let [streams, egressBps] = [0, 0];
    for (const share of bySize(shares)) {
      const asked = capped(share, machine);
      const worker = this.#lightestWorker(taken);
      if (!worker) return undefined;
      const free = worker.free - (taken.get(worker) ?? 0);
      // What is as large as a whole worker fits only where nothing is; refusing it for ever would help nobody.
      if (
        free < asked.streams &&
        !(share.streams >= machine.workerStreams && !taken.has(worker) && this.#isIdle(worker))
      )
        return undefined;
      taken.set(worker, (taken.get(worker) ?? 0) + asked.streams);
      chosen.push(worker);
      streams += asked.streams;
      egressBps += asked.egressBps;
    }
    return streams <= this.#nodeFree && egressBps <= this.#egressFreeBps ? chosen : undefined;
  }

  /** Takes room for these shares, over the target if it must be; returns where, for `giveBack`. */
  take(shares: Shares): readonly WorkerRoom[] {
    const workers =
      this.fit(shares) ?? bySize(shares).map(() => this.#lightestWorker() ?? { free: 0, used: 0 });
    this.#change(shares, workers, 1);
    return workers;
  }

  giveBack(shares: Shares, workers: readonly WorkerRoom[]): void {
    this.#change(shares, workers, -1);
  }

  #change(shares: Shares, workers: readonly WorkerRoom[], sign: 1 | -1): void {
    for (const [index, share] of bySize(shares).entries()) {
      const { streams, egressBps } = capped(share, this.node.machine);
      const worker = workers[index];
      if (worker) {
        worker.free -= sign * streams;
        worker.used += sign * streams;
      }
      this.#nodeFree -= sign * streams;
      this.#egressFreeBps -= sign * egressBps;
    }
  }

  #isIdle(worker: WorkerRoom): boolean {
    return worker.used === 0 && worker.free >= this.node.machine.workerStreams * (1 - IDLE_STRESS);
  }

  #lightestWorker(taken?: ReadonlyMap<WorkerRoom, number>): WorkerRoom | undefined {
    let best: WorkerRoom | undefined;
    let bestFree = -Infinity;
    for (const worker of this.workers) {
      const free = worker.free - (taken?.get(worker) ?? 0);
      if (free > bestFree) [best, bestFree] = [worker, free];
    }
    return best;
  }

  #keepFree(reservations: readonly Reservation[], nowMs: number): void {
    const promised = new Map<string, Shares>();
    for (const reservation of reservations) {
      const shares = promised.get(reservation.meetingId) ?? [];
      promised.set(reservation.meetingId, larger(shares, remaining(reservation, nowMs)));
    }
    if (promised.size === 0) return;
    const held = new Map(this.node.meetings.map((meeting) => [meeting.meetingId, meeting]));
    for (const [meetingId, shares] of promised) {
      const meeting = held.get(meetingId);
      const open = meeting ? without(shares, meeting.shares) : shares;
      if (streamsOf(open) === 0) continue;
      const own = meeting?.workers?.flatMap((index) => this.workers[index] ?? []);
      if (own?.length === open.length) this.#change(open, own, 1);
      else this.take(open);
    }
  }
}

/** What is left of so many streams, by their number and by CPU, whichever is less. Streams are counted: exact. */
function freeStreams(carried: number, used: number, stress: number): number {
  return Math.min(carried - used, carried * (1 - stress));
}

/** The worst measure of a worker against what counts as full. */
function workerStress(cpu: number, streams: number, { workerStreams }: MachineCapacity): number {
  return Math.max(cpu / fullAt.workerCpu, streams / workerStreams);
}

/**
 * How full a node is: over all its workers, or what they share (network, Node's own thread), whichever is more. 1: nothing
 * fits any more. Unknown CPU makes the whole unknown: missing data is never taken for zero.
 */
export function fullness(
  node: Pick<CapacityNode, 'machine' | 'workers' | 'processCpu' | 'egressBps'>,
): number | null {
  const { machine, workers, processCpu, egressBps } = node;
  if (processCpu === null || workers.length === 0) return null;
  let [sum, streams] = [0, 0];
  for (const worker of workers) {
    if (worker.cpu === null) return null;
    sum += workerStress(worker.cpu, worker.streams, machine);
    streams += worker.streams;
  }
  return Math.max(
    sum / workers.length,
    processCpu / fullAt.processCpu,
    streams / machine.nodeStreams,
    (egressBps ?? streams * STREAM_BPS) / (machine.networkBps * fullAt.network),
  );
}

/** Whether a node's load is known as a whole. */
export function isKnown(node: CapacityNode): boolean {
  return node.processCpu !== null && node.workers.length > 0 && node.workers.every(({ cpu }) => cpu !== null);
}

/** Workers and shares are matched in this order everywhere. */
function bySize(shares: Shares): readonly Share[] {
  return shares.length < 2 ? shares : shares.toSorted((a, b) => b.streams - a.streams);
}
