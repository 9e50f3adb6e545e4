import { HoldfastError } from '../protocol/index.ts';
import type { HandoverKnowledge, HandoverSettings, Move } from './handover-knowledge.ts';
import { leftOut } from './handover-people.ts';
import { missing } from './handover-tally.ts';

/** Of a meeting of a hundred people the log needs not name every pair. */
const MISSING_IN_LOG = 20;

/**
 * One attempt to move one meeting: make before break. Pure: events in, requests out.
 *
 * reserving → preparing → switching → committing → finishing → done, and aborting → done.
 */
export type HandoverPlan = HandoverKnowledge &
  (
    | {
        readonly phase: 'reserving';
        /** Why the control plane is asked what became of the reservation. */
        readonly unanswered: HoldfastError | undefined;
      }
    | { readonly phase: 'preparing'; readonly move: Move }
    | {
        readonly phase: 'switching';
        readonly move: Move;
        readonly firstMs: number;
        /** Since when people can switch: the time without any gateway does not count. */
        readonly sinceMs: number;
        /** No gateway is connected. */
        readonly alone: boolean;
      }
    | {
        readonly phase: 'committing';
        readonly move: Move;
        readonly stragglers: number;
        readonly next: 'commit' | 'status';
        readonly askAtMs: number;
        readonly giveUpAtMs: number;
      }
    | {
        readonly phase: 'aborting';
        readonly move: Move;
        readonly error: HoldfastError;
        readonly step: 'give-up' | 'status' | 'gateways' | 'target';
        readonly askAtMs: number;
        readonly told: ReadonlySet<string>;
        readonly giveUpAtMs: number;
        readonly stragglers: number;
      }
    | {
        readonly phase: 'finishing';
        /** Where the meeting lives now. */
        readonly move: Move;
        readonly outcome: 'moved' | 'gone';
        /** The target that was prepared in vain. */
        readonly abandon: Move | undefined;
        /** The target knows, or can no longer be told. */
        readonly settled: boolean;
        readonly told: ReadonlySet<string>;
        readonly askAtMs: number;
        readonly untilMs: number;
        /** Everybody was told; the old legs may go then. */
        readonly closeAtMs: number | undefined;
        readonly stragglers: number;
      }
    | { readonly phase: 'done'; readonly outcome: PlanOutcome }
  );

export type PlanOutcome =
  | { readonly type: 'moved'; readonly move: Move; readonly stragglers: number }
  /** Everybody left, or the meeting was moved or lost otherwise: nothing is left to do here. */
  | { readonly type: 'gone' }
  | { readonly type: 'failed'; readonly error: HoldfastError; readonly target: string | undefined };

export type In<Phase extends HandoverPlan['phase']> = Extract<HandoverPlan, { phase: Phase }>;

/** When it is committed whoever is missing. */
export function commitAtMs(plan: In<'switching'>, settings: HandoverSettings): number {
  const { untilMs = Number.POSITIVE_INFINITY, force } = plan.options;
  const { sinceMs, firstMs, alone } = plan;
  const meetingMs = alone ? Number.POSITIVE_INFINITY : sinceMs + settings.meetingDeadlineMs;
  const atMs = Math.min(meetingMs, firstMs + settings.noGatewayMs, untilMs);
  // A deadline that was past before the first leg was published on must not cut everybody.
  const roundOpen = !force && (alone || plan.tally.unpublished > 0);
  return roundOpen ? Math.max(atMs, sinceMs + settings.publishRoundMs) : atMs;
}

export function preparing(plan: HandoverPlan, move: Move): HandoverPlan {
  return { ...plan, phase: 'preparing', move, why: `to ${move.target.nodeId}` };
}

export function committing(
  plan: In<'switching'>,
  stragglers: number,
  why: string,
  nowMs: number,
  settings: HandoverSettings,
): HandoverPlan {
  return {
    ...plan,
    phase: 'committing',
    stragglers,
    next: 'commit',
    askAtMs: nowMs,
    giveUpAtMs: giveUpAtMs(plan, nowMs, settings),
    why,
  };
}

