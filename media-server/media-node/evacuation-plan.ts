import type { DrainWait, WaitReason } from '../protocol/index.ts';
import { interleaveMs, parallelMoves } from './handover-schedule.ts';

/** A meeting of this node, as far as its move is concerned. */
export interface Evacuee {
  readonly id: string;
  readonly role: 'home' | 'incoming' | 'outgoing';
  /** A gateway is connected that can tell at least one of its people. */
  readonly reachable: boolean;
}

/** The node as it is now. */
export interface Situation {
  readonly meetings: readonly Evacuee[];
  /** Meetings that are being made this moment. */
  readonly opening: number;
  readonly deadlineMs: number | undefined;
  readonly timing: {
    readonly meetingDeadlineMs: number;
    readonly parallelMeetings: number;
    readonly publishSpacingMs: number;
  };
}

interface Waiting {
  readonly kind: 'waiting';
  readonly why: WaitReason;
  /** Since when it waits for this and nothing else. */
  readonly sinceMs: number;
  readonly retryAtMs: number;
  readonly failedTargets: readonly string[];
}
interface Moving {
  readonly kind: 'moving';
  readonly sinceMs: number;
  /** What it waited for until it was tried again. */
  readonly waited: Pick<Waiting, 'why' | 'sinceMs'> | undefined;
  readonly failedTargets: readonly string[];
}

/** What has become of each meeting so far; one that is not named has not been tried. */
export type EvacuationPlan = ReadonlyMap<string, Waiting | Moving>;

/** How one try to move a meeting ended. */
export type MoveEnd =
  | { readonly type: 'moved' }
  /** Nothing was left to move. Legs that are left: their gateways are about to close them. */
  | { readonly type: 'gone' }
  /** `target`: the node that failed; undefined: there was none. `noRoom`: the control plane said that nothing fits. */
  | {
      readonly type: 'failed';
      readonly target: string | undefined;
      readonly noRoom: boolean;
      readonly retryAfterMs: number | undefined;
    }
  /** An error of ours. */
  | { readonly type: 'broken' };

export type EvacuationEvent =
  | { readonly type: 'begun'; readonly meetingId: string }
  | { readonly type: 'ended'; readonly meetingId: string; readonly end: MoveEnd }
  /** Whatever is not under way is forgotten: the drain was taken back. */
  | { readonly type: 'cancelled' };

export interface NextMove {
  readonly meetingId: string;
  readonly exclude: readonly string[];
  readonly publishOffsetMs: number;
  /** By then it must be committed; undefined: there is time. */
  readonly untilMs: number | undefined;
}

/** Between two looks at a meeting that could not be moved, ms. Capacity is being asked for meanwhile. */
const RETRY_MS = 1000;
/** However long a control plane would have us wait, ms: room may have come. */
const LONGEST_RETRY_MS = 5000;
/** A handover must be committed this long before the node is ended, ms. */
const COMMIT_MARGIN_MS = 1000;
/** A move that takes longer than this is told, ms: it waits for somebody. */
const LONG_MOVE_MS = 4000;
/** A try that ends sooner than this has only asked for a target, ms: what it waits for has not changed. */
const ASKING_MS = 1000;

export const emptyPlan: EvacuationPlan = new Map();

export function afterEvent(plan: EvacuationPlan, event: EvacuationEvent, nowMs: number): EvacuationPlan {
  switch (event.type) {
    case 'begun': {
      const before = plan.get(event.meetingId);
      return new Map(plan).set(event.meetingId, {
        kind: 'moving',
        sinceMs: nowMs,
        waited: before?.kind === 'waiting' ? before : undefined,
        failedTargets: before?.failedTargets ?? [],
      });
    }
    case 'ended': {
      const next = new Map(plan);
      const before = plan.get(event.meetingId);
      const waiting = afterMove(before?.failedTargets ?? [], event.end, nowMs);
      const waited = before?.kind === 'moving' ? before.waited : undefined;
      if (waiting && waited?.why === waiting.why) {
        next.set(event.meetingId, { ...waiting, sinceMs: waited.sinceMs });
      } else if (waiting) next.set(event.meetingId, waiting);
      else next.delete(event.meetingId);
      return next;
    }
    case 'cancelled':
      return new Map([...plan].filter(([, { kind }]) => kind === 'moving'));
  }
}

