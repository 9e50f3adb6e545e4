import type { MachineCapacity } from '../capacity/machine-capacity.ts';
import { streamsOf } from '../capacity/meeting-load.ts';
import { fullness } from '../capacity/node-room.ts';
import { type Clock, pause } from '../process/clock.ts';
import type { NodeLoad } from '../protocol/index.ts';
import type { MediaWorker } from './media-worker.ts';
import type { Meeting } from './meeting.ts';
import type { MeetingStore } from './meeting-store.ts';
import type { WorkerChannel } from './worker-channel.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What was sent since the beginning; undefined: not known. */
interface Sent {
  readonly packets: number;
  readonly bytes: number;
}

interface Sample {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly sent: Sent | undefined;
}

/** A measurement waits no longer than this for the workers; one that has not answered by then is not known. */
const MEASURE_LIMIT_MS = 400;
/** At most this many consumers are asked for their counters in one measurement; the sum is scaled up. */
const SAMPLED_CONSUMERS = 200;

interface Rates {
  readonly cpu: number | null;
  readonly packetsPerSecond: number | null;
  readonly egressBps: number | null;
}
const unknownRates: Rates = { cpu: null, packetsPerSecond: null, egressBps: null };

/** Measures the node once in a while; between two measurements the last one stands. */
export class LoadMeter {
  readonly #pool: WorkerPool;
  readonly #meetings: MeetingStore;
  readonly #machine: MachineCapacity;
  readonly #clock: Clock;
  /** Workers that have not answered the last question yet. */
  readonly #asked = new Set<MediaWorker>();
  readonly #workers = new Map<number, Sample & { readonly pid: number }>();
  readonly #rates = new Map<number, Rates>();
  #process: Sample | undefined;
  #processCpu: number | null = null;

  constructor(pool: WorkerPool, meetings: MeetingStore, machine: MachineCapacity, clock: Clock) {
    this.#pool = pool;
    this.#meetings = meetings;
    this.#machine = machine;
    this.#clock = clock;
  }

  /** Takes a measurement: rates are over the time since the one before. */
  async measure(): Promise<void> {
    const atMs = this.#clock.now();
    const { user, system } = process.cpuUsage();
    const cpuMs = (user + system) / 1000;
    this.#processCpu = this.#process ? rate(cpuMs - this.#process.cpuMs, atMs - this.#process.atMs) : null;
    this.#process = { atMs, cpuMs, sent: undefined };
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
      const [usage, sent] = await Promise.all([
        channel.call(() => worker.getResourceUsage()),
        this.#sent(index, channel),
      ]);
      const atMs = this.#clock.now();
      const sample = { atMs, cpuMs: usage.ru_utime + usage.ru_stime, sent, pid: worker.pid };
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
        packetsPerSecond: perSecond(before.sent?.packets, sent.packets, elapsedMs),
        egressBps: perSecond(before.sent && before.sent.bytes * 8, sent.bytes * 8, elapsedMs),
      });
    } catch {
      // The worker died while it was asked: nothing is known of it.
      this.#rates.set(index, unknownRates);
    } finally {
      this.#asked.delete(media);
    }
  }

  async #sent(index: number, channel: WorkerChannel): Promise<Sent> {
    const consumers = this.#on(index).flatMap((meeting) =>
      [...meeting.legs.values()].flatMap((leg) => leg.reception.consumers),
    );
    const sampled = consumers.slice(0, SAMPLED_CONSUMERS);
    const counts = await Promise.all(
      sampled.map(async (consumer) => {
        // One that closes while it is asked has nothing to add.
        const stats = await channel.call(() => consumer.getStats()).catch(() => []);
        const sum = { packets: 0, bytes: 0 };
        for (const entry of stats) {
          if (entry.type !== 'outbound-rtp') continue;
          sum.packets += entry.packetCount;
          sum.bytes += entry.byteCount;
        }
        return sum;
      }),
    );
    const factor = sampled.length === 0 ? 0 : consumers.length / sampled.length;
    return {
      packets: counts.reduce((sum, { packets }) => sum + packets, 0) * factor,
      bytes: counts.reduce((sum, { bytes }) => sum + bytes, 0) * factor,
    };
  }

  #on(index: number): Meeting[] {
    return this.#meetings.all.filter((meeting) => meeting.worker.index === index);
  }

  /** Cores used by a worker; null: not known. */
  cpuOf(index: number): number | null {
    return this.#rates.get(index)?.cpu ?? null;
  }

  current(): NodeLoad {
    const known = this.#pool.running.map(({ index }) => this.#rates.get(index) ?? unknownRates);
    const workers = this.#pool.running.map(({ index }, position) => {
      const meetings = this.#on(index);
      const { cpu, packetsPerSecond } = known[position] ?? unknownRates;
      return {
        index,
        cpu,
        packetsPerSecond,
        meetings: meetings.length,
        consumers: meetings.reduce((sum, meeting) => sum + meeting.consumerCount, 0),
        streams: meetings.reduce((sum, meeting) => sum + streamsOf(meeting.shares), 0),
      };
    });
    const load = {
      workers,
      processCpu: this.#processCpu,
      egressBps: known.reduce<number | null>(
        (sum, { egressBps }) => (sum === null || egressBps === null ? null : sum + egressBps),
        0,
      ),
    };
    return {
      ...load,
      rssBytes: process.memoryUsage.rss(),
      participants: this.#meetings.participantCount,
      stress: fullness({ ...load, machine: this.#machine }),
    };
  }
}

function perSecond(before: number | undefined, now: number, elapsedMs: number): number | null {
  // Fewer than before: somebody has left, and took what was counted for them along.
  if (before === undefined || now < before) return null;
  return (rate(now - before, elapsedMs) ?? 0) * 1000;
}

function rate(amount: number, elapsedMs: number): number | null {
  return elapsedMs > 0 ? Math.max(0, amount / elapsedMs) : null;
}
