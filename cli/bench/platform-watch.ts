import { setTimeout as delay } from 'node:timers/promises';
import type { LocalPlatform } from '../local/local-platform.ts';
import { treeUsage, workerPids } from '../observe/process-tree.ts';

const LOOK_EVERY_MS = 500;

/** MB (10^6 bytes) by process: the control plane, and each media node with its workers. */
export type Memory = Readonly<Record<string, number>>;

export interface PlatformLosses {
  /** Nodes whose process ended, or that were out of the control plane's reach. */
  readonly nodes: readonly string[];
  readonly workers: number;
  /** Processes that ended and nobody had stopped: each is started again. */
  readonly restarts: readonly string[];
  /** The longest time in which the control plane did not say which nodes there are, ms. */
  readonly silentMs: number;
}

/** Watches a platform's processes while something is done to it. */
export class PlatformWatch {
  readonly #platform: LocalPlatform;
  readonly #nodes = new Set<string>();
  readonly #restarts: string[] = [];
  readonly #stop = new AbortController();
  readonly #looking: Promise<void>;
  readonly #workersSeen = new Set<number>();
  #workersLost = 0;
  #silentMs = 0;
  #answeredAtMs = performance.now();

  constructor(platform: LocalPlatform) {
    this.#platform = platform;
    platform.on('crash', this.#onCrash);
    this.#looking = this.#look();
  }

  /** What was lost until now. */
  get losses(): PlatformLosses {
    return {
      nodes: [...this.#nodes],
      workers: this.#workersLost,
      restarts: [...this.#restarts],
      silentMs: Math.round(this.#silentMs),
    };
  }

  /** Stops watching, after a last look. */
  async close(): Promise<PlatformLosses> {
    this.#stop.abort();
    await this.#looking;
    this.#platform.off('crash', this.#onCrash);
    this.#lookAtWorkers();
    return this.losses;
  }

  readonly #onCrash = ({ name }: { readonly name: string }) => {
    this.#restarts.push(name);
    const node = /^(.*)\.media-node$/.exec(name)?.[1];
    if (node !== undefined) this.#nodes.add(node);
  };

  async #look(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#lookAtWorkers();
      const nodes = await this.#platform.nodes().catch(() => undefined);
      const nowMs = performance.now();
      this.#silentMs = Math.max(this.#silentMs, nowMs - this.#answeredAtMs - LOOK_EVERY_MS);
      if (nodes) this.#answeredAtMs = nowMs;
      for (const { nodeId, reachable } of nodes ?? []) if (!reachable) this.#nodes.add(nodeId);
      await delay(LOOK_EVERY_MS, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
  }

  #lookAtWorkers(): void {
    const now = new Set(runningNodes(this.#platform).flatMap(({ pid }) => workerPids(pid)));
    for (const pid of this.#workersSeen) {
      if (now.has(pid)) continue;
      this.#workersSeen.delete(pid);
      this.#workersLost += 1;
    }
    for (const pid of now) this.#workersSeen.add(pid);
  }
}

/** The media node processes of the platform. */
export function runningNodes(platform: LocalPlatform): { readonly nodeId: string; readonly pid: number }[] {
  return platform.cloud.describe().members.flatMap(({ id }) => {
    const pid = platform.cloud.pids(id).server;
    return pid === undefined ? [] : [{ nodeId: id, pid }];
  });
}

/** What the platform's processes hold now. Empty where it cannot be known. */
export function memoryOf(platform: LocalPlatform): Memory {
  const processes = [
    ...(platform.controlPlanePid === undefined
      ? []
      : [{ nodeId: 'control plane', pid: platform.controlPlanePid }]),
    ...runningNodes(platform),
  ];
  return Object.fromEntries(
    processes.flatMap(({ nodeId, pid }) => {
      const usage = treeUsage(pid);
      return usage ? [[nodeId, Math.round(usage.rssBytes / 1e5) / 10]] : [];
    }),
  );
}
