import { Group, type GroupArgs } from '@pulumi/aws/autoscaling/group.js';
import { LaunchTemplate, type LaunchTemplateArgs } from '@pulumi/aws/ec2/launchTemplate.js';
import { InstanceProfile } from '@pulumi/aws/iam/instanceProfile.js';
import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
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
import { drainHook } from './drain-hook.ts';
import { DrainPolicy } from './drain-policy.ts';
import { groupProblems, ignoredChanges } from './group-safety.ts';
import type { MediaServerImage } from './media-server-image.ts';
import { tagsOf } from './naming.ts';
import { placeOf } from './place.ts';
import { assumedByMachines, policyDocument, type Statement } from './policy.ts';
import { type Transform, transformed } from './transform.ts';
import { userData } from './user-data.ts';

export interface MachineGroupTransform {
  template?: Transform<LaunchTemplateArgs>;
  group?: Transform<GroupArgs>;
}

/** Who decides how many machines there are, and what becomes of a machine when its template changes. */
export type GroupRule =
  /**
   * Meetings or relays live on its machines. Nothing but a release ends one; a new template is a new generation that waits
   * until the old one is drained. AWS itself keeps at least `least`, the autoscaler decides above.
   */
  | {
      kind: 'drained';
      least: number;
      most: number;
      initial: number;
      patienceSeconds: number;
      wholeDrainMinutes: number;
    }
  /** Nothing lives on its machines: AWS replaces them one after the other, the new one first. */
  | { kind: 'replaceable'; count: number; targetGroupArns: Input<Input<string>[]> };

export interface MachineGroupArgs {
  groupName: string;
  image: MediaServerImage;
  parts: Input<MachineParts>;
  /** Allocation ids of fixed addresses that its machines take. Default: none. */
  fixedAddresses?: Input<Input<string>[]> | undefined;
  machineType: string;
  diskGb: number;
  /** Share of machines above the first that are Spot. Default: 0. */
  spotShare?: number | undefined;
  subnetIds: Input<Input<string>[]>;
  securityGroupIds: Input<string>[];
  /** What its machines may do in the cloud. */
  rights: readonly Statement[];
  rule: GroupRule;
  /** What its machines need until the last of them is gone: routes, firewall, whom they talk to. */
  needs: readonly Resource[];
  protect: boolean;
  tags?: Tags | undefined;
  transform?: MachineGroupTransform | undefined;
}

/**
 * Machines of one kind: role, launch template, Auto Scaling group, and for machines that drain their hook. Used by
 * `MediaFleet`, `TurnFleet` and `ControlPlane`, which say what the machines are.
 */
export class MachineGroup extends ComponentResource {
  readonly groupName: Output<string>;
  /** Version of the launch template: what new machines are launched from. */
  readonly generation: Output<string>;

  constructor(name: string, args: MachineGroupArgs, options?: ComponentResourceOptions) {
    super('holdfast:aws:MachineGroup', name, {}, options);
    const inside = { parent: this };
    const tags = { ...tagsOf(name, args.tags), 'holdfast:group': args.groupName };
    const drained = args.rule.kind === 'drained';

    const role = new Role(name, { assumeRolePolicy: assumedByMachines, tags }, inside);
    const rights = new RolePolicy(name, { role: role.name, policy: policyDocument(args.rights) }, inside);
    const profile = new InstanceProfile(name, { role: role.name, tags }, inside);
    const script = firstBoot(args, placeOf(this).region);
    const template = new LaunchTemplate(name, launchTemplate(args, tags, profile.arn, script), inside);
    const version = template.latestVersion.apply(String);

    const groupArgs = transformed(args.transform?.group, {
      ...common(args, tags),
      ...machines(args, template, version),
      ...rule(args.rule),
    });
    const problems = drained ? groupProblems(groupArgs, version) : [];
    if (problems.length > 0) throw new Error(`group ${name} could end meetings:\n  ${problems.join('\n  ')}`);
    const group = new Group(name, groupArgs, {
      parent: this,
      protect: drained && args.protect,
      ignoreChanges: drained ? ignoredChanges : [],
      // Its machines drain when it goes, and they need their rights, their network and each other for that.
      customTimeouts: { delete: `${deleteMinutes(args.rule)}m` },
      dependsOn: [rights, ...args.needs],
    });
    if (args.rule.kind === 'drained') {
      new DrainPolicy(
        `${name}-drain`,
        { groupName: group.name, patienceSeconds: args.rule.patienceSeconds, protect: args.protect },
        inside,
      );
    }
    this.groupName = group.name;
    this.generation = version;
    this.registerOutputs({ groupName: this.groupName, generation: this.generation });
  }
}

