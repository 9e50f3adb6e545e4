import { fullAt, type MachineCapacity } from '../capacity/machine-capacity.ts';
import type { Clock } from '../process/clock.ts';
import type { NodeLoad } from '../protocol/index.ts';
import type { RelayTally } from './relay-tally.ts';

interface Sample {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly relayedBytes: number;
}

/** Rates are over this time: an allocation says what it has relayed once in 2048 packets, ms. */
const WINDOW_MS = 15_000;

/** How much this server carries, measured once in a while. */
export class RelayLoad {
  readonly #tally: RelayTally;
  readonly #machine: MachineCapacity;
  readonly #maxAllocations: number;
  readonly #clock: Clock;
  #samples: Sample[] = [];

  constructor(options: {
    readonly tally: RelayTally;
    readonly machine: MachineCapacity;
    readonly maxAllocations: number;
    readonly clock: Clock;
  }) {
    this.#tally = options.tally;
    this.#machine = options.machine;
    this.#maxAllocations = options.maxAllocations;
    this.#clock = options.clock;
  }

  measure(): void {
    const atMs = this.#clock.now();
    const { user, system } = process.cpuUsage();
    const { toClientsBytes, fromClientsBytes } = this.#tally;
    const sample = {
      atMs,
      cpuMs: (user + system) / 1000,
      relayedBytes: toClientsBytes + fromClientsBytes,
    };
    this.#samples = [...this.#samples.filter((each) => atMs - each.atMs <= WINDOW_MS), sample];
  }

  current(): NodeLoad {
    const { allocations, users } = this.#tally;
    // All that comes in goes out again, whichever way.
    const bytesPerMs = this.#rate((sample) => sample.relayedBytes);
    const egressBps = bytesPerMs === null ? null : bytesPerMs * 8000;
    return {
      workers: [],
      processCpu: this.#rate((sample) => sample.cpuMs),
      egressBps,
      rssBytes: process.memoryUsage.rss(),
      participants: users,
      stress: Math.max(
        allocations / this.#maxAllocations,
        (egressBps ?? 0) / (this.#machine.networkBps * fullAt.network),
      ),
    };
  }

  #rate(of: (sample: Sample) => number): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || last.atMs <= first.atMs) return null;
    return (of(last) - of(first)) / (last.atMs - first.atMs);
  }
}
