import type { DrainStatus } from '@holdfast/media-server/protocol/index.ts';
import type { Notice } from '../clouds/types.ts';

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

export interface DrainKnowledge {
  /** Pending notices by id. */
  readonly notices: ReadonlyMap<string, TrackedNotice>;
  /** The deadline that the node was last told for each notice. */
  readonly told: ReadonlyMap<string, number | undefined>;
  /** Notices that the cloud has withdrawn and the node may still heed. */
  readonly withdrawn: ReadonlySet<string>;
  readonly node: NodeView;
  /** After a request that failed: the next one that changes the node not before this time. */
  readonly requestAfterMs: number;
  /** Why the plan stands where it stands, for the log. */
  readonly why: string;
}

export interface TrackedNotice {
  readonly notice: Notice;
  readonly completed: boolean;
  readonly completeAfterMs: number;
  /** When more time is asked for, if it can be. */
  readonly extendDueMs: number;
  /** After a call that failed: no other before this time. */
  readonly extendAfterMs: number;
  /** The cloud said no; it is not asked again for this deadline. */
  readonly extendRefused: boolean;
}

export type NodeView =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'answering'; readonly status: DrainStatus; readonly atMs: number }
  /** Somebody listens but does not answer. */
  | {
      readonly kind: 'silent';
      readonly sinceMs: number;
      readonly atMs: number;
      readonly last: DrainStatus | undefined;
    }
  /** Nobody listens: the process is not there. */
  | {
      readonly kind: 'gone';
      readonly sinceMs: number;
      readonly atMs: number;
      readonly last: DrainStatus | undefined;
    };

export interface PlanSettings {
  /** The drain is over this long before the deadline. */
  readonly safetyMarginMs: number;
  /** A notice that can be extended is, this long before its deadline. */
  readonly extendAheadMs: number;
  /** A media server that has been gone this long does not come back: nothing to save. */
  readonly goneAfterMs: number;
  /** Between two questions to the node, and before a failed request is tried again. */
  readonly pollMs: number;
  /** Before a failed call to the cloud is tried again. */
  readonly cloudRetryMs: number;
}

export const defaultPlanSettings: PlanSettings = {
  safetyMarginMs: 2000,
  extendAheadMs: 15_000,
  goneAfterMs: 5000,
  pollMs: 250,
  cloudRetryMs: 1000,
};

export type DrainEvent =
  | { readonly type: 'notice'; readonly notice: Notice }
  | { readonly type: 'node-answered'; readonly status: DrainStatus }
  | { readonly type: 'node-silent' }
  | { readonly type: 'node-gone' }
  /** The node has taken this notice. */
  | { readonly type: 'told'; readonly notice: Notice }
  | { readonly type: 'taken-back'; readonly noticeIds: readonly string[] }
  /** The node refused, or did not answer, a request that changes it. */
  | { readonly type: 'request-failed' }
  | { readonly type: 'completed'; readonly noticeId: string }
  | { readonly type: 'complete-failed'; readonly noticeId: string }
  | { readonly type: 'extend-failed'; readonly noticeId: string; readonly refused: boolean }
  /** Time has passed. */
  | { readonly type: 'tick' };

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
  let next = learn(plan, event, nowMs, settings);
  for (;;) {
    const settled = settle(next, nowMs, settings);
    if (settled === next) return next;
    next = settled;
  }
}

function learn(plan: DrainPlan, event: DrainEvent, nowMs: number, settings: PlanSettings): DrainPlan {
  switch (event.type) {
    case 'notice':
      return event.notice.status === 'pending'
        ? learnPending(plan, event.notice, nowMs, settings)
        : learnWithdrawn(plan, event.notice.id);
    case 'node-answered': {
      const node: NodeView = { kind: 'answering', status: event.status, atMs: nowMs };
      // An active node knows of no notice: it was restarted, or somebody cancelled the drain.
      return event.status.state === 'active' ? { ...plan, node, told: new Map() } : { ...plan, node };
    }
    case 'node-silent':
    case 'node-gone': {
      const kind = event.type === 'node-gone' ? 'gone' : 'silent';
      const sinceMs = plan.node.kind === kind ? plan.node.sinceMs : nowMs;
      return { ...plan, node: { kind, sinceMs, atMs: nowMs, last: lastStatus(plan.node) } };
    }
    case 'told':
      return { ...plan, told: new Map(plan.told).set(event.notice.id, event.notice.deadlineMs) };
    case 'taken-back': {
      const told = new Map(plan.told);
      const withdrawn = new Set(plan.withdrawn);
      for (const id of event.noticeIds) {
        told.delete(id);
        withdrawn.delete(id);
      }
      return { ...plan, told, withdrawn };
    }
    case 'request-failed': {
      const failed = { ...plan, requestAfterMs: nowMs + settings.pollMs };
      // A forced release is asked for once: after it the deadline leaves no time for a second answer.
      return plan.phase === 'releasing' && plan.forced
        ? { ...failed, phase: 'released', why: 'time is over and the node did not take its release' }
        : failed;
    }
    case 'completed':
      return track(plan, event.noticeId, { completed: true });
    case 'complete-failed':
      return track(plan, event.noticeId, { completeAfterMs: nowMs + settings.cloudRetryMs });
    case 'extend-failed':
      return track(plan, event.noticeId, {
        extendAfterMs: nowMs + settings.cloudRetryMs,
        extendRefused: event.refused,
      });
    case 'tick':
      return plan;
  }
}

