import type { AwsMetadata } from '@holdfast/media-server/machine/aws-metadata.ts';
import { type HoldfastError, toHoldfastError } from '@holdfast/media-server/protocol/index.ts';

/** What stands at one path of the metadata. */
export type Reading =
  | { readonly kind: 'said'; readonly text: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unanswered'; readonly error: HoldfastError };

const paths = {
  lifecycle: 'autoscaling/target-lifecycle-state',
  spot: 'spot/instance-action',
  rebalance: 'events/recommendations/rebalance',
  maintenance: 'events/maintenance/scheduled',
} as const;

export type Readings = Readonly<Record<keyof typeof paths, Reading>>;

/** Everything that may be a notice. One path that is not answered hides no other. */
export async function readAll(metadata: AwsMetadata, signal: AbortSignal): Promise<Readings> {
  const [lifecycle, spot, rebalance, maintenance] = await Promise.all([
    reading(metadata, paths.lifecycle, signal),
    reading(metadata, paths.spot, signal),
    reading(metadata, paths.rebalance, signal),
    reading(metadata, paths.maintenance, signal),
  ]);
  return { lifecycle, spot, rebalance, maintenance };
}

async function reading(metadata: AwsMetadata, path: string, signal: AbortSignal): Promise<Reading> {
  try {
    const text = await metadata.get(path, signal);
    return text === undefined ? { kind: 'nothing' } : { kind: 'said', text };
  } catch (thrown) {
    return { kind: 'unanswered', error: toHoldfastError(thrown) };
  }
}

/** The first that was not answered; undefined: all were. */
export function unansweredBecause(readings: Readings): HoldfastError | undefined {
  for (const each of Object.values(readings)) if (each.kind === 'unanswered') return each.error;
  return undefined;
}

export function noneAnswered(readings: Readings): boolean {
  return Object.values(readings).every(({ kind }) => kind === 'unanswered');
}
