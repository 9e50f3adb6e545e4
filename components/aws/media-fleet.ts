import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  output,
  type Resource,
} from '@pulumi/pulumi';
import type { FleetIdentity, Tags } from '../contract.ts';
import type { MachineParts } from '../machine-parts.ts';
import { drainRights } from './drain-hook.ts';
import { MachineGroup, type MachineGroupTransform } from './machine-group.ts';
import type { MediaServerImage } from './media-server-image.ts';
import { physicalName } from './naming.ts';
import { placeOf } from './place.ts';
import type { Statement } from './policy.ts';

export interface MediaFleetArgs {
  image: MediaServerImage;
  /** What its machines are. */
  parts: Input<MachineParts>;
  /** Allocation ids of fixed addresses that its machines may take; none in a fleet. */
  fixedAddresses?: Input<Input<string>[]> | undefined;
  machineType: string;
  diskGb: number;
  /** The most that there may be, one more than wanted where a roll-out has no other room. */
  most: number;
  /** Launched with the group; later the autoscaler decides. */
  initial: number;
  /** Share of machines above the first that are Spot. Default: 0. */
  spotShare?: number | undefined;
  /** AWS waits so long for a machine that says nothing while it drains. Default: 300. */
  patienceSeconds?: number | undefined;
  /** How long a whole drain may take, min. Default: 60. */
  wholeDrainMinutes?: number | undefined;
  subnetIds: Input<Input<string>[]>;
  securityGroupIds: Input<string>[];
  /** What its machines may do beside reading their bundle and holding their own termination. */
  rights: readonly Statement[];
  /** What a drain needs, so that it goes after the fleet: routes, firewall, the control plane. */
  needs?: readonly Resource[] | undefined;
  /** Whether the engine refuses to delete or replace it. Default: true. */
  protect?: boolean | undefined;
  tags?: Tags | undefined;
  transform?: MachineGroupTransform | undefined;
}

/** The name that a fleet has in the cloud; policies of others are made of it. */
export function mediaFleetName(name: string): string {
  return physicalName(name);
}

/**
 * The machines that meetings live on. AWS launches them and keeps their number; which one goes is decided by our autoscaler
 * alone, after its meetings have moved. Every machine is protected from scale-in when it starts, the drain hook is
 * there before the first, and the cloud's own minimum is 0, because a release at the minimum would be refused.
 *
 * Costs: c7i.xlarge $0.18/h each, Spot about a third less and more, $0.005/h for its public address, disk $0.08 a GB
 * and month; traffic to participants $0.09 a GB.
 *
 * ```ts
 * new MediaFleet('media', {
 *   image, parts, machineType: 'c7i.xlarge', diskGb: 20, most: 10, initial: 2, spotShare: 0.5,
 *   subnetIds: network.subnetIds, securityGroupIds: [network.securityGroups.media],
 *   rights: [readSecret], needs: network.routes,
 * });
 * ```
 */
export class MediaFleet extends ComponentResource {
  readonly identity: Output<FleetIdentity>;
  readonly generation: Output<string>;

  constructor(name: string, args: MediaFleetArgs, options?: ComponentResourceOptions) {
    super('holdfast:aws:MediaFleet', name, {}, options);
    const groupName = mediaFleetName(name);
    const patienceSeconds = args.patienceSeconds ?? 300;
    const place = placeOf(this);
    const group = new MachineGroup(
      name,
      {
        groupName,
        image: args.image,
        parts: args.parts,
        fixedAddresses: args.fixedAddresses ?? [],
        machineType: args.machineType,
        diskGb: args.diskGb,
        ...(args.spotShare === undefined ? {} : { spotShare: args.spotShare }),
        subnetIds: args.subnetIds,
        securityGroupIds: args.securityGroupIds,
        rights: [args.image.read, ...drainRights(place, groupName), ...args.rights],
        rule: {
          kind: 'drained',
          least: 0,
          most: args.most,
          initial: args.initial,
          patienceSeconds,
          wholeDrainMinutes: args.wholeDrainMinutes ?? 60,
        },
        needs: [...args.image.objects, ...(args.needs ?? [])],
        protect: args.protect ?? true,
        tags: args.tags,
        transform: args.transform,
      },
      { parent: this },
    );
    this.identity = output({ cloud: 'aws', place: place.region, name: group.groupName } as const);
    this.generation = group.generation;
    this.registerOutputs({ identity: this.identity, generation: this.generation });
  }
}
