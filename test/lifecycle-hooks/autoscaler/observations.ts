import type { Observation, ObservedNode } from '@holdfast/lifecycle-hooks/autoscaler/observation.ts';
import { defaultPolicy, type ScalingPolicy } from '@holdfast/lifecycle-hooks/autoscaler/policy.ts';
import type { Fleet, FleetMember, MemberStatus } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { noDemand } from '@holdfast/media-server/capacity/demand.ts';
import { capacityNode } from '../../media-server/capacity/capacity-nodes.ts';

export const nowMs = 10_000_000;
export const policy: ScalingPolicy = {
  ...defaultPolicy,
  headroomWorkers: 1,
  surviveOneFailure: false,
  slackWorkers: 0,
  choices: [{ machineType: 'local', workers: 2 }],
};

/** A machine with a day behind it, unless a test says otherwise. */
export function member(
  id: string,
  about: Partial<Omit<FleetMember, 'state' | 'failure'>> & { readonly status?: MemberStatus } = {},
): FleetMember {
  const { status = { state: 'running' }, ...more } = about;
  return {
    id,
    generation: 'g1',
    zone: 'zone-1',
    machineType: 'local',
    workers: 2,
    market: 'on-demand',
    launchedAtMs: nowMs - 86_400_000,
    launchedBy: null,
    releasable: { ok: true },
    ...more,
    ...status,
  };
}

/** A node whose workers forward so many streams. */
export function node(
  nodeId: string,
  streams: readonly number[],
  about: Partial<ObservedNode> = {},
): ObservedNode {
  return {
    ...capacityNode(nodeId, streams),
    drain: 'active',
    drainedBy: null,
    participants: streams.filter((each) => each > 0).length * 4,
    ...about,
  };
}

/** A node that the autoscaler drains. */
export function draining(nodeId: string, streams: readonly number[], about: Partial<ObservedNode> = {}) {
  return node(nodeId, streams, { state: 'draining', drain: 'draining', drainedBy: 'autoscaler', ...about });
}

/** A fleet of these nodes, one machine each, unless members are given. */
export function observation(
  nodes: readonly ObservedNode[],
  about: {
    readonly fleet?: Partial<Fleet>;
    readonly platform?: Partial<Observation['platform']>;
  } = {},
): Observation {
  const members = about.fleet?.members ?? nodes.map(({ nodeId }) => member(nodeId));
  return {
    fleet: {
      wanted: members.filter(({ state }) => state !== 'leaving').length,
      limits: { min: 0, max: 10 },
      generation: 'g1',
      asOfMs: nowMs,
      ...about.fleet,
      members,
    },
    platform: { nodes, reservations: [], demand: noDemand, asOfMs: nowMs, ...about.platform },
  };
}
