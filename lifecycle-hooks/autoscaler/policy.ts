import {
  type Carries,
  capacityOf,
  type MachineCapacity,
} from '@holdfast/media-server/capacity/machine-capacity.ts';
import { type ScalingPolicyInput, scalingPolicy } from '@holdfast/media-server/config/index.ts';
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
  /** What machines of a type carry, where it was measured better than the table of machine types knows. */
  readonly carries: Readonly<Record<string, Carries>>;
  /** A choice, or a member, that has failed is left alone for so long, ms. */
  readonly restMs: number;
  /** What was observed longer ago is not known, ms. */
  readonly staleAfterMs: number;
}

/** What is wanted where nothing else is said, on machines of one worker. */
export const defaultPolicy: ScalingPolicy = scalingPolicy.parse({
  choices: [{ machineType: 'local', workers: 1 }],
} satisfies ScalingPolicyInput);

export function machineOf(
  { machineType, workers }: { readonly machineType: string; readonly workers: number },
  carries: ScalingPolicy['carries'],
): MachineCapacity {
  return capacityOf(machineType, workers, carries[machineType]);
}

/** Names a choice, as far as the cloud says what it made of it. */
export function choiceKey({ zone, machineType, market }: LaunchPreference): string {
  return `${zone ?? 'any zone'}, ${machineType ?? 'any type'}, ${market ?? 'any market'}`;
}