function afterMove(failedTargets: readonly string[], end: MoveEnd, nowMs: number): Waiting | undefined {
  const wait = (why: WaitReason, retryMs: number, failed = failedTargets): Waiting => ({
    kind: 'waiting',
    why,
    sinceMs: nowMs,
    retryAtMs: nowMs + retryMs,
    failedTargets: failed,
  });
  switch (end.type) {
    case 'moved':
      return undefined;
    case 'gone':
      return wait('gateways', RETRY_MS);
    case 'broken':
      return wait('fault', RETRY_MS);
    case 'failed': {
      // A target that failed is left out next time; when nothing else fits, everything is open again.
      if (end.target !== undefined) return wait('target', 0, [...failedTargets, end.target]);
      const retryMs = Math.min(end.retryAfterMs ?? RETRY_MS, LONGEST_RETRY_MS);
      return end.noRoom ? wait('room', retryMs, []) : wait('control-plane', retryMs);
    }
  }
}

/** What may begin now, and when to look again (undefined: at the next change). */
export function nextMoves(
  plan: EvacuationPlan,
  situation: Situation,
  nowMs: number,
): { readonly begin: readonly NextMove[]; readonly lookAgainAtMs: number | undefined } {
  const { meetings, deadlineMs, timing } = situation;
  const allowed = parallelMoves({
    meetings: meetings.length,
    gently: timing.parallelMeetings,
    remainingMs: deadlineMs === undefined ? undefined : deadlineMs - nowMs,
    meetingDeadlineMs: timing.meetingDeadlineMs,
  });
  const open = meetings.filter(({ id, role }) => role === 'home' && plan.get(id)?.kind !== 'moving');
  const retryAtMs = (id: string) => {
    const state = plan.get(id);
    return state?.kind === 'waiting' ? state.retryAtMs : 0;
  };
  const moving = movesUnderWay(plan);
  const begin = open
    .filter(({ id }) => retryAtMs(id) <= nowMs)
    .slice(0, Math.max(0, allowed - moving))
    .map(
      ({ id }, index): NextMove => ({
        meetingId: id,
        exclude: plan.get(id)?.failedTargets ?? [],
        publishOffsetMs: interleaveMs(moving + index, allowed, timing.publishSpacingMs),
        untilMs: deadlineMs === undefined ? undefined : deadlineMs - COMMIT_MARGIN_MS,
      }),
    );
  const later = open.map(({ id }) => retryAtMs(id)).filter((atMs) => atMs > nowMs);
  return { begin, lookAgainAtMs: later.length === 0 ? undefined : Math.min(...later) };
}

/** Nothing is here, nothing is on its way here, and nothing is being moved. */
export function isEvacuated(plan: EvacuationPlan, situation: Situation): boolean {
  return situation.meetings.length === 0 && situation.opening === 0 && movesUnderWay(plan) === 0;
}

/** What the meetings wait for that are still here, for people. A move that goes well waits for nothing. */
export function waitsOf(plan: EvacuationPlan, situation: Situation, nowMs: number): DrainWait[] {
  const waits = new Map<WaitReason, DrainWait>();
  const add = (why: WaitReason, forMs: number, meetings = 1) => {
    const known = waits.get(why);
    waits.set(why, {
      why,
      meetings: (known?.meetings ?? 0) + meetings,
      forMs: Math.max(known?.forMs ?? 0, forMs),
    });
  };
  for (const meeting of situation.meetings) {
    const wait = waitOf(meeting, plan.get(meeting.id), nowMs);
    if (wait) add(wait.why, nowMs - wait.sinceMs);
  }
  if (situation.opening > 0) add('arrival', 0, situation.opening);
  return [...waits.values()];
}

function waitOf(
  meeting: Evacuee,
  state: Waiting | Moving | undefined,
  nowMs: number,
): Pick<Waiting, 'why' | 'sinceMs'> | undefined {
  if (!state) return { why: meeting.role === 'incoming' ? 'arrival' : 'turn', sinceMs: nowMs };
  if (state.kind === 'waiting') return state;
  const { sinceMs, waited } = state;
  if (waited && nowMs - sinceMs < ASKING_MS) return waited;
  if (!meeting.reachable) return { why: 'gateways', sinceMs };
  return nowMs - sinceMs > LONG_MOVE_MS ? { why: 'people', sinceMs } : undefined;
}

function movesUnderWay(plan: EvacuationPlan): number {
  return [...plan.values()].filter(({ kind }) => kind === 'moving').length;
}
