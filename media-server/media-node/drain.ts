import { EventEmitter } from 'eventemitter3';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import {
  type DrainReport,
  type DrainRequest,
  type DrainWait,
  HoldfastError,
  type nodeContract,
  type ParamsOf,
  type registryClientContract,
  toHoldfastError,
} from '../protocol/index.ts';
import {
  type DrainCause,
  type DrainEvent,
  type DrainMachineState,
  deadlineAfter,
  drainDeadlineMs,
  drainReportOf,
  initialDrainState,
  nextDrainState,
  sensibleWithinMs,
} from './drain-machine.ts';
import {
  afterEvent,
  type EvacuationEvent,
  emptyPlan,
  isEvacuated,
  type MoveEnd,
  type NextMove,
  nextMoves,
  type Situation,
  waitsOf,
} from './evacuation-plan.ts';
import type { HandoverOutcome } from './handover.ts';
import type { Meeting } from './meeting.ts';

/** One attempt to move one meeting: `Handover`. */
export interface MeetingMove {
  run(options: {
    readonly exclude: readonly string[];
    readonly publishOffsetMs: number;
    readonly untilMs: number | undefined;
    readonly signal: AbortSignal;
  }): Promise<HandoverOutcome>;
  progress(params: ParamsOf<typeof nodeContract, 'handover.progress'>): void;
}

/** What a drain has to know of a meeting: `Meeting`. */
export interface DrainedMeeting {
  readonly id: string;
  readonly role: 'home' | 'incoming' | 'outgoing';
  readonly legs: ReadonlyMap<string, { readonly link: unknown }>;
}

/** The node's meetings: `MeetingStore`. */
export interface DrainedMeetings<M extends DrainedMeeting> {
  readonly all: readonly M[];
  /** Being made: they are here in a moment. */
  readonly opening: number;
  get(meetingId: string): M | undefined;
  close(meeting: M, reason: string): void;
  endIfEmpty(meeting: M): boolean;
  on(event: 'changed', listener: () => void): unknown;
}

export interface DrainOptions<M extends DrainedMeeting> {
  readonly meetings: DrainedMeetings<M>;
  readonly move: (meeting: M) => MeetingMove;
  readonly timing: Situation['timing'];
  readonly clock: Clock;
  readonly log: Logger;
}

interface DrainEvents {
  changed: (report: DrainReport) => void;
  moved: (move: { meetingId: string; target: string; durationMs: number; stragglers: number }) => void;
  moveFailed: (error: HoldfastError) => void;
}

/** Until a node that is being emptied looks again at what is being opened on it, ms. */
const LOOK_AGAIN_MS = 1000;

/**
 * The node's own drain: takes no new meetings and moves those it has, until it is empty. `drain-machine.ts` decides what
 * the node's state is, `evacuation-plan.ts` what moves when; here it is done. Meetings that have begun to move when a drain
 * is cancelled go on moving: turning back would cost everybody a second switch.
 */
export class Drain<M extends DrainedMeeting = Meeting> extends EventEmitter<DrainEvents> {
  readonly #options: DrainOptions<M>;
  readonly #moving = new Map<string, MeetingMove>();
  readonly #closing = new AbortController();
  #state: DrainMachineState = initialDrainState;
  #plan = emptyPlan;
  #waitedFor = '';
  #cancelTimer = () => {};

  constructor(options: DrainOptions<M>) {
    super();
    this.#options = options;
    options.meetings.on('changed', () => this.#advance());
  }

  get state(): DrainMachineState['state'] {
    return this.#state.state;
  }

  /** New meetings are welcome. */
  get accepting(): boolean {
    return this.#state.state === 'active';
  }

  report(): DrainReport {
    return drainReportOf(this.#state, this.#options.clock.now(), this.#waits());
  }

  /** An operator's order, which was checked where it came in. */
  order({ reason, withinMs }: ParamsOf<typeof registryClientContract, 'node.drain'>): DrainReport {
    return this.#drain({ id: 'operator', by: 'operator', reason, deadlineMs: this.#deadline(withinMs) });
  }

  /** A cloud's word. */
  notice({ noticeId, kind, withinMs }: DrainRequest): DrainReport {
    if (withinMs !== undefined && sensibleWithinMs(withinMs) !== withinMs) {
      const takenMs = sensibleWithinMs(withinMs);
      this.#options.log.warn({ noticeId, withinMs, takenMs }, 'drain.deadline_without_sense');
    }
    return this.#drain({ id: noticeId, by: 'cloud', reason: kind, deadlineMs: this.#deadline(withinMs) });
  }

  /**
   * The process was told to end: moves away what is here. Resolves when nothing is, or when the signal aborts, which it is
   * expected to do after `graceMs`.
   */
  async leave(graceMs: number, signal: AbortSignal): Promise<void> {
    this.#drain({
      id: 'end',
      by: 'process',
      reason: 'the process ends',
      deadlineMs: this.#deadline(graceMs),
    });
    const over = () => signal.aborted || this.state === 'drained' || this.state === 'released';
    if (over()) return;
    await new Promise<void>((resolve) => {
      const check = () => {
        if (!over()) return;
        this.off('changed', check);
        signal.removeEventListener('abort', check);
        resolve();
      };
      this.on('changed', check);
      signal.addEventListener('abort', check);
    });
  }

  cancel(by: DrainCause['by'], causeId?: string): DrainReport {
    return this.#apply({ type: 'cancel', by, ...(causeId === undefined ? {} : { causeId }) });
  }

