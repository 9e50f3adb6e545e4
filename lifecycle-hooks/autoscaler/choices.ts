import type { CapacityNode } from '@holdfast/media-server/capacity/node-room.ts';
import type { FleetMember } from '../clouds/types.ts';
import type { Memory } from './memory.ts';
import { choiceKey, type LaunchChoice, machineOf, type ScalingPolicy } from './policy.ts';

/** When every choice has failed, the one that failed first is tried again after so long, ms. */
const TRY_AGAIN_MS = 60_000;

/** The first that has not failed lately; when all have, the one that failed first, after a shorter pause. */
export function presentChoice(
  { choices, restMs }: ScalingPolicy,
  memory: Memory,
  nowMs: number,
): LaunchChoice | undefined {
  const fresh = choices.find((choice) => !isResting(memory, choiceKey(choice), nowMs));
  if (fresh) return fresh;
  const untilMs = (choice: LaunchChoice) => memory.restsUntilMs.get(choiceKey(choice)) ?? 0;
  const [first] = choices.toSorted((a, b) => untilMs(a) - untilMs(b));
  return first && nowMs - (untilMs(first) - restMs) >= TRY_AGAIN_MS ? first : undefined;
}

/** A launch came to nothing: every choice that it may have been is left alone for a while. */
export function restChoices(
  memory: Memory,
  launched: FleetMember,
  { choices, restMs }: ScalingPolicy,
  nowMs: number,
): Memory {
  const restsUntilMs = new Map(memory.restsUntilMs);
  for (const choice of choices) {
    const key = choiceKey(choice);
    if (covers(choice, launched) && !isResting(memory, key, nowMs)) restsUntilMs.set(key, nowMs + restMs);
  }
  return { ...memory, restsUntilMs };
}

export function isResting({ restsUntilMs }: Memory, what: string, nowMs: number): boolean {
  return (restsUntilMs.get(what) ?? 0) > nowMs;
}

/** Whether what was launched may have been launched as this choice. */
function covers(choice: LaunchChoice, launched: FleetMember): boolean {
  return (
    choice.machineType === launched.machineType &&
    (choice.zone === undefined || launched.zone === null || choice.zone === launched.zone) &&
    (choice.market === undefined || choice.market === launched.market)
  );
}

/** An empty node that is not there yet. */
export function pendingNode(
  nodeId: string,
  member: { readonly machineType: string; readonly workers: number; readonly zone?: string | null },
  generation: string,
  carries: ScalingPolicy['carries'] = {},
): CapacityNode {
  return {
    nodeId,
    generation,
    zone: member.zone ?? null,
    state: 'open',
    machine: machineOf(member, carries),
    workers: Array.from({ length: member.workers }, () => ({ cpu: 0, streams: 0 })),
    processCpu: 0,
    egressBps: 0,
    meetings: [],
  };
}
