import { setTimeout as delay } from 'node:timers/promises';
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

/** The mediasoup worker of this node that has the most to do: the one with the meeting. */
export async function busiestWorker(nodePid: number | undefined): Promise<number> {
  const pids = nodePid === undefined ? [] : workerPids(nodePid);
  const cpuMs = () => new Map(pids.map((pid) => [pid, treeUsage(pid)?.cpuMs ?? 0]));
  const before = cpuMs();
  // Media is what costs, and it needs a while to cost anything.
  await delay(1000);
  const after = cpuMs();
  const used = (pid: number) => (after.get(pid) ?? 0) - (before.get(pid) ?? 0);
  const [busiest] = pids.toSorted((a, b) => used(b) - used(a));
  if (busiest === undefined) throw new Error('the node has no worker');
  return busiest;
}
