import type { ScalingDecision } from '@holdfast/media-server/protocol/index.ts';

/** What is to be done next, and why. A node and its machine have the same id. */
export type Decision = ScalingDecision;

/** A decision that changes something. */
export type Act = Exclude<Decision, { type: 'hold' }>;