function launchTemplate(
  args: MachineGroupArgs,
  tags: Record<string, string>,
  profileArn: Output<string>,
  script: Output<string>,
): LaunchTemplateArgs {
  return transformed(args.transform?.template, {
    imageId: args.image.machineImage,
    instanceType: args.machineType,
    updateDefaultVersion: true,
    iamInstanceProfile: { arn: profileArn },
    metadataOptions: {
      httpEndpoint: 'enabled',
      httpTokens: 'required',
      httpPutResponseHopLimit: 1,
      instanceMetadataTags: 'enabled',
    },
    networkInterfaces: [
      {
        deviceIndex: 0,
        associatePublicIpAddress: 'true',
        deleteOnTermination: 'true',
        securityGroups: args.securityGroupIds,
      },
    ],
    blockDeviceMappings: [
      {
        deviceName: '/dev/xvda',
        ebs: { encrypted: 'true', volumeType: 'gp3', volumeSize: args.diskGb, deleteOnTermination: 'true' },
      },
    ],
    // Tags of the provider do not reach what a group launches.
    tagSpecifications: ['instance', 'volume', 'network-interface'].map((resourceType) => ({
      resourceType,
      tags,
    })),
    tags,
    userData: script.apply((text) => Buffer.from(text).toString('base64')),
  });
}

/** The script that a machine starts with: its parts, and what it must know of AWS. */
function firstBoot({ image, rule, ...args }: MachineGroupArgs, region: Output<string>): Output<string> {
  const hook = rule.kind === 'drained' ? drainHook(rule.patienceSeconds) : undefined;
  return output({
    bucket: image.bucket,
    parts: args.parts,
    region,
    fixedAddresses: args.fixedAddresses ?? [],
  }).apply(({ bucket, parts, region, fixedAddresses }) =>
    userData(
      { bucket, key: image.key, sha256: image.sha256 },
      {
        ...parts,
        cloud: {
          kind: 'aws',
          region,
          group: args.groupName,
          fixedAddresses,
          ...(hook ? { drainHook: { name: hook.name, heartbeatSeconds: hook.heartbeatTimeout } } : {}),
        },
      },
    ),
  );
}

function common(args: MachineGroupArgs, tags: Record<string, string>) {
  return {
    name: args.groupName,
    vpcZoneIdentifiers: args.subnetIds,
    capacityRebalance: false,
    // The number of machines is not the engine's affair; it would wait for one that the autoscaler has changed.
    waitForCapacityTimeout: '0',
    forceDelete: false,
    tags: Object.entries(tags).map(([key, value]) => ({ key, value, propagateAtLaunch: true })),
  };
}

/** What machines are launched from: the template alone, or mixed with Spot above the first. */
function machines(args: MachineGroupArgs, template: LaunchTemplate, version: Output<string>) {
  const share = args.spotShare ?? 0;
  if (share === 0) return { launchTemplate: { id: template.id, version } };
  return {
    mixedInstancesPolicy: {
      launchTemplate: {
        launchTemplateSpecification: { launchTemplateId: template.id, version },
        overrides: [{ instanceType: args.machineType }],
      },
      instancesDistribution: {
        onDemandBaseCapacity: 1,
        onDemandPercentageAboveBaseCapacity: Math.round((1 - share) * 100),
        spotAllocationStrategy: 'price-capacity-optimized',
      },
    },
  };
}

function rule(rule: GroupRule): Omit<GroupArgs, 'launchTemplate' | 'mixedInstancesPolicy'> {
  if (rule.kind === 'replaceable') {
    return {
      minSize: rule.count,
      desiredCapacity: rule.count,
      // Room for the new ones beside the old while they are replaced.
      maxSize: rule.count * 2,
      targetGroupArns: rule.targetGroupArns,
      healthCheckType: 'ELB',
      healthCheckGracePeriod: 300,
      instanceRefresh: {
        strategy: 'Rolling',
        preferences: { minHealthyPercentage: 100, maxHealthyPercentage: 200, instanceWarmup: '60' },
      },
    };
  }
  return {
    minSize: rule.least,
    maxSize: rule.most,
    desiredCapacity: rule.initial,
    initialLifecycleHooks: [{ ...drainHook(rule.patienceSeconds) }],
    protectFromScaleIn: true,
    suspendedProcesses: ['AZRebalance', 'InstanceRefresh'],
    healthCheckType: 'EC2',
    healthCheckGracePeriod: 300,
  };
}

/** All machines may drain at once when the group goes, and the last one launches, drains and ends as well. */
function deleteMinutes(rule: GroupRule): number {
  return rule.kind === 'drained' ? Math.max(180, rule.wholeDrainMinutes + 60) : 30;
}
