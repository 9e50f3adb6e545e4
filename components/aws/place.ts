import { getCallerIdentityOutput } from '@pulumi/aws/getCallerIdentity.js';
import { getPartitionOutput } from '@pulumi/aws/getPartition.js';
import { getRegionOutput } from '@pulumi/aws/getRegion.js';
import { interpolate, type Output, type Resource } from '@pulumi/pulumi';

/** Where a component's provider makes things; ARNs are made of it. */
export interface Place {
  readonly region: Output<string>;
  /** `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE` */
  arn(service: string, resource: string | Output<string>): Output<string>;
  /** The same for services without regions and accounts in their ARNs. */
  globalArn(service: string, resource: string | Output<string>): Output<string>;
}

export function placeOf(parent: Resource): Place {
  const { region } = getRegionOutput({}, { parent });
  const { accountId } = getCallerIdentityOutput({}, { parent });
  const { partition } = getPartitionOutput({}, { parent });
  return {
    region,
    arn: (service, resource) => interpolate`arn:${partition}:${service}:${region}:${accountId}:${resource}`,
    globalArn: (service, resource) => interpolate`arn:${partition}:${service}:::${resource}`,
  };
}
