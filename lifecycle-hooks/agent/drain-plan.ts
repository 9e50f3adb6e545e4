import type { DrainStatus } from '@holdfast/media-server/protocol/index.ts';
import {
  type DrainEvent,
  type DrainKnowledge,
  learn,
  mayComplete,
  type PlanSettings,
  timeIsOver,
} from './drain-knowledge.ts';

/**
 * What the drain agent knows and where it stands. Nothing here has to survive a restart: a new agent hears the same
 * notices again, asks the node how far it is, and goes on.
 *
 * idle → draining → drained → releasing → released, and cancelling → idle when the cloud takes its word back.
 */
export type DrainPlan = DrainKnowledge &
  (
    | { readonly phase: 'idle' }
    | { readonly phase: 'draining' }
    /** Empty, and the cloud not told yet: may still be cancelled. */
    | { readonly phase: 'drained' }
    /** The point of no return is being asked for. `forced`: time is over and people are still there. */
    | { readonly phase: 'releasing'; readonly forced: boolean }
    /** Nothing left to save: every notice is completed as soon as the cloud takes it. */
    | { readonly phase: 'released' }
    | { readonly phase: 'cancelling' }
  );

export type DrainPhase = DrainPlan['phase'];

export const initialPlan: DrainPlan = {
  phase: 'idle',
  notices: new Map(),
  told: new Map(),
  withdrawn: new Set(),
  node: { kind: 'unknown' },
  requestAfterMs: 0,
  why: 'no notice',
};

/**
 * The one transition function: what happened changes what is known, and what is known decides the phase. Events are
 * facts from outside and may come late, twice or about a notice that is no longer there; none of them is illegal.
 */
export function transition(
  plan: DrainPlan,
  event: DrainEvent,
  nowMs: number,
  settings: PlanSettings,
): DrainPlan {
  let next = forcedIsOnce(learn(plan, event, nowMs, settings), event);
  for (;;) {
    const settled = settle(next, nowMs, settings);
    if (settled === next) return next;
    next = settled;
  }
}

/** A forced release is asked for once: after it the deadline leaves no time for a second answer. */
function forcedIsOnce(plan: DrainPlan, event: DrainEvent): DrainPlan {
  return event.type === 'request-failed' && plan.phase === 'releasing' && plan.forced
    ? released(plan, 'time is over and the node did not take its release')
    : plan;
}

/** One step towards the phase that follows from what is known; the same object when it is reached. */
function settle(plan: DrainPlan, nowMs: number, settings: PlanSettings): DrainPlan {
  const { node } = plan;
  const status = node.kind === 'answering' ? node.status : undefined;
  const givenUp = node.kind === 'gone' && nowMs - node.sinceMs >= settings.goneAfterMs;
  const none = plan.notices.size === 0;
  switch (plan.phase) {
    case 'idle':
      if (!none) return { ...plan, phase: 'draining', why: describeNotices(plan) };
      return plan.withdrawn.size > 0 ? cancelling(plan) : plan;
    case 'cancelling':
      if (!none) return { ...plan, phase: 'draining', why: describeNotices(plan) };
      if (status?.state === 'released') return released(plan, 'withdrawn too late: the node is released');
      if (plan.withdrawn.size === 0) return { ...plan, phase: 'idle', why: 'the node takes newcomers again' };
      if (givenUp)
        return { ...forget(plan), phase: 'idle', why: 'the media server is gone; a new one begins active' };
      return plan;
    case 'draining':
      if (none) return cancelling(plan);
      if (status?.state === 'released') return released(plan, 'the node is released already');
      if (givenUp) return released(plan, 'the media server is gone: nothing to save');
      if (isEmpty(status)) return { ...plan, phase: 'drained', why: 'the node is empty' };
      if (timeIsOver(plan, nowMs, settings)) return releasing(plan, true, 'time is over');
      return plan;
    case 'drained':
      if (none) return cancelling(plan);
      if (status?.state === 'released') return released(plan, 'the node is released already');
      if (givenUp) return released(plan, 'the media server is gone: nothing to save');
      if (status && !isEmpty(status))
        return { ...plan, phase: 'draining', why: 'the node is not empty any more' };
      if (canLetGo(plan, nowMs, settings))
        return releasing(plan, false, 'empty, and a notice can be completed');
      return plan;
    case 'releasing':
      if (none) return cancelling(plan);
      if (status?.state === 'released') return released(plan, plan.forced ? 'forced' : 'empty');
      if (givenUp) return released(plan, 'the media server is gone: nothing to save');
      if (!plan.forced && !isEmpty(status) && timeIsOver(plan, nowMs, settings)) {
        return releasing(plan, true, 'time is over');
      }
      if (plan.forced && !timeIsOver(plan, nowMs, settings)) {
        return { ...plan, phase: 'draining', why: 'the deadline was moved' };
      }
      if (!plan.forced && status && !isEmpty(status)) {
        return { ...plan, phase: 'draining', why: 'the node is not empty any more' };
      }
      return plan;
    case 'released':
      if (status?.state === 'released')
        return none && plan.withdrawn.size > 0 ? { ...plan, withdrawn: new Set() } : plan;
      if (none) return cancelling(plan);
      // Only a node that says so itself stays released; what else led here must still hold.
      if (givenUp || timeIsOver(plan, nowMs, settings)) return plan;
      return {
        ...plan,
        phase: 'draining',
        why: status ? 'a media server is back' : 'the deadline was moved',
      };
  }
}

function cancelling(plan: DrainPlan): DrainPlan {
  return { ...plan, phase: 'cancelling', why: 'the notice was withdrawn' };
}

function releasing(plan: DrainPlan, forced: boolean, why: string): DrainPlan {
  return { ...plan, phase: 'releasing', forced, why };
}

function released(plan: DrainPlan, why: string): DrainPlan {
  return { ...plan, phase: 'released', why };
}

function forget(plan: DrainPlan): DrainPlan {
  return { ...plan, told: new Map(), withdrawn: new Set() };
}

function isEmpty(status: DrainStatus | undefined): boolean {
  return status?.state === 'drained' && status.holds === 0;
}

function describeNotices(plan: DrainPlan): string {
  return [...plan.notices.values()].map(({ notice }) => `${notice.kind} (${notice.source})`).join(', ');
}

function canLetGo(plan: DrainPlan, nowMs: number, settings: PlanSettings): boolean {
  return [...plan.notices.values()].some(({ notice }) => mayComplete(notice, nowMs, settings));
}

/** Nothing is left to save here, and a notice that could be completed is not. */
export function isHeldForNothing(plan: DrainPlan): boolean {
  const nothingLeft =
    plan.phase === 'drained' || plan.phase === 'released' || (plan.phase === 'releasing' && !plan.forced);
  return (
    nothingLeft &&
    [...plan.notices.values()].some(({ notice, completed }) => notice.canComplete && !completed)
  );
}
