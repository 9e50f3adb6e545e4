import { Zone } from '@pulumi/aws/route53/zone.js';
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  type Resource,
} from '@pulumi/pulumi';
import type { Tags } from '../contract.ts';
import type { MachineParts } from '../machine-parts.ts';
import type { ClusterSecrets } from './cluster-secrets.ts';
import { groupArn } from './drain-hook.ts';
import { MachineGroup, type MachineGroupTransform } from './machine-group.ts';
import type { MediaServerImage } from './media-server-image.ts';
import { physicalName, privateNames, tagsOf } from './naming.ts';
import { placeOf } from './place.ts';
import type { Statement } from './policy.ts';

/** The control plane's own machines; without them another machine plays its part. */
export interface ControlPlaneMachines {
  image: MediaServerImage;
  /** What they are, once the zone that is made here is known. */
  parts: (zone: string) => Output<MachineParts>;
  machineType: string;
  diskGb: number;
  replicas: number;
  targetGroupArns: Input<Input<string>[]>;
  subnetIds: Input<Input<string>[]>;
  securityGroupIds: Input<string>[];
  /** What they may do beside their own part: reach the state store. */
  rights: readonly Statement[];
  needs?: readonly Resource[] | undefined;
}

export interface ControlPlaneArgs {
  vpcId: Input<string>;
  secrets: ClusterSecrets;
  /** Physical names of the groups that its autoscaler drives. */
  fleets: readonly string[];
  machines?: ControlPlaneMachines | undefined;
  /** Whether the engine refuses to delete its private name. Default: true. */
  protect?: boolean | undefined;
  tags?: Tags | undefined;
  transform?: MachineGroupTransform | undefined;
}

/**
 * What makes a control plane: a private name under which media nodes find it, wherever it runs; its rights; and, above
 * phase `single`, machines of its own. These hold nothing that is not rebuilt from the nodes, so AWS may replace them.
 *
 * Costs: private zone $0.50 a month; t3.small $0.021/h and $0.005/h for its public address.
 *
 * ```ts
 * const controlPlane = new ControlPlane('control-plane', { vpcId: network.vpcId, secrets, fleets: [mediaFleetName('media')] });
 * ```
 */
export class ControlPlane extends ComponentResource {
  /** Of the private name. */
  readonly zoneId: Output<string>;
  /** The rights of whoever plays the control plane's part. */
  readonly rights: readonly Statement[];
  /** Its own group, which media nodes need until the last is drained; none in phase single. */
  readonly machines: readonly Resource[];

  constructor(name: string, args: ControlPlaneArgs, options?: ComponentResourceOptions) {
    super('holdfast:aws:ControlPlane', name, {}, options);
    const kept = { parent: this, protect: args.protect ?? true };
    const tags = tagsOf(name, args.tags);
    const place = placeOf(this);
    const { zone: zoneName, controlPlane: privateName } = privateNames();

    // The record in it is kept by the control plane itself and goes with the zone.
    const zone = new Zone(
      name,
      { name: zoneName, vpcs: [{ vpcId: args.vpcId }], forceDestroy: true, comment: 'Holdfast', tags },
      kept,
    );
    this.zoneId = zone.zoneId;
    this.rights = [
      args.secrets.makeUp,
      {
        sid: 'KeepPrivateName',
        actions: ['route53:ChangeResourceRecordSets'],
        resources: [zone.arn],
        condition: {
          'ForAllValues:StringEquals': {
            'route53:ChangeResourceRecordSetsNormalizedRecordNames': [privateName],
          },
        },
      },
      {
        sid: 'SeeFleets',
        actions: [
          'autoscaling:DescribeAutoScalingGroups',
          'autoscaling:DescribeInstanceRefreshes',
          'autoscaling:DescribeScalingActivities',
          'ec2:DescribeInstances',
          'ec2:DescribeInstanceTypes',
        ],
        resources: ['*'],
      },
      {
        sid: 'DriveFleets',
        actions: [
          'autoscaling:LaunchInstances',
          'autoscaling:SetDesiredCapacity',
          'autoscaling:TerminateInstanceInAutoScalingGroup',
        ],
        resources: args.fleets.map((fleet) => groupArn(place, fleet)),
      },
    ];
    this.machines = args.machines ? [this.#machines(name, args.machines, args)] : [];
    this.registerOutputs({ zoneId: this.zoneId });
  }

  #machines(name: string, own: ControlPlaneMachines, args: ControlPlaneArgs) {
    const groupName = physicalName(name);
    return new MachineGroup(
      name,
      {
        groupName,
        image: own.image,
        parts: this.zoneId.apply(own.parts),
        machineType: own.machineType,
        diskGb: own.diskGb,
        subnetIds: own.subnetIds,
        securityGroupIds: own.securityGroupIds,
        rights: [own.image.read, ...this.rights, ...own.rights],
        rule: { kind: 'replaceable', count: own.replicas, targetGroupArns: own.targetGroupArns },
        needs: [...own.image.objects, ...(own.needs ?? [])],
        protect: args.protect ?? true,
        tags: args.tags,
        transform: args.transform,
      },
      { parent: this },
    );
  }
}
