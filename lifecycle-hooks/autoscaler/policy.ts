import { capacityOf, type MachineCapacity } from '@holdfast/media-server/capacity/machine-capacity.ts';
import type { LaunchPreference } from '../clouds/types.ts';

/** Where and as what a machine may be launched. */
export interface LaunchChoice extends LaunchPreference {
  readonly machineType: string;
  readonly workers: number;
}

export interface ScalingPolicy {
  readonly minNodes: number;
  readonly maxNodes: number;
  /** Free workers at all times: about so many large meetings can begin at once. */
  readonly headroomWorkers: number;
  /** The meetings of the fullest machine must fit on the others. */
  readonly surviveOneFailure: boolean;
  /** Beyond the headroom, what must be free for a machine to be given back: what keeps the fleet from swinging. */
  readonly slackWorkers: number;
  /** How long a machine must have been surplus before it is given back, ms. */
  readonly surplusForMs: number;
  /** A machine younger than this is not given back, ms; and nothing is for so long after a launch. */
  readonly graceMs: number;
  /** A launch that has not arrived by then is given up, ms. */
  readonly launchDeadlineMs: number;
  /** A meeting announced for later is room that is needed from this long before its start, ms. */
  readonly leadMs: number;
  /** Machines that are launched with one decision, at most. */
  readonly launchesAtOnce: number;
  /** Machines that may be drained at the same time. */
  readonly drainsAtOnce: number;
  /** In this order they are tried. */
  readonly choices: readonly LaunchChoice[];
  /** A choice, or a member, that has failed is left alone for so long, ms. */
  readonly restMs: number;
  /** What was observed longer ago is not known, ms. */
  readonly staleAfterMs: number;
}

export const defaultPolicy: ScalingPolicy = {
  minNodes: 1,
  maxNodes: 16,
  headroomWorkers: 1,
  surviveOneFailure: true,
  slackWorkers: 1,
  surplusForMs: 300_000,
  graceMs: 300_000,
  launchDeadlineMs: 600_000,
  leadMs: 600_000,
  launchesAtOnce: 10,
  drainsAtOnce: 1,
  choices: [{ machineType: 'local', workers: 1 }],
  restMs: 600_000,
  staleAfterMs: 60_000,
};

export function machineOf({
  machineType,
  workers,
}: {
  machineType: string;
  workers: number;
}): MachineCapacity {
  return capacityOf(machineType, workers);
}

/** Names a choice, as far as the cloud says what it made of it. */
export function choiceKey({ zone, machineType, market }: LaunchPreference): string {
  return `${zone ?? 'any zone'}, ${machineType ?? 'any type'}, ${market ?? 'any market'}`;
}
