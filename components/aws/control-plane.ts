import { Zone } from '@pulumi/aws/route53/zone.js';
import { Secret } from '@pulumi/aws/secretsmanager/secret.js';
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  output,
  type Resource,
} from '@pulumi/pulumi';
import type { Tags } from '../contract.ts';
import type { MachineParts } from '../machine-parts.ts';
import { groupArn } from './drain-hook.ts';
import { MachineGroup, type MachineGroupTransform } from './machine-group.ts';
import type { MediaServerImage } from './media-server-image.ts';
import { physicalName, privateNames, tagsOf } from './naming.ts';
import { placeOf } from './place.ts';
import type { Statement } from './policy.ts';

/** Names that whoever plays the control plane's part must know. */
export interface ControlPlaneNames {
  readonly zone: string;
  readonly clusterSecret: string;
  readonly ownSecret: string;
}

/** The control plane's own machines; without them another machine plays its part. */
export interface ControlPlaneMachines {
  image: MediaServerImage;
  /** What they are, once the names that are made here are known. */
  parts: (own: ControlPlaneNames) => Output<MachineParts>;
  machineType: string;
  diskGb: number;
  replicas: number;
  targetGroupArns: Input<Input<string>[]>;
  subnetIds: Input<Input<string>[]>;
  securityGroupIds: Input<string>[];
  /** What they may do beside their own part: the TURN secret, the state store. */
  rights: readonly Statement[];
  needs?: readonly Resource[] | undefined;
}

export interface ControlPlaneArgs {
  vpcId: Input<string>;
  /** Physical names of the groups that its autoscaler drives. */
  fleets: readonly string[];
  machines?: ControlPlaneMachines | undefined;
  /** Whether the engine refuses to delete its secrets and its private name. Default: true. */
  protect?: boolean | undefined;
  tags?: Tags | undefined;
  transform?: MachineGroupTransform | undefined;
}

/**
 * What makes a control plane: a private name under which media nodes find it, wherever it runs; the secrets of the
 * cluster and of the API, which the first control plane makes up, so that they are in nobody's state; and, above phase
 * `single`, machines of its own. These hold nothing that is not rebuilt from the nodes, so AWS may replace them.
 *
 * Costs: private zone $0.50 and two secrets $0.80 a month; t3.small $0.021/h and $0.005/h for its public address.
 *
 * ```ts
 * const controlPlane = new ControlPlane('control-plane', { vpcId: network.vpcId, fleets: [mediaFleetName('media')] });
 * ```
 */
export class ControlPlane extends ComponentResource {
  readonly names: Output<ControlPlaneNames>;
  /** The right of every machine to the secret of the cluster. */
  readonly readClusterSecret: Statement;
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
    const cluster = new Secret(
      `${name}-cluster`,
      { description: 'Gateways, nodes and control plane among themselves', recoveryWindowInDays: 7, tags },
      kept,
    );
    const own = new Secret(
      `${name}-own`,
      { description: 'Participants’ tokens, API key and operator’s token', recoveryWindowInDays: 7, tags },
      kept,
    );
    this.names = output({ zone: zone.zoneId, clusterSecret: cluster.name, ownSecret: own.name });
    this.readClusterSecret = {
      sid: 'ReadClusterSecret',
      actions: ['secretsmanager:GetSecretValue'],
      resources: [cluster.arn],
    };
    this.rights = [
      {
        sid: 'MakeUpSecretsOnce',
        actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
        resources: [cluster.arn, own.arn],
      },
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
          'autoscaling:DescribeAutoScalingInstances',
          'autoscaling:DescribeScalingActivities',
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
    this.registerOutputs({ names: this.names });
  }

  #machines(name: string, own: ControlPlaneMachines, args: ControlPlaneArgs) {
    const groupName = physicalName(name);
    return new MachineGroup(
      name,
      {
        groupName,
        image: own.image,
        parts: this.names.apply(own.parts),
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
