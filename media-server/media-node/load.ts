import { type Clock, pause } from '../process/clock.ts';
import type { NodeLoad } from '../protocol/index.ts';
import { loadTargets } from './limits.ts';
import type { MediaWorker } from './media-worker.ts';
import type { Meeting } from './meeting.ts';
import type { MeetingStore } from './meeting-store.ts';
import type { WorkerChannel } from './worker-channel.ts';
import type { WorkerPool } from './worker-pool.ts';

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

/** A measurement waits no longer than this for the workers; one that has not answered by then is not known. */
const MEASURE_LIMIT_MS = 400;
/** At most this many consumers are asked for their counters in one measurement; the sum is scaled up. */
const SAMPLED_CONSUMERS = 200;

interface Rates {
  readonly cpu: number | null;
  readonly packetsPerSecond: number | null;
}
const unknownRates: Rates = { cpu: null, packetsPerSecond: null };

/** Measures the node once in a while; between two measurements the last one stands. */
export class LoadMeter {
  readonly #pool: WorkerPool;
  readonly #meetings: MeetingStore;
  readonly #clock: Clock;
  /** Workers that have not answered the last question yet. */
  readonly #asked = new Set<MediaWorker>();
  readonly #workers = new Map<number, Sample & { readonly pid: number }>();
  readonly #rates = new Map<number, Rates>();
  #process: Sample | undefined;
  #processCpu: number | null = null;

  constructor(pool: WorkerPool, meetings: MeetingStore, clock: Clock) {
    this.#pool = pool;
    this.#meetings = meetings;
    this.#clock = clock;
  }

  /** Takes a measurement: rates are over the time since the one before. */
  async measure(): Promise<void> {
    const atMs = this.#clock.now();
    const { user, system } = process.cpuUsage();
    const cpuMs = (user + system) / 1000;
    this.#processCpu = this.#process ? rate(cpuMs - this.#process.cpuMs, atMs - this.#process.atMs) : null;
    this.#process = { atMs, cpuMs, packets: undefined };
    const over = new AbortController();
    const asked = this.#pool.running.map((media) => this.#measureWorker(media));
    await Promise.race([Promise.all(asked), pause(this.#clock, MEASURE_LIMIT_MS, over.signal)]);
    over.abort();
    // One worker that is silent makes nothing else unknown.
    for (const { index } of this.#asked) this.#rates.set(index, unknownRates);
  }

  async #measureWorker(media: MediaWorker): Promise<void> {
    // Still asked from the last time: it would only be asked more and more.
    if (this.#asked.has(media)) return;
    const { index, worker, channel } = media;
    this.#asked.add(media);
    try {
      const [usage, packets] = await Promise.all([
        channel.call(() => worker.getResourceUsage()),
        this.#packetsSent(index, channel),
      ]);
      const atMs = this.#clock.now();
      const sample = { atMs, cpuMs: usage.ru_utime + usage.ru_stime, packets, pid: worker.pid };
      const before = this.#workers.get(index);
      // Nothing can be said of no time at all: what was measured a moment ago stands.
      if (before?.pid === worker.pid && before.atMs === atMs) return;
      this.#workers.set(index, sample);
      if (before?.pid !== worker.pid) {
        this.#rates.set(index, unknownRates);
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
      this.#rates.set(index, unknownRates);
    } finally {
      this.#asked.delete(media);
    }
  }

  async #packetsSent(index: number, channel: WorkerChannel): Promise<number> {
    const consumers = this.#on(index).flatMap((meeting) =>
      [...meeting.legs.values()].flatMap((leg) => leg.reception.consumers),
    );
    const sampled = consumers.slice(0, SAMPLED_CONSUMERS);
    const counts = await Promise.all(
      sampled.map(async (consumer) => {
        // One that closes while it is asked has nothing to add.
        const stats = await channel.call(() => consumer.getStats()).catch(() => []);
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

  /** Cores used by a worker; null: not known. */
  cpuOf(index: number): number | null {
    return this.#rates.get(index)?.cpu ?? null;
  }

  current(): NodeLoad {
    const workers = this.#pool.running.map(({ index }) => {
      const meetings = this.#on(index);
      const { cpu, packetsPerSecond } = this.#rates.get(index) ?? unknownRates;
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