  /** The point of no return: the cloud will be told to remove this node. */
  release(force: boolean): DrainReport {
    const { all, opening } = this.#options.meetings;
    return this.#apply({ type: 'release', holds: all.length + opening, force });
  }

  /** A gateway's word about a meeting that is moving away. */
  progress(params: ParamsOf<typeof nodeContract, 'handover.progress'>): void {
    this.#moving.get(params.meetingId)?.progress(params);
  }

  close(): void {
    this.#closing.abort(new HoldfastError('CONNECTION_CLOSED', 'the node stops'));
    this.#cancelTimer();
    this.removeAllListeners();
  }

  #deadline(withinMs: number | undefined): number | undefined {
    return deadlineAfter(withinMs, this.#options.clock.now());
  }

  #drain(cause: DrainCause): DrainReport {
    return this.#apply({ type: 'drain', cause, nowMs: this.#options.clock.now() });
  }

  #apply(event: DrainEvent): DrainReport {
    const before = this.#state;
    this.#state = nextDrainState(before, event);
    if (this.#state !== before) {
      const report = this.report();
      if (this.#state.state === 'active') this.#learn({ type: 'cancelled' });
      if (this.#state.state !== before.state) {
        this.#options.log.info({ from: before.state, ...report, to: this.#state.state }, 'drain.state');
      }
      this.emit('changed', report);
      this.#advance();
    }
    return this.report();
  }

  #learn(event: EvacuationEvent): void {
    this.#plan = afterEvent(this.#plan, event, this.#options.clock.now());
  }

  #situation(): Situation {
    const { meetings, timing } = this.#options;
    return {
      meetings: meetings.all.map(({ id, role, legs }) => ({
        id,
        role,
        reachable: [...legs.values()].some(({ link }) => link !== undefined),
      })),
      opening: meetings.opening,
      deadlineMs: drainDeadlineMs(this.#state),
      timing,
    };
  }

  #waits(): DrainWait[] {
    if (this.#state.state !== 'draining') return [];
    return waitsOf(this.#plan, this.#situation(), this.#options.clock.now());
  }

  /** Starts what may be started now. Called at every change; does nothing when there is nothing to do. */
  #advance(): void {
    if (this.#closing.signal.aborted || (this.state !== 'draining' && this.state !== 'drained')) return;
    const { meetings, clock } = this.#options;
    for (const meeting of meetings.all) {
      if (!this.#moving.has(meeting.id)) meetings.endIfEmpty(meeting);
    }
    const situation = this.#situation();
    if (isEvacuated(this.#plan, situation)) {
      this.#apply({ type: 'emptied' });
      return;
    }
    if (this.state === 'drained') this.#apply({ type: 'filled' });
    const { begin, lookAgainAtMs } = nextMoves(this.#plan, situation, clock.now());
    for (const next of begin) {
      const meeting = meetings.get(next.meetingId);
      // Beginning one may have led here again.
      if (meeting && !this.#moving.has(meeting.id)) void this.#move(meeting, next);
    }
    this.#tellWaits();
    const waitMs = Math.min((lookAgainAtMs ?? Infinity) - clock.now(), LOOK_AGAIN_MS);
    this.#cancelTimer();
    this.#cancelTimer = clock.after(waitMs, () => this.#advance());
  }

  /** One line whenever the meetings begin to wait for something else. */
  #tellWaits(): void {
    const waitingFor = this.#waits();
    const key = waitingFor.map(({ why, meetings }) => `${why} ${meetings}`).join();
    if (key === this.#waitedFor) return;
    this.#waitedFor = key;
    if (waitingFor.some(({ why }) => why !== 'turn' && why !== 'arrival')) {
      this.#options.log.warn({ waitingFor }, 'drain.waiting');
    }
  }

  async #move(meeting: M, { exclude, publishOffsetMs, untilMs }: NextMove): Promise<void> {
    const { meetings, move, log } = this.#options;
    const { id: meetingId } = meeting;
    const under = move(meeting);
    this.#moving.set(meetingId, under);
    this.#learn({ type: 'begun', meetingId });
    let end: MoveEnd = { type: 'broken' };
    try {
      const outcome = await under.run({ exclude, publishOffsetMs, untilMs, signal: this.#closing.signal });
      end = moveEndOf(outcome);
      if (outcome.type === 'moved') {
        meetings.close(meeting, 'moved');
        this.emit('moved', { meetingId, ...outcome });
      } else if (outcome.type === 'failed') {
        // That nothing has room is told once, by `drain.waiting`, and not at each try.
        const level = outcome.error.code === 'NO_CAPACITY' ? 'debug' : 'warn';
        log[level]({ meetingId, err: outcome.error, target: outcome.target }, 'drain.move_failed');
        this.emit('moveFailed', outcome.error);
      }
    } catch (error) {
      // A handover answers for everything it knows; this is a fault of ours, and must not stop the other meetings.
      log.error({ err: error, meetingId }, 'drain.move_broken');
      this.emit('moveFailed', toHoldfastError(error));
    } finally {
      this.#moving.delete(meetingId);
      this.#learn({ type: 'ended', meetingId, end });
      this.#advance();
    }
  }
}

function moveEndOf(outcome: HandoverOutcome): MoveEnd {
  if (outcome.type !== 'failed') return { type: outcome.type };
  const { target, error } = outcome;
  return {
    type: 'failed',
    target,
    noRoom: error.code === 'NO_CAPACITY',
    retryAfterMs: error.retryAfterMs,
  };
}
