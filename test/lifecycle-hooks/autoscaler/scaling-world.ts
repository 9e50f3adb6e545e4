import type { ControlPlanePort, Order } from '@holdfast/lifecycle-hooks/autoscaler/control-plane-port.ts';
import type { ObservedNode, PlatformView } from '@holdfast/lifecycle-hooks/autoscaler/observation.ts';
import type { Fleet, FleetDriver, Growth, MemberStatus } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { type Demand, fulfil, noDemand, wish } from '@holdfast/media-server/capacity/demand.ts';
import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { place } from '@holdfast/media-server/capacity/placement.ts';
import { HoldfastError, type ScalingReport } from '@holdfast/media-server/protocol/index.ts';
import { machine } from '../../media-server/capacity/capacity-nodes.ts';

interface Machine {
  status: MemberStatus;
  readonly generation: string;
  readonly launchedAtMs: number;
  readonly launchedBy: string;
  /** When it is there; Infinity: never. */
  readonly arrivesAtMs: number;
  goneAtMs: number;
}

interface Meeting {
  streams: number;
  nodeId: string;
  worker: number;
}

export const WORKERS = 2;
const LAUNCH_MS = 90_000;
const LEAVE_MS = 20_000;

/** A fleet and its control plane in virtual time. It writes down what must never happen. */
export class ScalingWorld {
  nowMs = 10_000_000;
  generation = 'g1';
  wanted = 0;
  limits = { min: 0, max: 8 };
  demand: Demand = noDemand;
  /** How far measured CPU is from the truth, as a part of it. */
  noise = () => 0;
  /** Launches from now on never arrive. */
  sick = false;
  readonly violations: string[] = [];
  readonly done: string[] = [];
  readonly reports: ScalingReport[] = [];
  readonly drains = new Map<string, 'autoscaler' | 'others'>();
  readonly meetings = new Map<string, Meeting>();
  readonly machines = new Map<string, Machine>();
  readonly #operations = new Set<string>();
  readonly #gone = new Set<string>();
  #launched = 0;
  #highestFence = 0;

  constructor(machines: number) {
    this.wanted = machines;
    this.#launch('begin');
    this.pass(LAUNCH_MS);
    this.nowMs += 86_400_000;
  }

  get staying(): [string, Machine][] {
    return [...this.machines].filter(([, { status }]) => status.state !== 'leaving');
  }

