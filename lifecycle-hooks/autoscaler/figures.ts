import { Rooms } from '@holdfast/media-server/capacity/placement.ts';
import {
  type MachineDoing,
  MOST_MACHINES_REPORTED,
  type ScalingFigures,
} from '@holdfast/media-server/protocol/index.ts';
import type { FleetMember } from '../clouds/types.ts';
import type { Observation, ObservedNode } from './observation.ts';

/** What a decision was made from, in figures that people can follow. */
export function figuresOf({ fleet, platform }: Observation, nowMs: number): ScalingFigures {
  const { nodes, reservations, demand } = platform;
  const reachable = nodes.filter(({ state }) => state !== 'unreachable');
  const { open } = new Rooms(nodes, { reservations, generation: fleet.generation, nowMs });
  const machines = machinesOf(fleet.members, nodes);
  const busyFirst = machines.toSorted(
    (a, b) => Number(a.doing === 'serving') - Number(b.doing === 'serving'),
  );
  return {
    generation: fleet.generation,
    wanted: fleet.wanted,
    capacityWorkers: sum(reachable, ({ workers }) => workers.length),
    usedWorkers: sum(reachable, usedWorkers),
    freeWorkers: sum(open, ({ freeWorkers }) => freeWorkers),
    askingMeetings: demand.wishes.length + demand.leftOut,
    meetings: sum(reachable, ({ meetings }) => meetings.length),
    participants: sum(reachable, ({ participants }) => participants),
    machines: busyFirst.slice(0, MOST_MACHINES_REPORTED),
    machinesLeftOut: Math.max(0, machines.length - MOST_MACHINES_REPORTED),
  };
}

function machinesOf(members: readonly FleetMember[], nodes: readonly ObservedNode[]) {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const listed = members.map((member) => ({
    nodeId: member.id,
    doing: doingOf(member, byId.get(member.id)),
  }));
  const ids = new Set(members.map(({ id }) => id));
  const others = nodes.filter(({ nodeId }) => !ids.has(nodeId));
  return [...listed, ...others.map((node) => ({ nodeId: node.nodeId, doing: doingOfNode(node) }))];
}

function doingOf({ state }: FleetMember, node: ObservedNode | undefined): MachineDoing {
  if (state !== 'running') return state;
  return node ? doingOfNode(node) : 'arriving';
}

function doingOfNode({ state, drain }: ObservedNode): MachineDoing {
  if (state === 'unreachable') return 'unreachable';
  if (drain === 'active') return 'serving';
  return drain === 'draining' ? 'draining' : 'drained';
}

function usedWorkers({ workers, machine }: ObservedNode): number {
  return sum(workers, ({ streams }) => streams / machine.workerStreams);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
