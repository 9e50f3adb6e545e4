import type { GraphResource } from '../../cli/preview/graph.ts';

/**
 * The same graph in the words of Terraform, whose AWS provider is what @pulumi/aws is made from: types and properties by
 * rule, exceptions by table. What only AWS can say (ids) is put in with the shape that it would have.
 */
export function terraformJson(resources: readonly GraphResource[], version: string): object {
  const made: Record<string, Record<string, unknown>> = {};
  for (const { type, name, inputs } of resources) {
    if (type.startsWith('holdfast:')) continue;
    const terraform = terraformType(type);
    const body = properties(terraform, inputs);
    // Names that Pulumi makes up and Terraform demands.
    for (const key of demanded[terraform] ?? []) body[key] ??= name;
    if (terraform === 'aws_s3_object') body.source = '/dev/null';
    made[terraform] = { ...made[terraform], [name.replaceAll(/[^A-Za-z0-9_-]/g, '_')]: body };
  }
  return {
    terraform: { required_providers: { aws: { source: 'hashicorp/aws', version } } },
    provider: {
      aws: {
        region: 'eu-central-1',
        access_key: 'none',
        secret_key: 'none',
        skip_credentials_validation: true,
        skip_metadata_api_check: true,
        skip_requesting_account_id: true,
      },
    },
    resource: made,
  };
}

/** Types whose names differ by more than their spelling. */
const types: Readonly<Record<string, string>> = {
  'aws:autoscaling/group:Group': 'aws_autoscaling_group',
  'aws:autoscaling/lifecycleHook:LifecycleHook': 'aws_autoscaling_lifecycle_hook',
  'aws:lb/loadBalancer:LoadBalancer': 'aws_lb',
  'aws:lb/listener:Listener': 'aws_lb_listener',
  'aws:lb/targetGroup:TargetGroup': 'aws_lb_target_group',
  'aws:s3/bucketObjectv2:BucketObjectv2': 'aws_s3_object',
};
/** Modules whose name stands before the type's. */
const prefixed = new Set(['acm', 'elasticache', 'iam', 'route53', 's3', 'secretsmanager', 'vpc']);

/** Lists that Terraform writes as repeated blocks with a name in the singular. */
const singular: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  aws_autoscaling_group: {
    initialLifecycleHooks: 'initial_lifecycle_hook',
    overrides: 'override',
    tags: 'tag',
    vpcZoneIdentifiers: 'vpc_zone_identifier',
  },
  aws_lb_listener: { defaultActions: 'default_action' },
  aws_route53_record: { aliases: 'alias' },
  aws_route53_zone: { vpcs: 'vpc' },
};

const demanded: Readonly<Record<string, readonly string[]>> = {
  aws_elasticache_replication_group: ['replication_group_id'],
  aws_elasticache_subnet_group: ['name'],
};

function terraformType(type: string): string {
  const [, module = '', name = ''] = type.split(':');
  const [service = ''] = module.split('/');
  return types[type] ?? ['aws', ...(prefixed.has(service) ? [service] : []), snake(name).slice(1)].join('_');
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function properties(type: string, inputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => [
      singular[type]?.[key] ?? snake(key),
      // A map of tags has names of the user.
      key === 'tags' && !Array.isArray(value) ? value : converted(type, value),
    ]),
  );
}

function converted(type: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => converted(type, each));
  if (typeof value === 'object' && value !== null) return properties(type, { ...value });
  return typeof value === 'string' ? shaped(value) : value;
}

/** An id of a launch template as AWS makes it. */
function shaped(value: string): string {
  return /^(media|turn|control-plane)-id$/.test(value) ? 'lt-0123456789abcdef0' : value;
}
