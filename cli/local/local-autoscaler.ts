import { availableParallelism } from 'node:os';
import type { AutoscalerConfigInput } from '@holdfast/media-server/config/index.ts';

/** What of the autoscaler's configuration is not the platform's own affair. */
export type LocalAutoscaler = Pick<AutoscalerConfigInput, 'policy' | 'dryRun' | 'intervalMs' | 'leaseMs'>;

/** A machine of this computer is there within seconds, so it need not be kept for minutes either. */
const QUICK = { surplusForMs: 30_000, graceMs: 20_000, launchDeadlineMs: 60_000, restMs: 60_000 };

/** As many machines as the load needs, within these bounds; each with a worker for every core. */
export function localAutoscaler({
  minNodes,
  maxNodes,
  dryRun,
}: {
  readonly minNodes: number;
  readonly maxNodes: number;
  readonly dryRun: boolean;
}): LocalAutoscaler {
  return {
    dryRun,
    intervalMs: 1000,
    leaseMs: 5000,
    policy: {
      ...QUICK,
      minNodes,
      maxNodes,
      // One node alone is what was asked for with --nodes 1.
      surviveOneFailure: minNodes > 1,
      choices: [{ machineType: 'local', workers: availableParallelism() }],
    },
  };
}
