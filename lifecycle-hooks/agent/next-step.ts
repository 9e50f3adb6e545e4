import { deadlineAtMs } from '../clouds/deadline.ts';
import type { Notice } from '../clouds/types.ts';
import { cutoffMs, extendAtMs, lastStatus, mayComplete, type PlanSettings } from './drain-knowledge.ts';
import type { DrainPlan } from './drain-plan.ts';

/** What the agent does next. Each step may be done twice. */
export type DrainStep =
  | { readonly type: 'ask' }
  /** Tell the node of the notice, or of its new deadline. `emptyByMs`: when the node must be empty. */
  | { readonly type: 'tell'; readonly notice: Notice; readonly emptyByMs: number | undefined }
  /** Tell the node that these are withdrawn. `all`: no notice is left. */
  | { readonly type: 'take-back'; readonly noticeIds: readonly string[]; readonly all: boolean }
  /** `people`: how many a forced release cuts off, as far as is known. */
  | { readonly type: 'release'; readonly force: boolean; readonly people: number | undefined }
  | { readonly type: 'extend'; readonly notice: Notice }
  | { readonly type: 'complete'; readonly notice: Notice }
  /** Nothing to do before this time, unless something happens; undefined: until something happens. */
  | { readonly type: 'wait'; readonly untilMs: number | undefined };

/** A pure function of the plan and the time; the plan must have been brought up to this time by a `tick`. */
export function nextStep(plan: DrainPlan, nowMs: number, settings: PlanSettings): DrainStep {
  const step = (): DrainStep | undefined => {
    switch (plan.phase) {
      case 'idle':
        return undefined;
      case 'draining':
      case 'drained':
        return (
          extend(plan, nowMs, settings) ??
          (mayRequest(plan, nowMs) ? (tell(plan, settings) ?? takeBack(plan)) : undefined) ??
          ask(plan, nowMs, settings)
        );
      case 'releasing':
        if (plan.forced) return release(plan);
        return (
          extend(plan, nowMs, settings) ??
          (mayRequest(plan, nowMs) ? release(plan) : ask(plan, nowMs, settings))
        );
      case 'released':
        return complete(plan, nowMs, settings);
      case 'cancelling':
        return (mayRequest(plan, nowMs) ? takeBack(plan) : undefined) ?? ask(plan, nowMs, settings);
    }
  };
  return step() ?? { type: 'wait', untilMs: wakeAt(plan, nowMs, settings) };
}

function mayRequest(plan: DrainPlan, nowMs: number): boolean {
  return nowMs >= plan.requestAfterMs;
}

/** The earliest deadline first, since that one rules. */
function tell(plan: DrainPlan, settings: PlanSettings): DrainStep | undefined {
  const untold = [...plan.notices.values()]
    .map(({ notice }) => notice)
    .filter(({ id, deadline }) => !plan.told.has(id) || plan.told.get(id) !== deadlineAtMs(deadline))
    .sort((a, b) => (deadlineAtMs(a.deadline) ?? Infinity) - (deadlineAtMs(b.deadline) ?? Infinity));
  const notice = untold[0];
  return notice && { type: 'tell', notice, emptyByMs: cutoffMs(notice, settings) };
}

function takeBack(plan: DrainPlan): DrainStep | undefined {
  if (plan.withdrawn.size === 0) return undefined;
  return { type: 'take-back', noticeIds: [...plan.withdrawn], all: plan.notices.size === 0 };
}

function release(plan: DrainPlan & { readonly phase: 'releasing' }): DrainStep {
  return { type: 'release', force: plan.forced, people: lastStatus(plan.node)?.people };
}

function extend(plan: DrainPlan, nowMs: number, settings: PlanSettings): DrainStep | undefined {
  const due = [...plan.notices.values()].find(
    (tracked) => (extendAtMs(tracked, settings) ?? Infinity) <= nowMs,
  );
  return due && { type: 'extend', notice: due.notice };
}

function askAt(plan: DrainPlan, settings: PlanSettings): number {
  return plan.node.kind === 'unknown' ? 0 : plan.node.atMs + settings.pollMs;
}

function ask(plan: DrainPlan, nowMs: number, settings: PlanSettings): DrainStep | undefined {
  return nowMs >= askAt(plan, settings) ? { type: 'ask' } : undefined;
}

/**
 * The last look before the cloud is let go must be fresh: a media server that was gone may have been started again and
 * have taken newcomers. Past the cutoff there is no time for that.
 */
function complete(plan: DrainPlan, nowMs: number, settings: PlanSettings): DrainStep | undefined {
  const open = [...plan.notices.values()].filter(({ completed }) => !completed);
  const over = open.some(({ notice }) => {
    const cutoff = cutoffMs(notice, settings);
    return cutoff !== undefined && nowMs >= cutoff;
  });
  const due = open.find(
    ({ notice, completeAfterMs }) => mayComplete(notice, nowMs, settings) && nowMs >= completeAfterMs,
  );
  if (due && over) return { type: 'complete', notice: due.notice };
  return ask(plan, nowMs, settings) ?? (due && { type: 'complete', notice: due.notice });
}

function wakeAt(plan: DrainPlan, nowMs: number, settings: PlanSettings): number | undefined {
  if (plan.phase === 'idle') return undefined;
  const times = [askAt(plan, settings), plan.requestAfterMs];
  for (const tracked of plan.notices.values()) {
    times.push(cutoffMs(tracked.notice, settings) ?? Infinity, tracked.completeAfterMs);
    times.push(extendAtMs(tracked, settings) ?? Infinity);
  }
  if (plan.node.kind === 'gone') times.push(plan.node.sinceMs + settings.goneAfterMs);
  const next = Math.min(...times.filter((time) => time > nowMs));
  return next === Infinity ? undefined : next;
}
