import { capacityOf, type MachineCapacity } from '@holdfast/media-server/capacity/machine-capacity.ts';
import type { CapacityNode, HeldShares } from '@holdfast/media-server/capacity/node-room.ts';

/** A node that holds what is said, all of it known. `streams`: what each of its workers forwards. */
export function capacityNode(
  nodeId: string,
  streams: readonly number[],
  more: Partial<CapacityNode> = {},
): CapacityNode {
  return {
    nodeId,
    generation: 'g1',
    zone: 'zone-1',
    state: 'open',
    machine: machine({ workers: streams.length }),
    workers: streams.map((each) => ({ cpu: 0, streams: each })),
    processCpu: 0,
    egressBps: null,
    meetings: streams.flatMap((each, index) => (each > 0 ? [held(`${nodeId}-${index}`, each, [index])] : [])),
    ...more,
  };
}

/** 400 streams a worker, and a network that is no limit, unless a test says otherwise. */
export function machine(about: Partial<MachineCapacity> & { readonly workers: number }): MachineCapacity {
  return { ...capacityOf('test', about.workers), networkBps: 100e9, ...about };
}

export function held(meetingId: string, streams: number, workers?: readonly number[]): HeldShares {
  return { meetingId, shares: [{ streams, egressBps: streams * 320_000 }], ...(workers && { workers }) };
}
