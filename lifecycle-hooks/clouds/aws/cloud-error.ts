import { type ErrorCode, HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { z } from 'zod';

/** What is read of an error of the SDK. */
const sdkError = z.object({
  name: z.string(),
  message: z.string().default(''),
  $metadata: z.object({ httpStatusCode: z.number().optional() }).optional(),
});
type SdkError = z.output<typeof sdkError>;

/** Before a call that was throttled is repeated, ms. AWS does not say; its buckets fill in seconds. */
const THROTTLED_RETRY_MS = 2000;

const byName: readonly [ErrorCode, RegExp][] = [
  ['CLOUD_THROTTLED', /^(Throttl|RequestLimitExceeded|TooManyRequests|RequestThrottled|SlowDown)/],
  [
    'CLOUD_CONFLICT',
    /^(ScalingActivityInProgress|ResourceContention|ResourceInUse|IdempotentCallInProgress|InstanceRefreshInProgress|IncorrectInstanceState)/,
  ],
  [
    'CLOUD_NO_CAPACITY',
    /^(Insufficient(Instance|Host|ReservedInstance)Capacity|InsufficientCapacity|UnfulfillableCapacity|Unsupported$|SpotMaxPriceTooLow)/,
  ],
  [
    'CLOUD_QUOTA',
    /^(LimitExceeded|VcpuLimitExceeded|InstanceLimitExceeded|MaxSpotInstanceCountExceeded|InsufficientFreeAddressesInSubnet)/,
  ],
  [
    'CLOUD_DENIED',
    /^(AccessDenied|UnauthorizedOperation|AuthFailure|ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|OptInRequired|CredentialsProviderError|TokenProviderError|MissingAuthenticationToken)/,
  ],
];

/** `ValidationError` is one name for many things; only its message tells them apart. */
const byMessage: readonly [ErrorCode, RegExp][] = [
  ['NOT_FOUND', /No managed instance found|group name not found|is not part of Auto Scaling group/i],
  ['CLOUD_QUOTA', /above max value/i],
  ['CLOUD_CONFLICT', /is not in InService|pending (delete|update)/i],
];

/** What the SDK calls an error; undefined: it is none of its. */
export function errorName(thrown: unknown): string | undefined {
  return sdkError.safeParse(thrown).data?.name;
}

/** What a failed call means, whatever it threw: an error of the table. */
export function cloudError(call: string, thrown: unknown): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  const error = sdkError.safeParse(thrown).data;
  if (!error) return new HoldfastError('INTERNAL', `${call}: ${String(thrown)}`, { cause: thrown });
  const code = codeOf(error);
  return new HoldfastError(code, `${call}: ${error.name}: ${error.message}`, {
    cause: thrown,
    ...(code === 'CLOUD_THROTTLED' ? { retryAfterMs: THROTTLED_RETRY_MS } : {}),
  });
}

function codeOf({ name, message, $metadata }: SdkError): ErrorCode {
  const named = byName.find(([, pattern]) => pattern.test(name));
  if (named) return named[0];
  const status = $metadata?.httpStatusCode;
  // Without an answer, or with a server's error, nobody knows what the call did.
  if (status === undefined || status >= 500) return 'CLOUD_UNREACHABLE';
  if (status === 429) return 'CLOUD_THROTTLED';
  if (status === 401 || status === 403) return 'CLOUD_DENIED';
  return byMessage.find(([, pattern]) => pattern.test(message))?.[0] ?? 'CLOUD_REFUSED';
}

/** The code of a launch that failed, by the words of a scaling activity or of `LaunchInstances`. */
export function launchFailureCode(message: string): ErrorCode {
  if (/limit exceeded|LimitExceeded|vCPU (capacity|limit)|quota/i.test(message)) return 'CLOUD_QUOTA';
  if (/not authorized|UnauthorizedOperation|AccessDenied/i.test(message)) return 'CLOUD_DENIED';
  if (/Insufficient\w*Capacity|insufficient capacity|do not have sufficient|no Spot capacity/i.test(message))
    return 'CLOUD_NO_CAPACITY';
  return 'CLOUD_REFUSED';
}

/** The hook of this instance does not hold it: not yet, or not any more. */
export function isNoActiveAction(error: HoldfastError): boolean {
  return /No active Lifecycle Action/i.test(error.message);
}
