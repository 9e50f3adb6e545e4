import type { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { Route53Client } from '@aws-sdk/client-route-53';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** Where and as whom AWS is spoken to. */
export interface AwsAccess {
  readonly region: string;
  /** Another address than AWS's own, for emulators and tests. */
  readonly endpoint?: string | undefined;
  /** Absent: the machine's own, by its role. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** The longest that one call may take, ms. */
  readonly timeoutMs?: number | undefined;
}

export type AutoScalingSdk = typeof import('@aws-sdk/client-auto-scaling');
export type Ec2Sdk = typeof import('@aws-sdk/client-ec2');
type NamesSdk = typeof import('@aws-sdk/client-route-53');
type SecretsSdk = typeof import('@aws-sdk/client-secrets-manager');

export interface Opened<S, C> {
  readonly sdk: S;
  readonly client: C;
}

/** The only way to the SDK. It is large, so it is loaded at the first call, and only the part that is called. */
export async function openAutoScaling(access: AwsAccess): Promise<Opened<AutoScalingSdk, AutoScalingClient>> {
  const sdk = await import('@aws-sdk/client-auto-scaling');
  return { sdk, client: new sdk.AutoScalingClient(settings(access)) };
}

export async function openEc2(access: AwsAccess): Promise<Opened<Ec2Sdk, EC2Client>> {
  const sdk = await import('@aws-sdk/client-ec2');
  return { sdk, client: new sdk.EC2Client(settings(access)) };
}

export async function openNames(access: AwsAccess): Promise<Opened<NamesSdk, Route53Client>> {
  const sdk = await import('@aws-sdk/client-route-53');
  return { sdk, client: new sdk.Route53Client(settings(access)) };
}

export async function openSecrets(access: AwsAccess): Promise<Opened<SecretsSdk, SecretsManagerClient>> {
  const sdk = await import('@aws-sdk/client-secrets-manager');
  return { sdk, client: new sdk.SecretsManagerClient(settings(access)) };
}

const CALL_TIMEOUT_MS = 5000;

function settings({ region, endpoint, credentials, timeoutMs = CALL_TIMEOUT_MS }: AwsAccess) {
  return {
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    // The SDK would send a termination again whose answer was lost, and the group would want two fewer.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: Math.min(2000, timeoutMs),
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
    },
  };
}
