import {
  DRAIN_WITHIN_MS,
  type DrainedBy,
  type DrainReport,
  type DrainWait,
  HoldfastError,
} from '../protocol/index.ts';

/**
 * Who wants the node empty. An operator may change his mind; a cloud's notice is only taken back by the cloud, and a process
 * that was told to end is not told otherwise.
 */
export interface DrainCause {
  readonly id: string;
  readonly by: DrainedBy;
  readonly reason: string;
  /** By this node's own clock. */
  readonly deadlineMs: number | undefined;
}

export type DrainMachineState =
  | { readonly state: 'active' }
  | {
      readonly state: 'draining' | 'drained';
      readonly sinceMs: number;
      readonly causes: readonly DrainCause[];
    }
  | { readonly state: 'released'; readonly sinceMs: number; readonly causes: readonly DrainCause[] };

export type DrainEvent =
  | { readonly type: 'drain'; readonly cause: DrainCause; readonly nowMs: number }
  | { readonly type: 'cancel'; readonly by: DrainCause['by']; readonly causeId?: string }
  | { readonly type: 'emptied' }
  | { readonly type: 'filled' }
  | { readonly type: 'release'; readonly holds: number; readonly force: boolean };

export const initialDrainState: DrainMachineState = { state: 'active' };

/**
 * active → draining → drained → released; back to active from the middle two when no cause is left. Every event may come
 * twice. Throws DRAIN_RELEASED for a cancel after the release, CONFLICT for a release while something holds the machine.
 */
export function nextDrainState(now: DrainMachineState, event: DrainEvent): DrainMachineState {
  switch (event.type) {
    case 'drain': {
      if (now.state === 'released') return now;
      const causes = now.state === 'active' ? [] : now.causes.filter((cause) => cause.id !== event.cause.id);
      return {
        state: now.state === 'active' ? 'draining' : now.state,
        sinceMs: now.state === 'active' ? event.nowMs : now.sinceMs,
        causes: [...causes, event.cause],
      };
    }
    case 'cancel': {
      if (now.state === 'active') return now;
      if (now.state === 'released') {
        throw new HoldfastError('DRAIN_RELEASED', 'this node was already given back to the cloud');
      }
      // A person overrules the autoscaler, which knows only numbers; nobody overrules a cloud.
      const overruled = event.by === 'operator' ? ['operator', 'autoscaler'] : [event.by];
      const causes = now.causes.filter(
        (cause) =>
          !overruled.includes(cause.by) || (event.causeId !== undefined && cause.id !== event.causeId),
      );
      const held = causes.find(({ by }) => by === 'cloud' || by === 'process');
      if (event.by === 'operator' && held) {
        throw new HoldfastError(
          'CONFLICT',
          held.by === 'cloud'
            ? `the cloud is ending this node (${held.reason}); only the cloud can take that back`
            : `this node's process is ending (${held.reason}); that cannot be taken back`,
        );
      }
      return causes.length === 0 ? { state: 'active' } : { ...now, causes };
    }
    case 'emptied':
      return now.state === 'draining' ? { ...now, state: 'drained' } : now;
    case 'filled':
      return now.state === 'drained' ? { ...now, state: 'draining' } : now;
    case 'release': {
      if (now.state === 'released') return now;
      if (now.state === 'active') {
        throw new HoldfastError('CONFLICT', 'this node is not draining; drain it first');
      }
      if (event.holds > 0 && !event.force) {
        throw new HoldfastError('CONFLICT', `this node is not empty: ${event.holds} still hold it`);
      }
      return { ...now, state: 'released' };
    }
  }
}

/** The earliest deadline of all causes: that one binds. */
export function drainDeadlineMs(now: DrainMachineState): number | undefined {
  if (now.state === 'active') return undefined;
  const deadlines = now.causes.flatMap((cause) => (cause.deadlineMs === undefined ? [] : [cause.deadlineMs]));
  return deadlines.length === 0 ? undefined : Math.min(...deadlines);
}

/**
 * A time to be empty in that makes no sense is taken for the nearest that does: one that is over already would cut off
 * everybody whom a second or two could have saved.
 */
export function sensibleWithinMs(withinMs: number): number {
  return Math.min(Math.max(withinMs, DRAIN_WITHIN_MS.least), DRAIN_WITHIN_MS.most);
}

/** The deadline, by our own clock, of a word that came now and gives this time. */
export function deadlineAfter(withinMs: number | undefined, nowMs: number): number | undefined {
  return withinMs === undefined ? undefined : nowMs + sensibleWithinMs(withinMs);
}

export function drainReportOf(
  now: DrainMachineState,
  nowMs: number,
  waitingFor: DrainWait[] = [],
): DrainReport {
  if (now.state === 'active') return { state: 'active' };
  const deadlineMs = drainDeadlineMs(now);
  return {
    state: now.state,
    sinceMs: now.sinceMs,
    by: [...new Set(now.causes.map((cause) => cause.by))],
    reason: now.causes.map((cause) => cause.reason).join(', '),
    ...(deadlineMs === undefined ? {} : { remainingMs: Math.max(0, deadlineMs - nowMs) }),
    ...(waitingFor.length === 0 ? {} : { waitingFor }),
  };
}
