import type { DrainStatus } from '@holdfast/media-server/protocol/index.ts';
import { deadlineAtMs, sameDeadline } from '../clouds/deadline.ts';
import type { Notice } from '../clouds/types.ts';

/** What the drain agent knows, and how it learns. */
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
  /** When the last call for this deadline failed. */
  readonly extendFailedAtMs: number | undefined;
  /** The cloud said no; it is not asked again for this deadline. */
  readonly extendRefused: boolean;
}

export type NodeView =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'answering'; readonly status: DrainStatus; readonly atMs: number }
  /** It does not answer, but it is there, as far as anybody can tell. */
  | {
      readonly kind: 'silent';
      readonly sinceMs: number;
      readonly atMs: number;
      readonly last: DrainStatus | undefined;
    }
  /** The process is not there: nobody listens, neither on its socket nor on its port. */
  | {
      readonly kind: 'gone';
      readonly sinceMs: number;
      readonly atMs: number;
      readonly last: DrainStatus | undefined;
    };

/** What was met in place of an answer. */
export interface Silence {
  /** Of the node's socket. `nobody`: nobody listens there, or the file is missing. */
  readonly socket: 'nobody' | 'no-answer';
  /** Of the node's `/healthz`, which is asked when nobody listens on the socket. */
  readonly health: 'nobody' | 'somebody' | 'not-asked';
}

/**
 * A socket's file may be removed under a node that carries meetings, and a port may be taken by something else. Only both
 * together mean that the process is not there.
 */
export function isGone({ socket, health }: Silence): boolean {
  return socket === 'nobody' && health === 'nobody';
}

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
  | { readonly type: 'node-unanswered'; readonly found: Silence }
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

/** What is known after the event; everything else of `plan` stays as it is. */
export function learn<K extends DrainKnowledge>(
  plan: K,
  event: DrainEvent,
  nowMs: number,
  settings: PlanSettings,
): K {
  switch (event.type) {
    case 'notice': {
      const { notice } = event;
      if (notice.status === 'withdrawn') return learnWithdrawn(plan, notice.id);
      if (notice.urgency === 'order') return learnPending(plan, notice, nowMs, settings);
      // Advice empties no node: whether it is followed is for those who see the whole fleet.
      return plan.notices.has(notice.id) ? learnWithdrawn(plan, notice.id) : plan;
    }
    case 'node-answered': {
      const node: NodeView = { kind: 'answering', status: event.status, atMs: nowMs };
      // An active node knows of no notice: it was restarted, or somebody cancelled the drain.
      return event.status.state === 'active' ? { ...plan, node, told: new Map() } : { ...plan, node };
    }
    case 'node-unanswered': {
      const kind = isGone(event.found) ? 'gone' : 'silent';
      const sinceMs = plan.node.kind === kind ? plan.node.sinceMs : nowMs;
      return { ...plan, node: { kind, sinceMs, atMs: nowMs, last: lastStatus(plan.node) } };
    }
    case 'told':
      return { ...plan, told: new Map(plan.told).set(event.notice.id, deadlineAtMs(event.notice.deadline)) };
    case 'taken-back': {
      const told = new Map(plan.told);
      const withdrawn = new Set(plan.withdrawn);
      for (const id of event.noticeIds) {
        told.delete(id);
        withdrawn.delete(id);
      }
      return { ...plan, told, withdrawn };
    }
    case 'request-failed':
      return { ...plan, requestAfterMs: nowMs + settings.pollMs };
    case 'completed':
      return track(plan, event.noticeId, { completed: true });
    case 'complete-failed':
      return track(plan, event.noticeId, { completeAfterMs: nowMs + settings.cloudRetryMs });
    case 'extend-failed':
      return track(plan, event.noticeId, {
        extendFailedAtMs: nowMs,
        extendRefused: event.refused,
      });
    case 'tick':
      return plan;
  }
}

