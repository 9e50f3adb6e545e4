import type { Decision } from './decision.ts';
import type { Observation } from './observation.ts';
import { choiceKey, type ScalingPolicy } from './policy.ts';

/** What has to be known from before. Lost with its process: then everything takes longer, and nothing is done sooner. */
export interface Memory {
  /** Since when a machine could have been given back. */
  readonly surplusSinceMs: number | null;
  /** When machines were last launched. */
  readonly grownAtMs: number | null;
  /** Members that are not as they should be, since when. */
  readonly troubledSinceMs: ReadonlyMap<string, number>;
  /** Choices and members that have failed, until when they are left alone. */
  readonly restsUntilMs: ReadonlyMap<string, number>;
}

export const emptyMemory: Memory = {
  surplusSinceMs: null,
  grownAtMs: null,
  troubledSinceMs: new Map(),
  restsUntilMs: new Map(),
};

/** What is left of a memory after an attempt has failed: the choice or the member is left alone for a while. */
export function afterFailure(memory: Memory, decision: Decision, restMs: number, nowMs: number): Memory {
  if (decision.type === 'hold') return memory;
  const what = decision.type === 'grow' ? choiceKey(decision.prefer) : decision.nodeId;
  const restsUntilMs = new Map(memory.restsUntilMs).set(what, nowMs + restMs);
  return { ...memory, restsUntilMs };
}

/** What is still so, and what is new. */
export function remembered(
  { fleet, platform }: Observation,
  policy: ScalingPolicy,
  before: Memory,
  nowMs: number,
): Memory {
  const heardOf = new Set(
    platform.nodes.filter(({ state }) => state !== 'unreachable').map(({ nodeId }) => nodeId),
  );
  // Who cannot be heard of because nobody listens is not in trouble.
  const listening = nowMs - platform.asOfMs <= policy.staleAfterMs;
  const troubled = fleet.members.filter(
    ({ id, state }) => state === 'failed' || (state === 'running' && listening && !heardOf.has(id)),
  );
  return {
    ...before,
    troubledSinceMs: new Map(troubled.map(({ id }) => [id, before.troubledSinceMs.get(id) ?? nowMs])),
    restsUntilMs: new Map([...before.restsUntilMs].filter(([, untilMs]) => untilMs > nowMs)),
  };
}
