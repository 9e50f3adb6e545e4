import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import { ReplicationGroup, type ReplicationGroupArgs } from '@pulumi/aws/elasticache/replicationGroup.js';
import { SubnetGroup } from '@pulumi/aws/elasticache/subnetGroup.js';
import { User } from '@pulumi/aws/elasticache/user.js';
import { UserGroup } from '@pulumi/aws/elasticache/userGroup.js';
import { SecurityGroupIngressRule } from '@pulumi/aws/vpc/securityGroupIngressRule.js';
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  interpolate,
  type Output,
} from '@pulumi/pulumi';
import type { Tags } from '../contract.ts';
import { physicalName, tagsOf } from './naming.ts';
import type { Statement } from './policy.ts';
import { type Transform, transformed } from './transform.ts';

const PORT = 6379;

export interface StateStoreArgs {
  vpcId: Input<string>;
  subnetIds: Input<Input<string>[]>;
  /** Who may connect. */
  clientSecurityGroupId: Input<string>;
  /** `cache.t4g.small` */
  machineType: string;
  tags?: Tags | undefined;
  transform?: { store?: Transform<ReplicationGroupArgs> } | undefined;
}

/**
 * The common memory of several control planes: Valkey with a replica in another zone, encrypted, entered with the machine's
 * own identity instead of a password, so that there is none to keep. What it holds is soft: lost, it is rebuilt from the
 * media nodes, so it may be replaced and has no backups.
 *
 * Costs: two cache.t4g.small $0.026/h each.
 *
 * ```ts
 * new StateStore('store', { vpcId, subnetIds, clientSecurityGroupId: network.securityGroups['control-plane'], machineType: 'cache.t4g.small' });
 * ```
 */
export class StateStore extends ComponentResource {
  readonly url: Output<string>;
  /** The right to enter, for control planes' roles. */
  readonly connect: Statement;

  constructor(name: string, args: StateStoreArgs, options?: ComponentResourceOptions) {
    super('holdfast:aws:StateStore', name, {}, options);
    const inside = { parent: this };
    const tags = tagsOf(name, args.tags);
    const userName = physicalName(name);

    const subnets = new SubnetGroup(name, { subnetIds: args.subnetIds, tags }, inside);
    const firewall = new SecurityGroup(
      name,
      { vpcId: args.vpcId, description: 'Holdfast: state store', tags },
      inside,
    );
    new SecurityGroupIngressRule(
      `${name}-from-control-plane`,
      {
        securityGroupId: firewall.id,
        referencedSecurityGroupId: args.clientSecurityGroupId,
        ipProtocol: 'tcp',
        fromPort: PORT,
        toPort: PORT,
        description: 'Control planes',
        tags,
      },
      inside,
    );
    const user = new User(
      name,
      {
        userId: userName,
        userName,
        engine: 'valkey',
        accessString: 'on ~holdfast:* &holdfast:* +@all -@admin -@dangerous',
        authenticationMode: { type: 'iam' },
        tags,
      },
      inside,
    );
    const users = new UserGroup(
      name,
      { userGroupId: userName, engine: 'valkey', userIds: [user.userId], tags },
      inside,
    );
    const store = new ReplicationGroup(
      name,
      transformed(args.transform?.store, {
        description: 'Holdfast: what control planes share',
        engine: 'valkey',
        engineVersion: '8.0',
        nodeType: args.machineType,
        numCacheClusters: 2,
        automaticFailoverEnabled: true,
        multiAzEnabled: true,
        transitEncryptionEnabled: true,
        atRestEncryptionEnabled: true,
        userGroupIds: [users.userGroupId],
        subnetGroupName: subnets.name,
        securityGroupIds: [firewall.id],
        port: PORT,
        snapshotRetentionLimit: 0,
        applyImmediately: true,
        tags,
      }),
      inside,
    );
    this.url = interpolate`rediss://${userName}@${store.primaryEndpointAddress}:${PORT}`;
    this.connect = {
      sid: 'EnterStateStore',
      actions: ['elasticache:Connect'],
      resources: [store.arn, user.arn],
    };
    this.registerOutputs({ url: this.url });
  }
}
