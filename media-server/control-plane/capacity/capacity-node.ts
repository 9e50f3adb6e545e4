import type { CapacityNode } from '../../capacity/node-room.ts';
import type { RegisteredNode } from '../nodes/registry.ts';

/** A registered node as capacity is counted. What a silent node said last is not known any more, and nobody is sent there. */
export function capacityNodeOf(node: RegisteredNode): CapacityNode {
  const { nodeId, generation, zone, capacity, load, meetings, reachable, drain } = node;
  const positions = new Map(load.workers.map(({ index }, position) => [index, position]));
  return {
    nodeId,
    generation,
    zone,
    state: !reachable ? 'unreachable' : drain.state === 'active' ? 'open' : 'draining',
    machine: capacity,
    workers: load.workers.map(({ cpu, streams }) => ({ cpu, streams })),
    processCpu: load.processCpu,
    egressBps: load.egressBps,
    meetings: meetings.map(({ meetingId, shares, workers }) => ({
      meetingId,
      shares,
      // A worker that is being replaced has no position.
      workers: workers.flatMap((index) => positions.get(index) ?? []),
    })),
  };
}