  /** A meeting begins, or is refused. */
  begin(meetingId: string, streams: number): void {
    const placement = place({ meetingId, shares: sharesOf(streams) }, this.nodes(), this.#around);
    if (!placement.placed) {
      this.demand = wish(this.demand, { kind: 'refused', meetingId, shares: sharesOf(streams) }, this.nowMs);
      return;
    }
    this.demand = fulfil(this.demand, meetingId);
    this.meetings.set(meetingId, {
      streams,
      nodeId: placement.nodeId,
      worker: this.#lightest(placement.nodeId),
    });
  }

  end(meetingId: string): void {
    this.meetings.delete(meetingId);
  }

  /** Lets time pass: launches arrive, drains move meetings, what leaves is gone. */
  pass(ms: number): void {
    this.nowMs += ms;
    for (const [id, each] of this.machines) {
      if (each.status.state === 'launching' && each.arrivesAtMs <= this.nowMs)
        each.status = { state: 'running' };
      if (each.goneAtMs <= this.nowMs) this.#remove(id);
    }
    for (const nodeId of this.drains.keys()) this.#move(nodeId);
    this.demand = {
      ...this.demand,
      wishes: this.demand.wishes.filter(({ lastAtMs }) => this.nowMs - lastAtMs < 60_000),
    };
  }

  nodes(): ObservedNode[] {
    return [...this.machines]
      .filter(([, { status }]) => status.state === 'running' || status.state === 'leaving')
      .map(([nodeId, each]) => {
        const held = this.#on(nodeId);
        const drainedBy = this.drains.get(nodeId) ?? null;
        const drained = drainedBy !== null && held.length === 0;
        return {
          nodeId,
          generation: each.generation,
          zone: null,
          state: drainedBy === null ? 'open' : 'draining',
          machine: machine({ workers: WORKERS }),
          workers: Array.from({ length: WORKERS }, (_, index) => {
            const streams = held.reduce(
              (sum, [, { worker, ...it }]) => sum + (worker === index ? it.streams : 0),
              0,
            );
            return { cpu: Math.max(0, (streams / 400) * 0.6 * (1 + this.noise())), streams };
          }),
          processCpu: 0.1,
          egressBps: null,
          meetings: held.map(([meetingId, { streams, worker }]) => ({
            meetingId,
            shares: sharesOf(streams),
            workers: [worker],
          })),
          drain: drainedBy === null ? 'active' : drained ? 'drained' : 'draining',
          drainedBy,
          participants: held.length * 4,
        };
      });
  }

  fleet(): Fleet {
    return {
      wanted: this.wanted,
      limits: this.limits,
      generation: this.generation,
      asOfMs: this.nowMs,
      members: [...this.machines].map(([id, { status, generation, launchedAtMs, launchedBy }]) => ({
        ...status,
        id,
        generation,
        zone: null,
        machineType: 'local',
        workers: WORKERS,
        market: 'on-demand',
        launchedAtMs,
        launchedBy,
        releasable:
          this.wanted > this.limits.min && status.state !== 'leaving'
            ? { ok: true }
            : { ok: false, why: 'at the minimum' },
      })),
    };
  }

  platform(): PlatformView {
    return { nodes: this.nodes(), reservations: [], demand: this.demand, asOfMs: this.nowMs };
  }

  readonly driver: FleetDriver = {
    describe: async () => this.fleet(),
    grow: async ({ to, operationId }: Growth) => {
      if (to > this.limits.max) throw new HoldfastError('CLOUD_QUOTA', 'above the maximum');
      if (this.#operations.has(operationId)) return;
      this.#operations.add(operationId);
      this.done.push(`grow ${to}`);
      this.wanted = Math.max(this.wanted, to);
      this.#launch(operationId);
    },
    giveUp: async (id) => {
      const each = this.#existing(id);
      if (!each || each.status.state === 'leaving') return;
      if (each.status.state === 'running') throw new HoldfastError('CLOUD_REFUSED', 'it runs');
      this.done.push(`give up ${id}`);
      this.wanted -= 1;
      this.#remove(id);
    },
    release: async (id) => {
      const each = this.#existing(id);
      if (!each || each.status.state === 'leaving') return;
      if (this.wanted <= this.limits.min) throw new HoldfastError('CLOUD_REFUSED', 'at the minimum');
      if (this.#on(id).length > 0) this.violations.push(`released ${id} with meetings on it`);
      if (this.drains.get(id) === undefined) this.violations.push(`released ${id} that was not drained`);
      this.done.push(`release ${id}`);
      this.wanted -= 1;
      each.status = { state: 'leaving' };
      each.goneAtMs = this.nowMs + LEAVE_MS;
    },
  };

  readonly controlPlane: ControlPlanePort = {
    observe: async () => this.platform(),
    drain: async (nodeId, order) => {
      this.#heed(nodeId, order);
      if (this.drains.has(nodeId)) return;
      this.done.push(`drain ${nodeId}`);
      this.drains.set(nodeId, 'autoscaler');
      if (this.victims.length > 1) this.violations.push(`two victims: ${this.victims.join(', ')}`);
    },
    cancelDrain: async (nodeId, order) => {
      this.#heed(nodeId, order);
      if (this.drains.get(nodeId) !== 'autoscaler') return;
      this.done.push(`cancel ${nodeId}`);
      this.drains.delete(nodeId);
    },
    report: async (report) => {
      this.reports.push(report);
    },
  };

  /** Own drains that are not given back yet. */
  get victims(): string[] {
    return [...this.drains]
      .filter(([id, by]) => by === 'autoscaler' && this.machines.get(id)?.status.state === 'running')
      .map(([id]) => id);
  }

  get #around() {
    return { reservations: [], generation: this.generation, nowMs: this.nowMs };
  }

  #heed(nodeId: string, { fence }: Order): void {
    if (fence < this.#highestFence) throw new HoldfastError('LEASE_LOST', `${fence} is over`);
    this.#highestFence = fence;
    if (!this.machines.has(nodeId)) throw new HoldfastError('NODE_UNKNOWN', nodeId);
  }

  #existing(id: string): Machine | undefined {
    const each = this.machines.get(id);
    if (!each && !this.#gone.has(id)) throw new HoldfastError('NOT_FOUND', id);
    return each;
  }

  #launch(launchedBy: string): void {
    while (this.staying.length < this.wanted) {
      this.#launched += 1;
      this.machines.set(`n${this.#launched}`, {
        status: { state: 'launching' },
        generation: this.generation,
        launchedAtMs: this.nowMs,
        launchedBy,
        arrivesAtMs: this.sick ? Infinity : this.nowMs + LAUNCH_MS,
        goneAtMs: Infinity,
      });
    }
    if (this.staying.length > this.limits.max) this.violations.push('more machines than the maximum');
  }

  #move(nodeId: string): void {
    for (const [meetingId, meeting] of this.#on(nodeId)) {
      const found = place({ meetingId, shares: sharesOf(meeting.streams) }, this.nodes(), this.#around);
      if (!found.placed) continue;
      const worker = this.#lightest(found.nodeId);
      Object.assign(meeting, { nodeId: found.nodeId, worker });
    }
  }

  #remove(id: string): void {
    for (const [meetingId] of this.#on(id)) {
      this.violations.push(`${meetingId} ended with ${id}`);
      this.meetings.delete(meetingId);
    }
    this.machines.delete(id);
    this.drains.delete(id);
    this.#gone.add(id);
  }

  #on(nodeId: string): [string, Meeting][] {
    return [...this.meetings].filter(([, meeting]) => meeting.nodeId === nodeId);
  }

  #lightest(nodeId: string): number {
    const loads = Array.from({ length: WORKERS }, (_, index) =>
      this.#on(nodeId).reduce((sum, [, { worker, streams }]) => sum + (worker === index ? streams : 0), 0),
    );
    return loads.indexOf(Math.min(...loads));
  }
}
