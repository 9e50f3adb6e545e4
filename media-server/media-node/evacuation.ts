import { EventEmitter } from 'eventemitter3';
import { Drain } from '../drain/drain.ts';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import {
  type DrainWait,
  HoldfastError,
  type nodeContract,
  type ParamsOf,
  toHoldfastError,
} from '../protocol/index.ts';
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

/** What an evacuation has to know of a meeting: `Meeting`. */
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
  readonly participantCount: number;
  get(meetingId: string): M | undefined;
  close(meeting: M, reason: string): void;
  endIfEmpty(meeting: M): boolean;
  on(event: 'changed', listener: () => void): unknown;
}

export interface EvacuationOptions<M extends DrainedMeeting> {
  readonly meetings: DrainedMeetings<M>;
  readonly move: (meeting: M) => MeetingMove;
  readonly timing: Situation['timing'];
  readonly clock: Clock;
  readonly log: Logger;
}

interface EvacuationEvents {
  moved: (move: { meetingId: string; target: string; durationMs: number; stragglers: number }) => void;
  moveFailed: (error: HoldfastError) => void;
}

/** Until a node that is being emptied looks again at what is being opened on it, ms. */
const LOOK_AGAIN_MS = 1000;

/**
 * Moves this node's meetings away while its drain wants it empty. `drain-machine.ts` decides what the node's state is,
 * `evacuation-plan.ts` what moves when; here it is done. Meetings that have begun to move when a drain is cancelled go on
 * moving: turning back would cost everybody a second switch.
 */
export class Evacuation<M extends DrainedMeeting = Meeting> extends EventEmitter<EvacuationEvents> {
  readonly drain: Drain;
  readonly #options: EvacuationOptions<M>;
  readonly #moving = new Map<string, MeetingMove>();
  readonly #closing = new AbortController();
  #plan = emptyPlan;
  #waitedFor = '';
  #cancelTimer = () => {};

  constructor(options: EvacuationOptions<M>) {
    super();
    this.#options = options;
    const { meetings, clock, log } = options;
    this.drain = new Drain({
      load: {
        holds: () => meetings.all.length + meetings.opening,
        people: () => meetings.participantCount,
        waits: () => waitsOf(this.#plan, this.#situation(), clock.now()),
      },
      clock,
      log,
    });
    this.drain.on('changed', () => {
      if (this.drain.accepting) this.#learn({ type: 'cancelled' });
      this.#advance();
    });
    meetings.on('changed', () => this.#advance());
  }

  /** A gateway's word about a meeting that is moving away. */
  progress(params: ParamsOf<typeof nodeContract, 'handover.progress'>): void {
    this.#moving.get(params.meetingId)?.progress(params);
  }

  close(): void {
    this.#closing.abort(new HoldfastError('CONNECTION_CLOSED', 'the node stops'));
    this.#cancelTimer();
    this.drain.removeAllListeners();
    this.removeAllListeners();
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
      deadlineMs: this.drain.deadlineMs,
      timing,
    };
  }

  /** Starts what may be started now. Called at every change; does nothing when there is nothing to do. */
  #advance(): void {
    const { drain } = this;
    if (this.#closing.signal.aborted || (drain.state !== 'draining' && drain.state !== 'drained')) return;
    const { meetings, clock } = this.#options;
    for (const meeting of meetings.all) {
      if (!this.#moving.has(meeting.id)) meetings.endIfEmpty(meeting);
    }
    const situation = this.#situation();
    if (isEvacuated(this.#plan, situation)) {
      drain.emptied();
      return;
    }
    if (drain.state === 'drained') drain.filled();
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
    const waitingFor: DrainWait[] = this.drain.report().waitingFor ?? [];
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
