import { Eip, type EipArgs } from '@pulumi/aws/ec2/eip.js';
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  interpolate,
  type Output,
  output,
  type Resource,
} from '@pulumi/pulumi';
import type { Tags } from '../contract.ts';
import type { MachineParts } from '../machine-parts.ts';
import type { ClusterSecrets } from './cluster-secrets.ts';
import { drainRights } from './drain-hook.ts';
import { MachineGroup, type MachineGroupTransform } from './machine-group.ts';
import type { MediaServerImage } from './media-server-image.ts';
import { physicalName, tagsOf } from './naming.ts';
import { type Place, placeOf } from './place.ts';
import type { Statement } from './policy.ts';
import { type Transform, transformed } from './transform.ts';

/** The TURN servers' own machines; without them another machine takes the addresses. */
export interface TurnMachines {
  image: MediaServerImage;
  parts: Input<MachineParts>;
  machineType: string;
  diskGb: number;
  patienceSeconds?: number | undefined;
  subnetIds: Input<Input<string>[]>;
  securityGroupIds: Input<string>[];
  needs?: readonly Resource[] | undefined;
}

export interface TurnFleetArgs {
  /** Servers, each with a fixed address. */
  servers: number;
  secrets: ClusterSecrets;
  machines?: TurnMachines | undefined;
  /** Whether the engine refuses to delete or replace it. Default: true. */
  protect?: boolean | undefined;
  tags?: Tags | undefined;
  transform?: (MachineGroupTransform & { address?: Transform<EipArgs> }) | undefined;
}

/**
 * TURN servers with fixed public addresses. A machine
 * takes an address that is free when it starts. The addresses stay when the servers get machines of their own, so that
 * those who still use an old one are not cut off.
 *
 * Costs: $0.005/h for each address; t3.small $0.021/h each; relayed traffic $0.09 a GB.
 *
 * ```ts
 * new TurnFleet('turn', { servers: 2, secrets, machines: { image, parts, machineType: 't3.small', diskGb: 10, subnetIds, securityGroupIds } });
 * ```
 */
export class TurnFleet extends ComponentResource {
  readonly addresses: Output<string[]>;
  readonly allocationIds: Output<string[]>;
  /** The rights to take one of the addresses, for machines of the group of that name. */
  readonly takeAddress: (groupName: string) => readonly Statement[];

  constructor(name: string, args: TurnFleetArgs, options?: ComponentResourceOptions) {
    super('holdfast:aws:TurnFleet', name, {}, options);
    const protect = args.protect ?? true;
    const tags = tagsOf(name, args.tags);
    const place = placeOf(this);

    const addresses = Array.from(
      { length: args.servers },
      (_, index) =>
        new Eip(
          `${name}-${index + 1}`,
          transformed(args.transform?.address, {
            domain: 'vpc',
            tags: { ...tags, Name: `${tags.Name}-${index + 1}` },
          }),
          { parent: this, protect },
        ),
    );
    this.addresses = output(addresses.map(({ publicIp }) => publicIp));
    this.allocationIds = output(addresses.map(({ allocationId }) => allocationId));
    this.takeAddress = (groupName) =>
      addressRights(
        place,
        addresses.map(({ allocationId }) => allocationId),
        groupName,
      );
    if (args.machines) this.#machines(name, args.machines, { ...args, protect }, place, addresses);
    this.registerOutputs({ addresses: this.addresses });
  }

  #machines(
    name: string,
    own: TurnMachines,
    args: TurnFleetArgs,
    place: Place,
    addresses: readonly Resource[],
  ) {
    const groupName = physicalName(name);
    const patienceSeconds = own.patienceSeconds ?? 300;
    new MachineGroup(
      name,
      {
        groupName,
        image: own.image,
        parts: own.parts,
        fixedAddresses: this.allocationIds,
        machineType: own.machineType,
        diskGb: own.diskGb,
        subnetIds: own.subnetIds,
        securityGroupIds: own.securityGroupIds,
        rights: [
          own.image.read,
          args.secrets.readCluster,
          args.secrets.readTurn,
          ...this.takeAddress(groupName),
          ...drainRights(place, groupName),
        ],
        // Nobody scales them: AWS itself keeps one for each address, and replaces one that has failed.
        rule: {
          kind: 'drained',
          least: args.servers,
          most: args.servers,
          initial: args.servers,
          patienceSeconds,
          wholeDrainMinutes: 60,
        },
        needs: [...own.image.objects, ...(own.needs ?? []), ...addresses],
        protect: args.protect ?? true,
        tags: args.tags,
        transform: args.transform,
      },
      { parent: this },
    );
  }
}

/** What a machine needs to take one of the addresses: these addresses, and no machine but those of its own group. */
function addressRights(place: Place, allocationIds: Output<string>[], groupName: string): Statement[] {
  return [
    { sid: 'FindAddress', actions: ['ec2:DescribeAddresses'], resources: ['*'] },
    {
      sid: 'TakeAddress',
      actions: ['ec2:AssociateAddress'],
      resources: allocationIds.map((id) => place.arn('ec2', interpolate`elastic-ip/${id}`)),
    },
    {
      sid: 'TakeAddressForOwnKind',
      actions: ['ec2:AssociateAddress'],
      resources: [place.arn('ec2', 'instance/*'), place.arn('ec2', 'network-interface/*')],
      condition: { StringEquals: { 'aws:ResourceTag/holdfast:group': groupName } },
    },
  ];
}
