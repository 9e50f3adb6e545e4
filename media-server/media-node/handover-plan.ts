import { HoldfastError } from '../protocol/index.ts';
import { hear } from './handover-answers.ts';
import {
  gateways,
  type HandoverEffect,
  type HandoverEvent,
  type HandoverOptions,
  type HandoverSettings,
  initialKnowledge,
  isPending,
  learn,
  sent,
} from './handover-knowledge.ts';
import { dueRequests } from './handover-next.ts';
import { comingBack, leftOut, type PersonSeen } from './handover-people.ts';
import {
  commitAtMs,
  committing,
  failed,
  finished,
  gone,
  type HandoverPlan,
  type In,
  stillInDoubt,
  targetGone,
} from './handover-phases.ts';

/**
 * The one place where a handover's decisions are made. Pure: events in, requests out; see `handover-phases.ts` for the
 * phases. Three rules hold whatever is lost, late or dead:
 * - Nobody is without a leg: old legs are let go (`tell-commit`) only after a commit that is certain.
 * - Nothing is undone (`tell-abort`, `abandon`) after a commit that may have happened: not before the directory itself
 *   says that the move is given up. It need not be us who committed: gateways that take this node for dead make the
 *   target the home.
 * - A commit that happened is told, also when it is learned of late.
 */
export interface Transition {
  readonly plan: HandoverPlan;
  readonly effects: readonly HandoverEffect[];
}

export function beginHandover(
  options: HandoverOptions,
  people: readonly PersonSeen[],
  nowMs: number,
  settings: HandoverSettings,
): Transition {
  const knowledge = initialKnowledge(options, people, nowMs, settings);
  return act({ ...knowledge, phase: 'reserving', unanswered: undefined }, nowMs, settings);
}

/**
 * The one transition function. Events are facts from outside and may come late, twice or never; none of them is illegal.
 */
export function transition(
  before: HandoverPlan,
  event: HandoverEvent,
  nowMs: number,
  settings: HandoverSettings,
): Transition {
  if (before.phase === 'done') return { plan: before, effects: [] };
  if (event.type === 'stop') {
    // Whoever is still moving is brought over by the gateways: the target is home when its source is gone.
    const error = new HoldfastError('CONNECTION_CLOSED', 'the node stops');
    return { plan: failed(before, error, undefined), effects: [] };
  }
  const { plan, replies } = learn<HandoverPlan>(before, event, nowMs, settings);
  let next: HandoverPlan = plan;
  for (const reply of replies) next = hear(next, reply, nowMs, settings);
  if (event.type === 'meeting-closed') next = meetingClosed(next);
  return act(next, nowMs, settings);
}

/** Comes to rest: phases that follow from what is known, then the requests that are due. */
function act(plan: HandoverPlan, nowMs: number, settings: HandoverSettings): Transition {
  let next = plan;
  for (
    let settled = settle(next, nowMs, settings);
    settled !== next;
    settled = settle(next, nowMs, settings)
  ) {
    next = settled;
  }
  const effects: HandoverEffect[] = [];
  for (const request of dueRequests(next, nowMs, settings)) {
    const step = sent(next, request, nowMs, settings);
    next = step.plan;
    effects.push(step.effect);
  }
  return { plan: next, effects };
}

function meetingClosed(plan: HandoverPlan): HandoverPlan {
  // Lost with its worker: the gateways recover it onto this very target, and nothing of that may be undone. Whom a commit
  // concerns must hear of it all the same.
  return plan.phase === 'finishing' || plan.phase === 'done'
    ? plan
    : gone(plan, 'the meeting is closed here');
}

/** One step to the phase that follows from what is known and from the time; the same object when it is reached. */
function settle(plan: HandoverPlan, nowMs: number, settings: HandoverSettings): HandoverPlan {
  switch (plan.phase) {
    case 'reserving':
    case 'done':
      return plan;
    case 'preparing':
      return plan.targetLost === undefined ? plan : targetGone(plan, nowMs, settings);
    case 'switching':
      if (plan.targetLost !== undefined) return targetGone(plan, nowMs, settings);
      if (plan.alone !== (gateways(plan).size === 0)) {
        return { ...plan, alone: !plan.alone, sinceMs: plan.alone ? nowMs : plan.sinceMs };
      }
      return mayCommit(plan, nowMs, settings) ?? plan;
    case 'committing':
      if (nowMs >= plan.giveUpAtMs) return stillInDoubt(plan);
      if (plan.targetLost !== undefined && !isPending(plan, 'commit', 'status')) {
        return targetGone(plan, nowMs, settings);
      }
      return plan;
    case 'aborting':
      if ((plan.step === 'give-up' || plan.step === 'status') && nowMs >= plan.giveUpAtMs) {
        return stillInDoubt(plan);
      }
      if (plan.step === 'gateways' && [...gateways(plan)].every((link) => plan.told.has(link))) {
        return { ...plan, step: 'target' };
      }
      if (plan.step === 'target' && plan.targetLost !== undefined) {
        return failed(plan, plan.error, plan.move.target.nodeId);
      }
      return plan;
    case 'finishing': {
      if (nowMs >= plan.untilMs || (plan.closeAtMs !== undefined && nowMs >= plan.closeAtMs))
        return finished(plan);
      const all = plan.settled && [...gateways(plan)].every((link) => plan.told.has(link));
      if (all && plan.closeAtMs === undefined) return { ...plan, closeAtMs: nowMs + settings.closeAfterMs };
      return !all && plan.closeAtMs !== undefined ? { ...plan, closeAtMs: undefined } : plan;
    }
  }
}

/** Whether it is time to commit; undefined: not yet. */
function mayCommit(
  plan: In<'switching'>,
  nowMs: number,
  settings: HandoverSettings,
): HandoverPlan | undefined {
  const { people, tally } = plan;
  if (people.size === 0) return committing(plan, 0, 'nobody is left here', nowMs, settings);
  const waitedFor = comingBack(people, nowMs).length;
  const stragglers = plan.alone ? people.size : tally.unpublished + tally.unswitched + waitedFor;
  if (stragglers === 0) {
    const who = leftOut(people, nowMs).length === 0 ? 'everybody' : 'everybody who is waited for';
    return committing(plan, 0, `${who} has switched`, nowMs, settings);
  }
  if (nowMs < commitAtMs(plan, settings)) return undefined;
  return committing(plan, stragglers, 'time is over', nowMs, settings);
}