export function aborting(
  plan: In<'preparing' | 'switching' | 'committing' | 'aborting'>,
  move: Move,
  error: HoldfastError,
  nowMs: number,
  settings: HandoverSettings,
): In<'aborting'> {
  const asked = plan.phase === 'committing' || plan.phase === 'aborting';
  return {
    ...plan,
    phase: 'aborting',
    move,
    error,
    step: 'give-up',
    askAtMs: nowMs,
    told: new Set(),
    giveUpAtMs: asked ? plan.giveUpAtMs : giveUpAtMs(plan, nowMs, settings),
    stragglers: asked ? plan.stragglers : 0,
    why: error.message,
  };
}

export function targetGone(
  plan: In<'preparing' | 'switching' | 'committing'>,
  nowMs: number,
  settings: HandoverSettings,
): HandoverPlan {
  const { move, targetLost = 'unknown' } = plan;
  const error = new HoldfastError(
    'NODE_UNREACHABLE',
    `the target ${move.target.nodeId} is gone: ${targetLost}`,
  );
  return aborting(plan, move, error, nowMs, settings);
}

export function finishing(
  plan: In<'reserving' | 'committing' | 'aborting'>,
  move: Move,
  outcome: 'moved' | 'gone',
  stragglers: number,
  nowMs: number,
  settings: HandoverSettings,
): In<'finishing'> {
  return {
    ...plan,
    phase: 'finishing',
    move,
    outcome,
    abandon: undefined,
    settled: outcome === 'gone' && plan.phase === 'reserving',
    told: new Set(),
    askAtMs: nowMs,
    untilMs: nowMs + settings.finishMs,
    closeAtMs: undefined,
    stragglers,
    why: outcome === 'moved' ? 'committed' : `lives on ${move.target.nodeId} at epoch ${move.epoch}`,
  };
}

export function finished(plan: In<'finishing'>): HandoverPlan {
  const { move, stragglers } = plan;
  if (plan.outcome === 'gone') return gone(plan, plan.why);
  return { ...plan, phase: 'done', outcome: { type: 'moved', move, stragglers } };
}

/** Nobody could be asked for so long. Both legs stand; the next attempt hears from the directory where the meeting lives. */
export function stillInDoubt(plan: In<'committing' | 'aborting'>): HandoverPlan {
  const error = new HoldfastError('TIMEOUT', `it is not known whether the move was committed: ${plan.why}`);
  return failed(plan, error, plan.move.target.nodeId);
}

export function failed(plan: HandoverPlan, error: HoldfastError, target: string | undefined): HandoverPlan {
  return { ...plan, phase: 'done', outcome: { type: 'failed', error, target }, why: error.message };
}

export function gone(plan: HandoverPlan, why: string): HandoverPlan {
  return { ...plan, phase: 'done', outcome: { type: 'gone' }, why };
}

function giveUpAtMs(plan: HandoverPlan, nowMs: number, settings: HandoverSettings): number {
  const untilMs = Math.min(plan.options.untilMs ?? Number.POSITIVE_INFINITY, nowMs + settings.doubtMs);
  return Math.max(untilMs, nowMs + settings.shortDoubtMs);
}

/** What a commit does not wait for any longer, in words for the log. */
export function whatIsMissing(plan: HandoverPlan): string[] {
  const away = [...plan.people.values()].filter(({ waitUntilMs }) => waitUntilMs !== undefined);
  const back = away.map(({ participantId }) => `${participantId} to come back`);
  const late = leftOut(plan.people, plan.atMs)
    .filter((id) => !away.some(({ participantId }) => participantId === id))
    .map((id) => `${id} to catch up`);
  return [...back, ...late, ...missing(plan.tally, MISSING_IN_LOG)].slice(0, MISSING_IN_LOG);
}
