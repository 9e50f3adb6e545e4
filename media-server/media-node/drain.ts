import { EventEmitter } from 'eventemitter3';
import {
  type DrainReport,
  type HoldfastError,
  type nodeContract,
  type ParamsOf,
  toHoldfastError,
} from '../protocol/index.ts';
import {
  type DrainCause,
  type DrainEvent,
  type DrainMachineState,
  drainDeadlineMs,
  drainReportOf,
  initialDrainState,
  nextDrainState,
} from './drain-machine.ts';
import { Handover, type HandoverContext } from './handover.ts';
import { interleaveMs, parallelMoves } from './handover-schedule.ts';
import type { Meeting } from './meeting.ts';
import type { MeetingStore } from './meeting-store.ts';

/** Between two looks at a meeting that could not be moved, ms. Capacity is being asked for meanwhile. */
const RETRY_MS = 1000;
const COMMIT_MARGIN_MS = 1000;

interface DrainEvents {
  changed: (report: DrainReport) => void;
  moved: (move: { meetingId: string; target: string; durationMs: number; stragglers: number }) => void;
  moveFailed: (error: HoldfastError) => void;
}

/**
 * The node's own drain: takes no new meetings and moves those it has, until it is empty. Meetings that have begun to
 * move when a drain is cancelled go on moving: turning back would cost everybody a second switch.
 */
export class Drain extends EventEmitter<DrainEvents> {
  readonly #meetings: MeetingStore;
  readonly #context: HandoverContext;
  readonly #moving = new Map<string, Handover>();
  /** Not before this time is the meeting tried again. */
  readonly #retryAtMs = new Map<string, number>();
  /** Targets that failed for a meeting; forgotten when nothing else is left. */
  readonly #failedTargets = new Map<string, string[]>();
  #state: DrainMachineState = initialDrainState;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(meetings: MeetingStore, context: HandoverContext) {
    super();
    this.#meetings = meetings;
    this.#context = context;
    meetings.on('changed', () => this.#advance());
  }

  get state(): DrainMachineState['state'] {
    return this.#state.state;
  }

  /** New meetings are welcome. */
  get accepting(): boolean {
    return this.#state.state === 'active';
  }

  report(): DrainReport {
    return drainReportOf(this.#state);
  }

  drain(cause: DrainCause): DrainReport {
    return this.#apply({ type: 'drain', cause, nowMs: this.#context.now() });
  }

  cancel(by: DrainCause['by'], causeId?: string): DrainReport {
    return this.#apply({ type: 'cancel', by, ...(causeId === undefined ? {} : { causeId }) });
  }

  /** The point of no return: the cloud will be told to remove this node. */
  release(force: boolean): DrainReport {
    return this.#apply({ type: 'release', holds: this.#meetings.all.length, force });
  }

  /** A gateway's word about a meeting that is moving away. */
  progress(params: ParamsOf<typeof nodeContract, 'handover.progress'>): void {
    this.#moving.get(params.meetingId)?.progress(params);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.removeAllListeners();
  }

  #apply(event: DrainEvent): DrainReport {
    const before = this.#state;
    this.#state = nextDrainState(before, event);
    if (this.#state !== before) {
      const report = this.report();
      if (this.#state.state === 'active') {
        this.#retryAtMs.clear();
        this.#failedTargets.clear();
      }
      if (this.#state.state !== before.state) {
        this.#context.log.info({ from: before.state, ...report, to: this.#state.state }, 'drain.state');
      }
      this.emit('changed', report);
      this.#advance();
    }
    return this.report();
  }

  /** Starts what may be started now. Called at every change; does nothing when there is nothing to do. */
  #advance(): void {
    if (this.#closed || (this.#state.state !== 'draining' && this.#state.state !== 'drained')) return;
    for (const meeting of this.#meetings.all) {
      if (!this.#moving.has(meeting.id)) this.#meetings.endIfEmpty(meeting);
    }
    const meetings = this.#meetings.all;
    if (meetings.length === 0) {
      if (this.#moving.size === 0) this.#apply({ type: 'emptied' });
      return;
    }
    if (this.#state.state === 'drained') this.#apply({ type: 'filled' });
    const nowMs = this.#context.now();
    const deadlineMs = drainDeadlineMs(this.#state);
    const allowed = parallelMoves({
      meetings: meetings.length,
      gently: this.#context.timing.parallelMeetings,
      remainingMs: deadlineMs === undefined ? undefined : deadlineMs - nowMs,
      meetingDeadlineMs: this.#context.timing.meetingDeadlineMs,
    });
    let nextMs = Number.POSITIVE_INFINITY;
    for (const meeting of meetings) {
      if (this.#moving.size >= allowed) return;
      if (this.#moving.has(meeting.id) || meeting.role !== 'home') continue;
      const retryAtMs = this.#retryAtMs.get(meeting.id) ?? 0;
      if (retryAtMs <= nowMs) void this.#move(meeting, allowed);
      else nextMs = Math.min(nextMs, retryAtMs - nowMs);
    }
    clearTimeout(this.#timer);
    if (nextMs < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#advance(), nextMs);
  }

  /** A handover must be committed this long before the node is ended. */
  #commitByMs(): number | undefined {
    const deadlineMs = drainDeadlineMs(this.#state);
    return deadlineMs === undefined ? undefined : deadlineMs - COMMIT_MARGIN_MS;
  }

  async #move(meeting: Meeting, parallel: number): Promise<void> {
    const publishOffsetMs = interleaveMs(this.#moving.size, parallel, this.#context.timing.publishSpacingMs);
    const handover = new Handover(meeting, this.#context);
    this.#moving.set(meeting.id, handover);
    const exclude = this.#failedTargets.get(meeting.id) ?? [];
    try {
      const outcome = await handover.run({ exclude, publishOffsetMs, untilMs: this.#commitByMs() });
      if (outcome.type === 'moved') {
        this.#failedTargets.delete(meeting.id);
        this.#retryAtMs.delete(meeting.id);
        this.#meetings.close(meeting, 'moved');
        this.emit('moved', { meetingId: meeting.id, ...outcome });
      } else if (outcome.type === 'gone') {
        // Usually nothing is left to try again. Legs that are: their gateways are about to close them.
        this.#retryAtMs.set(meeting.id, this.#context.now() + RETRY_MS);
      } else {
        // A target that failed is left out next time; when nothing else fits, everything is open again.
        if (outcome.target === undefined) this.#failedTargets.delete(meeting.id);
        else this.#failedTargets.set(meeting.id, [...exclude, outcome.target]);
        const retryMs = outcome.target === undefined ? (outcome.error.retryAfterMs ?? RETRY_MS) : 0;
        this.#retryAtMs.set(meeting.id, this.#context.now() + retryMs);
        this.#context.log.warn({ meetingId: meeting.id, err: outcome.error, retryMs }, 'drain.move_failed');
        this.emit('moveFailed', outcome.error);
      }
    } catch (error) {
      // Handover.run answers for everything it knows; this is a fault of ours, and must not stop the other meetings.
      this.#retryAtMs.set(meeting.id, this.#context.now() + RETRY_MS);
      this.#context.log.error({ err: error, meetingId: meeting.id }, 'drain.move_broken');
      this.emit('moveFailed', toHoldfastError(error));
    } finally {
      this.#moving.delete(meeting.id);
      this.#advance();
    }
  }
}
