import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const sdk = dirname(createRequire(import.meta.url).resolve('@pulumi/aws/package.json'));

/** What a type of resource is, as far as the engine must know it. */
export interface AwsResource {
  /** Inputs that the SDK knows, from its own declarations; true: required. */
  readonly inputs: ReadonlyMap<string, boolean>;
  /** Inputs whose change makes another resource. */
  readonly replacing: ReadonlySet<string>;
  /** The input that gets a generated name. */
  readonly named: string | undefined;
}

/**
 * Inputs whose change replaces, from `ForceNew` and `RequiresReplace` in the schemas of terraform-provider-aws, which
 * @pulumi/aws is made from.
 */
const replacing: Record<string, readonly string[]> = {
  'acm/certificate:Certificate': ['domainName', 'subjectAlternativeNames', 'validationMethod'],
  'acm/certificateValidation:CertificateValidation': ['certificateArn', 'validationRecordFqdns'],
  'autoscaling/group:Group': ['name', 'namePrefix', 'initialLifecycleHooks'],
  'autoscaling/lifecycleHook:LifecycleHook': ['name', 'autoscalingGroupName'],
  'ec2/eip:Eip': ['domain', 'address'],
  'ec2/internetGateway:InternetGateway': [],
  'ec2/launchTemplate:LaunchTemplate': ['name', 'namePrefix'],
  'ec2/route:Route': ['routeTableId', 'destinationCidrBlock'],
  'ec2/routeTable:RouteTable': ['vpcId'],
  'ec2/routeTableAssociation:RouteTableAssociation': ['subnetId'],
  'ec2/securityGroup:SecurityGroup': ['name', 'namePrefix', 'description', 'vpcId'],
  'ec2/subnet:Subnet': ['vpcId', 'availabilityZone', 'cidrBlock'],
  'ec2/vpc:Vpc': ['cidrBlock', 'instanceTenancy'],
  'ec2/vpcEndpoint:VpcEndpoint': ['vpcId', 'serviceName', 'vpcEndpointType'],
  'iam/instanceProfile:InstanceProfile': ['name', 'namePrefix', 'path'],
  'iam/role:Role': ['name', 'namePrefix', 'path'],
  'iam/rolePolicy:RolePolicy': ['role', 'name'],
  'lb/listener:Listener': ['loadBalancerArn'],
  'lb/loadBalancer:LoadBalancer': ['name', 'namePrefix', 'internal', 'loadBalancerType'],
  'lb/targetGroup:TargetGroup': ['name', 'namePrefix', 'port', 'protocol', 'vpcId', 'targetType'],
  'route53/record:Record': ['zoneId', 'name', 'type'],
  'route53/zone:Zone': ['name', 'delegationSetId'],
  's3/bucket:Bucket': ['bucket', 'bucketPrefix'],
  's3/bucketObjectv2:BucketObjectv2': ['bucket', 'key'],
  's3/bucketPublicAccessBlock:BucketPublicAccessBlock': ['bucket'],
  'secretsmanager/secret:Secret': ['name', 'namePrefix'],
  'vpc/securityGroupEgressRule:SecurityGroupEgressRule': ['securityGroupId'],
  'vpc/securityGroupIngressRule:SecurityGroupIngressRule': ['securityGroupId'],
};

const known = new Map<string, AwsResource>();

/** By token: `aws:ec2/vpc:Vpc`. A type that is not in the table is an error, because nobody has said what replaces it. */
export function awsResource(token: string): AwsResource {
  const found = known.get(token);
  if (found) return found;
  const [, module = '', name = ''] = token.split(':');
  const declared = join(sdk, `${module}.d.ts`);
  const replacedBy = replacing[`${module}:${name}`];
  if (!existsSync(declared) || !replacedBy) throw new Error(`the recorder does not know ${token}`);
  const body = new RegExp(`export interface ${name}Args \\{\n(.*?)\n\\}`, 's').exec(
    readFileSync(declared, 'utf8'),
  );
  const inputs = new Map(
    [...(body?.[1] ?? '').matchAll(/^ {4}([a-zA-Z0-9]+)(\??):/gm)].map(([, key = '', optional]) => [
      key,
      optional !== '?',
    ]),
  );
  if (inputs.size === 0) throw new Error(`${declared} declares no ${name}Args`);
  const named = ['name', 'bucket'].find((key) => inputs.get(key) === false && replacedBy.includes(key));
  const resource = { inputs, replacing: new Set(replacedBy), named };
  known.set(token, resource);
  return resource;
}
