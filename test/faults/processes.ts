import { vi } from 'vitest';
import { treeUsage, workerPids } from '../../cli/observe/process-tree.ts';

/** SIGSTOP: the process is there and does nothing, like a machine whose hypervisor has forgotten it. Returns what wakes it. */
export function stop(pid: number | undefined): () => void {
  if (pid === undefined) throw new Error('there is no such process');
  process.kill(pid, 'SIGSTOP');
  return () => {
    process.kill(pid, 'SIGCONT');
  };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** CPU that media costs and an idle worker does not, ms. */
const BUSY_MS = 50;

/** The mediasoup worker of this node that has the most to do: the one with the meeting. */
export async function busiestWorker(nodePid: number | undefined): Promise<number> {
  const pids = nodePid === undefined ? [] : workerPids(nodePid);
  const cpuMs = () => new Map(pids.map((pid) => [pid, treeUsage(pid)?.cpuMs ?? 0]));
  const before = cpuMs();
  return vi.waitFor(
    () => {
      const now = cpuMs();
      const used = (pid: number) => (now.get(pid) ?? 0) - (before.get(pid) ?? 0);
      const [busiest, next] = pids.toSorted((a, b) => used(b) - used(a));
      if (busiest === undefined) throw new Error('the node has no worker');
      if (used(busiest) - (next === undefined ? 0 : used(next)) < BUSY_MS)
        throw new Error('none of the workers has more to do than the others');
      return busiest;
    },
    { timeout: 20_000, interval: 50 },
  );
}
