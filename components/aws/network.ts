import { InternetGateway } from '@pulumi/aws/ec2/internetGateway.js';
import { Route } from '@pulumi/aws/ec2/route.js';
import { RouteTable } from '@pulumi/aws/ec2/routeTable.js';
import { RouteTableAssociation } from '@pulumi/aws/ec2/routeTableAssociation.js';
import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import { Subnet, type SubnetArgs } from '@pulumi/aws/ec2/subnet.js';
import { Vpc, type VpcArgs } from '@pulumi/aws/ec2/vpc.js';
import { VpcEndpoint } from '@pulumi/aws/ec2/vpcEndpoint.js';
import { SecurityGroupEgressRule } from '@pulumi/aws/vpc/securityGroupEgressRule.js';
import { SecurityGroupIngressRule } from '@pulumi/aws/vpc/securityGroupIngressRule.js';
import {
  ComponentResource,
  type ComponentResourceOptions,
  interpolate,
  type Output,
  output,
  type Resource,
} from '@pulumi/pulumi';
import type { Tags } from '../contract.ts';
import { type FirewallRole, firewallRoles, firewallRules } from './firewall-rules.ts';
import { tagsOf } from './naming.ts';
import { placeOf } from './place.ts';
import { subnetCidr } from './subnet-cidr.ts';
import { type Transform, transformed } from './transform.ts';

export interface NetworkArgs {
  /** Private addresses, /16 to /24. */
  cidr: string;
  /** One subnet each; named, so that none changes by itself. */
  zones: readonly string[];
  /** Whether the engine refuses to delete or replace it. Default: true. */
  protect?: boolean | undefined;
  tags?: Tags | undefined;
  transform?: { vpc?: Transform<VpcArgs>; subnet?: Transform<SubnetArgs> } | undefined;
}

/**
 * A network with a public subnet in each zone, and one security group for each thing a machine can be. Machines have public
 * addresses of their own: media goes straight to them, and no NAT gateway is paid for. The object store is reached
 * inside the cloud's network. The firewall is the same in every phase, so that moving a stack up closes no port under a
 * meeting: what changes is which machines are in which group.
 *
 * Costs nothing by itself; public addresses are $0.005/h each and belong to the machines.
 *
 * ```ts
 * const network = new Network('network', { cidr: '10.64.0.0/16', zones: ['eu-central-1a', 'eu-central-1b'] });
 * ```
 */
export class Network extends ComponentResource {
  readonly vpcId: Output<string>;
  readonly subnetIds: Output<string[]>;
  readonly securityGroups: Readonly<Record<FirewallRole, Output<string>>>;
  /** Without these a machine reaches nobody: whatever holds machines depends on them, so that they go after it. */
  readonly routes: readonly Resource[];

  constructor(name: string, args: NetworkArgs, options?: ComponentResourceOptions) {
    super('holdfast:aws:Network', name, {}, options);
    const inside = { parent: this };
    const kept = { parent: this, protect: args.protect ?? true };
    const tags = tagsOf(name, args.tags);

    const vpc = new Vpc(
      name,
      transformed(args.transform?.vpc, {
        cidrBlock: args.cidr,
        enableDnsHostnames: true,
        enableDnsSupport: true,
        tags,
      }),
      kept,
    );
    const gateway = new InternetGateway(`${name}-gateway`, { vpcId: vpc.id, tags }, kept);
    const table = new RouteTable(`${name}-public`, { vpcId: vpc.id, tags }, kept);
    const way = new Route(
      `${name}-internet`,
      { routeTableId: table.id, destinationCidrBlock: '0.0.0.0/0', gatewayId: gateway.id },
      kept,
    );
    const store = new VpcEndpoint(
      `${name}-object-store`,
      {
        vpcId: vpc.id,
        vpcEndpointType: 'Gateway',
        serviceName: interpolate`com.amazonaws.${placeOf(this).region}.s3`,
        routeTableIds: [table.id],
        tags,
      },
      inside,
    );

    const zones = [...new Set(args.zones)].map((zone) => {
      const subnet = new Subnet(
        `${name}-${zone}`,
        transformed(args.transform?.subnet, {
          vpcId: vpc.id,
          availabilityZone: zone,
          cidrBlock: subnetCidr(args.cidr, zone),
          mapPublicIpOnLaunch: true,
          tags: { ...tags, Name: `${tags.Name}-${zone}` },
        }),
        kept,
      );
      const association = new RouteTableAssociation(
        `${name}-${zone}`,
        { subnetId: subnet.id, routeTableId: table.id },
        kept,
      );
      return { subnet, association };
    });

    const groups = firewall(name, vpc.id, tags, this, kept.protect);
    this.vpcId = vpc.id;
    this.subnetIds = output(zones.map(({ subnet }) => subnet.id));
    this.securityGroups = groups.ids;
    this.routes = [way, store, ...zones.map(({ association }) => association), ...groups.rules];
    this.registerOutputs({ vpcId: this.vpcId, subnetIds: this.subnetIds });
  }
}

/** A security group for each role and its rules. Groups have generated names, so that one could be replaced in use. */
function firewall(
  name: string,
  vpcId: Output<string>,
  tags: Record<string, string>,
  parent: Resource,
  protect: boolean,
) {
  const group = (role: FirewallRole) =>
    new SecurityGroup(
      `${name}-${role}`,
      { vpcId, description: `Holdfast: ${role}`, tags: { ...tags, Name: `${tags.Name}-${role}` } },
      { parent, protect },
    ).id;
  const ids = {
    entrance: group('entrance'),
    'control-plane': group('control-plane'),
    media: group('media'),
    turn: group('turn'),
  };
  const rules: Resource[] = firewallRoles.map(
    (role) =>
      new SecurityGroupEgressRule(
        `${name}-${role}-out`,
        { securityGroupId: ids[role], ipProtocol: '-1', cidrIpv4: '0.0.0.0/0', tags },
        { parent },
      ),
  );
  for (const { to, from, protocol, first, last, why } of firewallRules) {
    rules.push(
      new SecurityGroupIngressRule(
        `${name}-${to}-from-${from}-${protocol}-${first}`,
        {
          securityGroupId: ids[to],
          ipProtocol: protocol,
          fromPort: first,
          toPort: last,
          ...(from === 'everywhere' ? { cidrIpv4: '0.0.0.0/0' } : { referencedSecurityGroupId: ids[from] }),
          description: why,
          tags,
        },
        { parent },
      ),
    );
  }
  return { ids, rules };
}
