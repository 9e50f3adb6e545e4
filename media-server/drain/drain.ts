import { EventEmitter } from 'eventemitter3';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import type {
  DrainReport,
  DrainRequest,
  DrainStatus,
  DrainWait,
  ParamsOf,
  registryClientContract,
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

/** What is on a machine that is to be emptied, whatever its role: meetings, or relayed connections. */
export interface DrainedLoad {
  /** Things that hold the machine, those that are only just coming among them. Nothing holds it: it may go. */
  readonly holds: () => number;
  readonly people: () => number;
  /** Why what is still here has not gone yet. */
  readonly waits: () => DrainWait[];
}

export interface DrainOptions {
  readonly load: DrainedLoad;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * One machine's drain: who wants it empty and until when, and what it answers them. It empties nothing itself: whoever
 * does listens to `changed`, looks at `state` and `deadlineMs`, and says `emptied` and `filled`.
 */
export class Drain extends EventEmitter<{ changed: () => void }> {
  readonly #options: DrainOptions;
  #state: DrainMachineState = initialDrainState;

  constructor(options: DrainOptions) {
    super();
    this.#options = options;
  }

  get state(): DrainMachineState['state'] {
    return this.#state.state;
  }

  /** Newcomers are welcome. */
  get accepting(): boolean {
    return this.#state.state === 'active';
  }

  /** The earliest deadline of all who want the machine empty, by its own clock. */
  get deadlineMs(): number | undefined {
    return drainDeadlineMs(this.#state);
  }

  report(): DrainReport {
    const { clock, load } = this.#options;
    return drainReportOf(this.#state, clock.now(), this.state === 'draining' ? load.waits() : []);
  }

  status(): Omit<DrainStatus, 'nodeId' | 'role'> {
    const { load } = this.#options;
    return { ...this.report(), holds: load.holds(), people: load.people() };
  }

  /** An order by way of the control plane, where it was checked. */
  order({ by, reason, withinMs }: ParamsOf<typeof registryClientContract, 'node.drain'>): DrainReport {
    return this.#drain({ id: by, by, reason, deadlineMs: this.#deadline(withinMs) });
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
   * The process was told to end: it is to be empty first. Resolves when it is, or when the signal aborts, which it is
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

  /** The point of no return: the cloud will be told to remove this machine. */
  release(force: boolean): DrainReport {
    return this.#apply({ type: 'release', holds: this.#options.load.holds(), force });
  }

  /** Nothing is here any more, and nothing is coming. */
  emptied(): void {
    this.#apply({ type: 'emptied' });
  }

  /** Something is here again. */
  filled(): void {
    this.#apply({ type: 'filled' });
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
      if (this.#state.state !== before.state) {
        this.#options.log.info(
          { from: before.state, ...this.report(), to: this.#state.state },
          'drain.state',
        );
      }
      this.emit('changed');
    }
    return this.report();
  }
}
