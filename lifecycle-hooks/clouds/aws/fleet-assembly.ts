import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { Fleet, FleetMember, Market, MemberStatus } from '../types.ts';
import type { Activity, Group, Instance } from './auto-scaling-answers.ts';
import type { MachineRecord } from './ec2-api.ts';
import { type Launch, type Ledger, launchFailure, STALE_MS } from './fleet-ledger.ts';
import { memberState, releasable } from './member-state.ts';

/** What the group's launch template launches. */
export interface LaunchedMachine {
  readonly type: string;
  readonly market: Market;
  /** mediasoup workers; absent: one for each core that EC2 says the type has, or one. */
  readonly workers?: number | undefined;
}

export interface FleetParts {
  readonly group: Group;
  readonly ledger: Ledger;
  readonly activities: readonly Activity[];
  readonly machines: ReadonlyMap<string, MachineRecord>;
  /** By machine type. */
  readonly workers: ReadonlyMap<string, number>;
  readonly machine: LaunchedMachine;
  readonly min: number;
  readonly refreshing: boolean;
  readonly askedAtMs: number;
}

/** What there is, from what was read and what is known besides. */
export function assembled(parts: FleetParts): Fleet {
  const { group, ledger, askedAtMs } = parts;
  const min = Math.max(parts.min, group.MinSize);
  return {
    wanted: group.DesiredCapacity,
    limits: { min, max: group.MaxSize },
    generation: templateOf(group),
    asOfMs: askedAtMs - STALE_MS,
    members: [
      ...group.Instances.flatMap((instance) => listed(parts, instance, min) ?? []),
      ...ledger.launches.map((launch) => missing(parts, launch, min)),
    ],
  };
}

function listed(parts: FleetParts, instance: Instance, min: number): FleetMember | undefined {
  const { group, ledger, machine, refreshing } = parts;
  const id = instance.InstanceId;
  const state = memberState(instance);
  if (!state) return undefined;
  const status: MemberStatus = ledger.accepted.has(id) ? { state: 'leaving' } : state.status;
  const machineType = instance.InstanceType ?? machine.type;
  const record = parts.machines.get(id);
  return {
    ...status,
    id,
    generation: generationOf(instance.LaunchTemplate) ?? 'none',
    zone: instance.AvailabilityZone,
    machineType,
    workers: parts.workers.get(machineType) ?? 1,
    market: record?.market ?? machine.market,
    launchedAtMs: record?.launchedAtMs ?? parts.askedAtMs,
    launchedBy: ledger.launchedBy.get(id) ?? null,
    releasable: releasable(status, group, { min, refreshing }),
  };
}

function missing(parts: FleetParts, launch: Launch, min: number): FleetMember {
  const { group, machine, refreshing } = parts;
  const failure = launchFailure(launch, parts.activities);
  const status: MemberStatus = failure ? { state: 'failed', failure } : { state: 'launching' };
  return {
    ...status,
    id: launch.id,
    generation: templateOf(group),
    zone: launch.zone,
    machineType: machine.type,
    workers: parts.workers.get(machine.type) ?? 1,
    market: machine.market,
    launchedAtMs: launch.atMs,
    launchedBy: launch.launchedBy,
    releasable: launch.named
      ? releasable(status, group, { min, refreshing })
      : { ok: false, why: 'there is no machine yet' },
  };
}

/** What the group launches from. A version that is no number changes by itself: nobody could tell old from new. */
export function templateOf(group: Group): string {
  const template =
    group.LaunchTemplate ?? group.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
  const generation = generationOf(template);
  if (generation === undefined || !/^\d+$/.test(template?.Version ?? ''))
    throw new HoldfastError(
      'CLOUD_REFUSED',
      `the group ${group.AutoScalingGroupName} must name a launch template and a version by number, not ${template?.Version ?? 'none'}`,
    );
  return generation;
}

function generationOf(template: Instance['LaunchTemplate']): string | undefined {
  if (template?.Version === undefined) return undefined;
  return `${template.LaunchTemplateId ?? template.LaunchTemplateName}:${template.Version}`;
}
