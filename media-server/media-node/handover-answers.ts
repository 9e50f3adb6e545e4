import { HoldfastError, type MoveState } from '../protocol/index.ts';
import type { HandoverSettings, Move, Reply } from './handover-knowledge.ts';
import {
  aborting,
  failed,
  finishing,
  gone,
  type HandoverPlan,
  type In,
  preparing,
} from './handover-phases.ts';

/** What an answer, or that there is none, changes. One that belongs to an earlier phase changes nothing. */
export function hear(
  plan: HandoverPlan,
  reply: Reply,
  nowMs: number,
  settings: HandoverSettings,
): HandoverPlan {
  switch (plan.phase) {
    case 'reserving':
      return afterReservation(plan, reply, nowMs, settings);
    case 'preparing':
      if (reply.request.type !== 'prepare') return plan;
      if ('error' in reply) return aborting(plan, plan.move, reply.error, nowMs, settings);
      return {
        ...plan,
        phase: 'switching',
        firstMs: nowMs,
        sinceMs: nowMs,
        alone: false,
        why: 'the target is prepared',
      };
    case 'switching':
    case 'done':
      return plan;
    case 'committing':
      return afterCommit(plan, reply, nowMs, settings);
    case 'aborting':
      return afterAbort(plan, reply, nowMs, settings);
    case 'finishing':
      return afterFinish(plan, reply, nowMs, settings);
  }
}

function afterReservation(
  plan: In<'reserving'>,
  reply: Reply,
  nowMs: number,
  settings: HandoverSettings,
): HandoverPlan {
  const { type } = reply.request;
  if (type === 'reserve') {
    if ('error' in reply) {
      const { error } = reply;
      // Somebody else has moved it, or a reservation was made that nobody has heard of: newcomers are sent there.
      const look = error.code === 'EPOCH_STALE' || mayHaveBeenDone(error);
      return look ? { ...plan, unanswered: error, why: error.message } : failed(plan, error, undefined);
    }
    if (reply.answer.type === 'reserved') return preparing(plan, reply.answer.move);
  }
  if (type !== 'status' || plan.unanswered === undefined) return plan;
  if ('error' in reply || reply.answer.type !== 'status') return failed(plan, plan.unanswered, undefined);
  const { state, place } = reply.answer;
  if (state === 'moving' && place && !plan.options.exclude.includes(place.target.nodeId)) {
    return preparing(plan, place);
  }
  if (state === 'moving' || state === 'given-up') return failed(plan, plan.unanswered, undefined);
  return place ? finishing(plan, place, 'gone', 0, nowMs, settings) : gone(plan, 'the meeting is over');
}

function afterCommit(
  plan: In<'committing'>,
  reply: Reply,
  nowMs: number,
  settings: HandoverSettings,
): HandoverPlan {
  const { type } = reply.request;
  const { move, stragglers } = plan;
  if (type !== 'commit' && type !== 'status') return plan;
  const askAtMs = nowMs + settings.askAgainMs;
  if (type === 'commit' && 'answer' in reply)
    return finishing(plan, move, 'moved', stragglers, nowMs, settings);
  if (type === 'commit' && 'error' in reply) {
    const { error } = reply;
    if (error.code === 'TARGET_LOST') return aborting(plan, move, error, nowMs, settings);
    // Refused because somebody has changed the directory, perhaps this very commit: there is nothing to wait for.
    const atMs = mayHaveBeenDone(error) ? askAtMs : nowMs;
    return { ...plan, next: 'status', askAtMs: atMs, why: error.message };
  }
  if ('error' in reply) return { ...plan, askAtMs, why: reply.error.message };
  if (reply.answer.type !== 'status') return plan;
  if (isUnderWay(reply.answer, move)) return { ...plan, next: 'commit', askAtMs, why: 'not committed yet' };
  return afterStatus(plan, reply.answer, nowMs, settings);
}

/** The control plane has said what became of the move, and it is over one way or the other. */
function afterStatus(
  plan: In<'committing'> | In<'aborting'>,
  answer: { readonly state: MoveState; readonly place: Move | undefined },
  nowMs: number,
  settings: HandoverSettings,
): HandoverPlan {
  const { move, stragglers } = plan;
  const { state, place } = answer;
  const ours = place === undefined || place.epoch === move.epoch;
  if (state === 'committed' && ours) return finishing(plan, move, 'moved', stragglers, nowMs, settings);
  // A reservation that has come late has taken the place of this one.
  if (state === 'given-up' || state === 'moving') {
    const error =
      plan.phase === 'aborting' ? plan.error : new HoldfastError('CONFLICT', 'the move was given up');
    return { ...aborting(plan, move, error, nowMs, settings), step: 'gateways' };
  }
  if (place) return { ...finishing(plan, place, 'gone', 0, nowMs, settings), abandon: move };
  const over = new HoldfastError('EPOCH_STALE', 'the meeting is over');
  return { ...aborting(plan, move, over, nowMs, settings), step: 'gateways' };
}

function afterAbort(
  plan: In<'aborting'>,
  reply: Reply,
  nowMs: number,
  settings: HandoverSettings,
): HandoverPlan {
  const again = { ...plan, askAtMs: nowMs + settings.askAgainMs };
  switch (reply.request.type) {
    case 'give-up':
      if ('error' in reply) return again;
      return { ...plan, step: 'status', askAtMs: nowMs };
    case 'status':
      if ('error' in reply) return again;
      if (reply.answer.type !== 'status') return plan;
      if (isUnderWay(reply.answer, plan.move)) return { ...again, step: 'give-up' };
      return afterStatus(plan, reply.answer, nowMs, settings);
    case 'tell-abort':
      return { ...plan, told: new Set(plan.told).add(reply.request.link) };
    case 'abandon':
      return failed(plan, plan.error, plan.move.target.nodeId);
    default:
      return plan;
  }
}

function afterFinish(
  plan: In<'finishing'>,
  reply: Reply,
  nowMs: number,
  settings: HandoverSettings,
): HandoverPlan {
  const again = { ...plan, askAtMs: nowMs + settings.askAgainMs };
  switch (reply.request.type) {
    case 'adopt':
    case 'abandon':
      // A target that was known to be gone is asked once; one that no longer has the meeting will not have it later.
      if ('error' in reply && reply.error.retryable && plan.targetLost === undefined) return again;
      return { ...plan, settled: true };
    case 'tell-commit':
      if ('error' in reply) return again;
      return { ...plan, told: new Set(plan.told).add(reply.request.link) };
    default:
      return plan;
  }
}

function isUnderWay(
  status: { readonly state: MoveState; readonly place: Move | undefined },
  move: Move,
): boolean {
  return status.state === 'moving' && (status.place === undefined || status.place.epoch === move.epoch);
}

/** The answer may have been lost after the work was done. */
function mayHaveBeenDone(error: HoldfastError): boolean {
  return error.code === 'TIMEOUT' || error.code === 'CONNECTION_CLOSED' || error.code === 'INTERNAL';
}
