import { AwsMetadata, type AwsMetadataOptions } from '@holdfast/media-server/machine/aws-metadata.ts';
import { AutoScalingApi } from './auto-scaling-api.ts';
import { AwsNoticeSource, type AwsNoticeSourceOptions } from './aws-notice-source.ts';
import type { AwsAccess } from './aws-sdk.ts';
import { TerminationMemory } from './termination-memory.ts';

export interface AwsNoticesOptions extends Omit<AwsNoticeSourceOptions, 'api' | 'metadata' | 'memory'> {
  readonly access: AwsAccess;
  readonly metadata?: AwsMetadataOptions;
  /** Where what was told of the termination is kept; a boot must empty it. */
  readonly memoryFile: string;
}

/** The notices of this machine, with its own connections to its metadata and to Auto Scaling. */
export function openAwsNotices({
  access,
  metadata,
  memoryFile,
  ...options
}: AwsNoticesOptions): AwsNoticeSource {
  return new AwsNoticeSource({
    ...options,
    api: new AutoScalingApi(access),
    metadata: new AwsMetadata(metadata),
    memory: new TerminationMemory(memoryFile, options.instanceId),
  });
}
