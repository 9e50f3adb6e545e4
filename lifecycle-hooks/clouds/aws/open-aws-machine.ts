import { AwsMetadata } from '@holdfast/media-server/machine/aws-metadata.ts';
import { AwsMachine } from './aws-machine.ts';
import type { AwsAccess } from './aws-sdk.ts';
import { Ec2Api } from './ec2-api.ts';
import { NameApi } from './name-api.ts';
import { SecretApi } from './secret-api.ts';

/** What this machine asks of AWS when it boots, with its own connections. */
export function openAwsMachine({
  metadataEndpoint,
  ...access
}: AwsAccess & { readonly metadataEndpoint?: string | undefined }): AwsMachine {
  return new AwsMachine({
    metadata: new AwsMetadata({ endpoint: metadataEndpoint }),
    ec2: new Ec2Api(access),
    names: new NameApi(access),
    secrets: new SecretApi(access),
  });
}