function learnPending<K extends DrainKnowledge>(
  plan: K,
  notice: Notice,
  nowMs: number,
  settings: PlanSettings,
): K {
  const before = plan.notices.get(notice.id);
  const tracked: TrackedNotice =
    before !== undefined && sameDeadline(before.notice.deadline, notice.deadline)
      ? { ...before, notice }
      : {
          notice,
          completed: before?.completed ?? false,
          completeAfterMs: before?.completeAfterMs ?? 0,
          extendDueMs: extendDueMs(notice, before !== undefined, nowMs, settings),
          extendFailedAtMs: undefined,
          extendRefused: false,
        };
  const withdrawn = new Set(plan.withdrawn);
  withdrawn.delete(notice.id);
  return { ...plan, notices: new Map(plan.notices).set(notice.id, tracked), withdrawn };
}

/**
 * Some time before the deadline, but not before half of the time is over, since a cloud may give less than
 * `extendAheadMs` each time; never after the cutoff; and with a pause after the last extension. At once when the deadline
 * is not known: asking is the only way to learn it.
 */
function extendDueMs(notice: Notice, known: boolean, nowMs: number, settings: PlanSettings): number {
  const deadlineMs = deadlineAtMs(notice.deadline);
  if (deadlineMs === undefined) return Infinity;
  if (notice.deadline.kind === 'unknown') return known ? nowMs + settings.pollMs : nowMs;
  const due = Math.max(deadlineMs - settings.extendAheadMs, nowMs + (deadlineMs - nowMs) / 2);
  return Math.max(Math.min(due, deadlineMs - settings.safetyMarginMs), known ? nowMs + settings.pollMs : 0);
}

function learnWithdrawn<K extends DrainKnowledge>(plan: K, id: string): K {
  const notices = new Map(plan.notices);
  notices.delete(id);
  return { ...plan, notices, withdrawn: new Set(plan.withdrawn).add(id) };
}

function track<K extends DrainKnowledge>(plan: K, id: string, change: Partial<TrackedNotice>): K {
  const tracked = plan.notices.get(id);
  return tracked ? { ...plan, notices: new Map(plan.notices).set(id, { ...tracked, ...change }) } : plan;
}

export function lastStatus(node: NodeView): DrainStatus | undefined {
  if (node.kind === 'answering') return node.status;
  return node.kind === 'unknown' ? undefined : node.last;
}

/** The time by which the node must be empty for this notice. */
export function cutoffMs(notice: Notice, settings: PlanSettings): number | undefined {
  const deadlineMs = deadlineAtMs(notice.deadline);
  return deadlineMs === undefined ? undefined : deadlineMs - settings.safetyMarginMs;
}

/**
 * When to ask for more time; undefined when there is none to be had. The last try is at the cutoff: one that fails later
 * leaves no time for another. A deadline that is not known is asked for until there is an answer: what it is assumed to be
 * is no reason to cut people off.
 */
export function extendAtMs(tracked: TrackedNotice, settings: PlanSettings): number | undefined {
  const { notice, extendDueMs: dueMs, extendFailedAtMs: failedAtMs, extendRefused } = tracked;
  if (!notice.canExtend || extendRefused) return undefined;
  if (failedAtMs === undefined) return dueMs;
  if (notice.deadline.kind === 'unknown') return failedAtMs + settings.cloudRetryMs;
  const cutoff = cutoffMs(notice, settings) ?? Infinity;
  if (failedAtMs >= cutoff) return undefined;
  return Math.max(dueMs, Math.min(failedAtMs + settings.cloudRetryMs, cutoff));
}

/** A notice's time is over, and more cannot be had. */
export function timeIsOver(plan: DrainKnowledge, nowMs: number, settings: PlanSettings): boolean {
  return [...plan.notices.values()].some((tracked) => {
    const cutoff = cutoffMs(tracked.notice, settings);
    return cutoff !== undefined && nowMs >= cutoff && extendAtMs(tracked, settings) === undefined;
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
