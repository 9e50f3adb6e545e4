import type { NodeLoad } from '../protocol/index.ts';
import type { Meeting } from './meeting.ts';
import type { MeetingStore } from './meeting-store.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What a node may carry before it counts as full (stress 1). */
export const loadTargets = {
  /** Cores of one worker's single thread; above this, queues begin to grow. */
  workerCpu: 0.7,
  /** Cores of the Node process: signalling, statistics. */
  processCpu: 0.7,
  /** Forwarded streams on one worker, as a bound for the time before CPU can be measured. */
  consumersPerWorker: 400,
} as const;

/** The worst measure against its target. Unknown CPU makes the whole unknown: missing data is never taken for zero. */
export function stressOf(load: Pick<NodeLoad, 'workers' | 'processCpu'>): number | null {
  if (load.processCpu === null || load.workers.length === 0) return null;
  let worst = load.processCpu / loadTargets.processCpu;
  for (const worker of load.workers) {
    if (worker.cpu === null) return null;
    worst = Math.max(
      worst,
      worker.cpu / loadTargets.workerCpu,
      worker.consumers / loadTargets.consumersPerWorker,
    );
  }
  return worst;
}

/** Share of a node's target that a meeting of this size takes. */
export function meetingLoad(consumers: number, participants: number, workers: number): number {
  // Somebody who has only just arrived receives nothing yet, but will: two streams (sound, picture) from each other one.
  const expected = participants * Math.max(0, participants - 1) * 2;
  return Math.max(consumers, expected) / (loadTargets.consumersPerWorker * Math.max(1, workers));
}

interface Sample {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly packets: number | undefined;
}

/** At most this many consumers are asked for their counters in one measurement; the sum is scaled up. */
const SAMPLED_CONSUMERS = 200;

/** Measures the node once in a while; between two measurements the last one stands. */
export class LoadMeter {
  readonly #pool: WorkerPool;
  readonly #meetings: MeetingStore;
  readonly #now: () => number;
  readonly #workers = new Map<number, Sample & { readonly pid: number }>();
  readonly #rates = new Map<number, { cpu: number | null; packetsPerSecond: number | null }>();
  #process: Sample | undefined;
  #processCpu: number | null = null;

  constructor(pool: WorkerPool, meetings: MeetingStore, now: () => number) {
    this.#pool = pool;
    this.#meetings = meetings;
    this.#now = now;
  }

  /** Takes a measurement: rates are over the time since the one before. */
  async measure(): Promise<void> {
    const atMs = this.#now();
    const { user, system } = process.cpuUsage();
    const cpuMs = (user + system) / 1000;
    this.#processCpu = this.#process ? rate(cpuMs - this.#process.cpuMs, atMs - this.#process.atMs) : null;
    this.#process = { atMs, cpuMs, packets: undefined };
    await Promise.all(this.#pool.running.map((media) => this.#measureWorker(media.index, media.worker)));
  }

  async #measureWorker(
    index: number,
    worker: { pid: number; getResourceUsage(): Promise<{ ru_utime: number; ru_stime: number }> },
  ) {
    try {
      const [usage, packets] = await Promise.all([worker.getResourceUsage(), this.#packetsSent(index)]);
      const atMs = this.#now();
      const sample = { atMs, cpuMs: usage.ru_utime + usage.ru_stime, packets, pid: worker.pid };
      const before = this.#workers.get(index);
      this.#workers.set(index, sample);
      if (before?.pid !== worker.pid) {
        this.#rates.set(index, { cpu: null, packetsPerSecond: null });
        return;
      }
      const elapsedMs = atMs - before.atMs;
      this.#rates.set(index, {
        cpu: rate(sample.cpuMs - before.cpuMs, elapsedMs),
        packetsPerSecond:
          packets === undefined || before.packets === undefined || packets < before.packets
            ? null
            : (rate(packets - before.packets, elapsedMs) ?? 0) * 1000,
      });
    } catch {
      // The worker died while it was asked: nothing is known of it.
      this.#rates.set(index, { cpu: null, packetsPerSecond: null });
    }
  }

  async #packetsSent(index: number): Promise<number> {
    const consumers = this.#on(index).flatMap((meeting) =>
      [...meeting.legs.values()].flatMap((leg) => leg.consumers),
    );
    const sampled = consumers.slice(0, SAMPLED_CONSUMERS);
    const counts = await Promise.all(
      sampled.map(async (consumer) => {
        // One that closes while it is asked has nothing to add.
        const stats = await consumer.getStats().catch(() => []);
        return stats.reduce(
          (sum, entry) => (entry.type === 'outbound-rtp' ? sum + entry.packetCount : sum),
          0,
        );
      }),
    );
    const sum = counts.reduce((total, count) => total + count, 0);
    return sampled.length === 0 ? 0 : (sum * consumers.length) / sampled.length;
  }

  #on(index: number): Meeting[] {
    return this.#meetings.all.filter((meeting) => meeting.worker.index === index);
  }

  current(): NodeLoad {
    const workers = this.#pool.running.map(({ index }) => {
      const meetings = this.#on(index);
      const { cpu = null, packetsPerSecond = null } = this.#rates.get(index) ?? {};
      return {
        cpu,
        packetsPerSecond,
        meetings: meetings.length,
        consumers: meetings.reduce((sum, meeting) => sum + meeting.consumerCount, 0),
      };
    });
    const load = { workers, processCpu: this.#processCpu };
    return {
      ...load,
      rssBytes: process.memoryUsage.rss(),
      participants: this.#meetings.participantCount,
      stress: stressOf(load),
    };
  }
}

function rate(amount: number, elapsedMs: number): number | null {
  return elapsedMs > 0 ? Math.max(0, amount / elapsedMs) : null;
}
