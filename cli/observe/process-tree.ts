import { readdirSync, readFileSync } from 'node:fs';

/** CPU time and memory of running processes, from /proc; on systems without it everything is unknown (undefined). */

interface ProcessStat {
  /** The first 15 characters of its program's name. */
  readonly name: string;
  readonly parent: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** Linux counts CPU time in ticks of 10 ms (USER_HZ is 100 on every architecture Node runs on), memory in pages of 4 KiB. */
const TICK_MS = 10;
const PAGE_BYTES = 4096;

function readAll(): Map<number, ProcessStat> {
  const processes = new Map<number, ProcessStat>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      // The name, in parentheses, may hold spaces: fields are counted after it. See proc(5).
      const [, name = '', rest = ''] =
        /\((.*)\) (.*)$/s.exec(readFileSync(`/proc/${entry}/stat`, 'utf8')) ?? [];
      const fields = rest.split(' ').map(Number);
      const [parent = 0, userTicks = 0, systemTicks = 0, pages = 0] = [
        fields[1],
        fields[11],
        fields[12],
        fields[21],
      ];
      processes.set(Number(entry), {
        name,
        parent,
        cpuMs: (userTicks + systemTicks) * TICK_MS,
        rssBytes: pages * PAGE_BYTES,
      });
    } catch {
      // It ended between the listing and the reading.
    }
  }
  return processes;
}

/** A process with all its descendants; undefined where there is no /proc. */
export function treeUsage(rootPid: number): { cpuMs: number; rssBytes: number } | undefined {
  if (process.platform !== 'linux') return undefined;
  const processes = readAll();
  const tree = new Set([rootPid]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [pid, { parent }] of processes) {
      if (tree.has(parent) && !tree.has(pid)) {
        tree.add(pid);
        grown = true;
      }
    }
  }
  let cpuMs = 0;
  let rssBytes = 0;
  for (const pid of tree) {
    cpuMs += processes.get(pid)?.cpuMs ?? 0;
    rssBytes += processes.get(pid)?.rssBytes ?? 0;
  }
  return { cpuMs, rssBytes };
}

/** The mediasoup workers of a media node; none where there is no /proc. */
export const workerPids = (nodePid: number): number[] => childPids(nodePid, 'mediasoup-worker');

/** The programs of this name that a process has started; none where there is no /proc. */
export function childPids(parentPid: number, program: string): number[] {
  if (process.platform !== 'linux') return [];
  return [...readAll()]
    .filter(([, { parent, name }]) => parent === parentPid && program.startsWith(name) && name !== '')
    .map(([pid]) => pid);
}

/** Cores that this process and everything it started use on average, between two calls. */
export class CpuWatch {
  #before = treeUsage(process.pid);
  #atMs = performance.now();

  /** Cores since the last call (or the beginning); null when it is not known. */
  lap(): number | null {
    const now = treeUsage(process.pid);
    const atMs = performance.now();
    const cores = now && this.#before ? (now.cpuMs - this.#before.cpuMs) / (atMs - this.#atMs) : null;
    this.#before = now;
    this.#atMs = atMs;
    return cores === null ? null : Math.max(0, cores);
  }
}