function learnPending(plan: DrainPlan, notice: Notice, nowMs: number, settings: PlanSettings): DrainPlan {
  const before = plan.notices.get(notice.id);
  const sameDeadline = before !== undefined && before.notice.deadlineMs === notice.deadlineMs;
  const tracked: TrackedNotice = sameDeadline
    ? { ...before, notice }
    : {
        notice,
        completed: before?.completed ?? false,
        completeAfterMs: before?.completeAfterMs ?? 0,
        extendDueMs: extendDueMs(notice, before !== undefined, nowMs, settings),
        extendAfterMs: 0,
        extendRefused: false,
      };
  const withdrawn = new Set(plan.withdrawn);
  withdrawn.delete(notice.id);
  return { ...plan, notices: new Map(plan.notices).set(notice.id, tracked), withdrawn };
}

/**
 * Some time before the deadline, but not before half of the time is over, since a cloud may give less than
 * `extendAheadMs` each time; never after the cutoff; and with a pause after the last extension.
 */
function extendDueMs(notice: Notice, known: boolean, nowMs: number, settings: PlanSettings): number {
  const { deadlineMs } = notice;
  if (deadlineMs === undefined) return Infinity;
  const due = Math.max(deadlineMs - settings.extendAheadMs, nowMs + (deadlineMs - nowMs) / 2);
  return Math.max(Math.min(due, deadlineMs - settings.safetyMarginMs), known ? nowMs + settings.pollMs : 0);
}

function learnWithdrawn(plan: DrainPlan, id: string): DrainPlan {
  const notices = new Map(plan.notices);
  notices.delete(id);
  return { ...plan, notices, withdrawn: new Set(plan.withdrawn).add(id) };
}

function track(plan: DrainPlan, id: string, change: Partial<TrackedNotice>): DrainPlan {
  const tracked = plan.notices.get(id);
  return tracked ? { ...plan, notices: new Map(plan.notices).set(id, { ...tracked, ...change }) } : plan;
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
      if (plan.withdrawn.size === 0) return { ...plan, phase: 'idle', why: 'the node takes meetings again' };
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
      if (status && !timeIsOver(plan, nowMs, settings)) {
        return { ...plan, phase: 'draining', why: 'a media server is back' };
      }
      return plan;
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
  return status?.state === 'drained' && status.meetings === 0;
}

function describeNotices(plan: DrainPlan): string {
  return [...plan.notices.values()].map(({ notice }) => `${notice.kind} (${notice.source})`).join(', ');
}

export function lastStatus(node: NodeView): DrainStatus | undefined {
  if (node.kind === 'answering') return node.status;
  return node.kind === 'unknown' ? undefined : node.last;
}

/** The time by which the node must be empty for this notice. */
export function cutoffMs(notice: Notice, settings: PlanSettings): number | undefined {
  return notice.deadlineMs === undefined ? undefined : notice.deadlineMs - settings.safetyMarginMs;
}

/** When to ask for more time; undefined when there is none to be had. */
export function extendAtMs(tracked: TrackedNotice): number | undefined {
  if (!tracked.notice.canExtend || tracked.extendRefused) return undefined;
  return Math.max(tracked.extendDueMs, tracked.extendAfterMs);
}

/** A notice's time is over and more cannot be had: asking the cloud was refused, or has just failed. */
function timeIsOver(plan: DrainPlan, nowMs: number, settings: PlanSettings): boolean {
  return [...plan.notices.values()].some((tracked) => {
    const cutoff = cutoffMs(tracked.notice, settings);
    const mayAskForMore = extendAtMs(tracked) !== undefined && tracked.extendAfterMs <= nowMs;
    return cutoff !== undefined && nowMs >= cutoff && !mayAskForMore;
  });
}

/**
 * Whether completing this notice ends this node and nobody else's. One that names other nodes too is completed only when
 * its time is over: the others may still be moving their meetings.
 */
export function mayComplete(notice: Notice, nowMs: number, settings: PlanSettings): boolean {
  if (!notice.canComplete) return false;
  const cutoff = cutoffMs(notice, settings);
  return notice.coupledNodeIds.length === 0 || (cutoff !== undefined && nowMs >= cutoff);
}

function canLetGo(plan: DrainPlan, nowMs: number, settings: PlanSettings): boolean {
  return [...plan.notices.values()].some(({ notice }) => mayComplete(notice, nowMs, settings));
}
