import { randomUUID } from 'node:crypto';
import type { Clock } from '@holdfast/media-server/process/clock.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { deadlineAtMs } from '../deadline.ts';
import type { Notice, NoticeKind } from '../types.ts';

/** How a notice ended. `closed`: the whole cloud was closed meanwhile. */
export type NoticeEnd = 'completed' | 'deadline' | 'withdrawn' | 'closed';

export interface NoticeTerms {
  readonly kind: NoticeKind;
  readonly source: string;
  /** Time until the deadline, and what each extension gives from then on. */
  readonly timeoutMs: number;
  /** No extension goes beyond this long after the beginning; 0: it cannot be extended. */
  readonly limitMs: number;
  readonly canComplete: boolean;
  /** As clouds do whose metadata has no deadline: it is told with the first extension. */
  readonly hidden?: boolean;
}

interface Posted {
  notice: Notice;
  /** The true one; undefined: none. */
  deadlineMs: number | undefined;
  readonly terms: NoticeTerms;
  readonly limitAtMs: number;
  end: NoticeEnd | undefined;
  cancelTimer: () => void;
}

/** The notices of one machine and their clocks. What follows from their end is the cloud's business. */
export class NoticeBoard {
  readonly #nodeId: string;
  readonly #clock: Clock;
  readonly #onEnd: (notice: Notice, end: NoticeEnd) => void;
  readonly #posted = new Map<string, Posted>();
  readonly #watchers = new Set<() => void>();
  /** A service that was started anew must not take an old etag for its own. */
  readonly #boardId = randomUUID().slice(0, 8);
  #revision = 0;

  constructor(options: { nodeId: string; clock: Clock; onEnd: (notice: Notice, end: NoticeEnd) => void }) {
    this.#nodeId = options.nodeId;
    this.#clock = options.clock;
    this.#onEnd = options.onEnd;
  }

  get etag(): string {
    return `${this.#boardId}-${this.#revision}`;
  }

  get notices(): readonly Notice[] {
    return [...this.#posted.values()].map(({ notice }) => notice);
  }

  /** Neither completed nor withdrawn nor over. */
  get open(): readonly Notice[] {
    return [...this.#posted.values()].filter(({ end }) => end === undefined).map(({ notice }) => notice);
  }

  post(terms: NoticeTerms): Notice {
    const nowMs = this.#clock.now();
    const notice: Notice = {
      id: randomUUID(),
      kind: terms.kind,
      urgency: 'order',
      source: terms.source,
      nodeId: this.#nodeId,
      status: 'pending',
      deadline: terms.hidden
        ? { kind: 'unknown', assumedAtMs: nowMs }
        : { kind: 'known', atMs: nowMs + terms.timeoutMs },
      canExtend: terms.limitMs > terms.timeoutMs,
      canComplete: terms.canComplete,
      coupledNodeIds: [],
    };
    return this.#post({
      notice,
      deadlineMs: nowMs + terms.timeoutMs,
      terms,
      limitAtMs: nowMs + terms.limitMs,
      end: undefined,
      cancelTimer: () => {},
    });
  }

  /** Word that it would be better if the machine went; nothing happens when it stays. */
  advise(about: { readonly kind: NoticeKind; readonly source: string }): Notice {
    const notice: Notice = {
      ...about,
      id: randomUUID(),
      urgency: 'advice',
      nodeId: this.#nodeId,
      status: 'pending',
      deadline: { kind: 'unlimited' },
      canExtend: false,
      canComplete: false,
      coupledNodeIds: [],
    };
    const terms = { ...about, timeoutMs: 0, limitMs: 0, canComplete: false };
    return this.#post({
      notice,
      deadlineMs: undefined,
      terms,
      limitAtMs: 0,
      end: undefined,
      cancelTimer: () => {},
    });
  }

  #post(posted: Posted): Notice {
    this.#posted.set(posted.notice.id, posted);
    this.#arm(posted);
    this.#changed();
    return posted.notice;
  }

  extend(id: string): Notice {
    const posted = this.#get(id);
    if (posted.end !== undefined || !posted.notice.canExtend) {
      throw new HoldfastError('CLOUD_REFUSED', `the notice ${id} cannot be extended`);
    }
    const deadlineMs = Math.min(this.#clock.now() + posted.terms.timeoutMs, posted.limitAtMs);
    const beforeMs = deadlineAtMs(posted.notice.deadline) ?? Infinity;
    if (posted.notice.deadline.kind === 'known' && deadlineMs <= beforeMs) {
      throw new HoldfastError('CLOUD_REFUSED', `the notice ${id} would gain nothing yet`);
    }
    posted.deadlineMs = deadlineMs;
    posted.notice = {
      ...posted.notice,
      deadline: { kind: 'known', atMs: deadlineMs },
      canExtend: deadlineMs < posted.limitAtMs,
    };
    this.#arm(posted);
    this.#changed();
    return posted.notice;
  }

  complete(id: string): void {
    const posted = this.#get(id);
    if (posted.end === 'withdrawn')
      throw new HoldfastError('CLOUD_REFUSED', `the notice ${id} was withdrawn`);
    if (!posted.notice.canComplete) {
      throw new HoldfastError(
        'CLOUD_REFUSED',
        `the notice ${id} cannot be completed: the machine goes at its deadline`,
      );
    }
    this.#end(posted, 'completed');
  }

  withdraw(id: string): void {
    const posted = this.#get(id);
    if (posted.end === 'withdrawn') return;
    if (posted.end !== undefined) {
      throw new HoldfastError(
        'CONFLICT',
        `the notice ${id} is over (${posted.end}): the machine is going already`,
      );
    }
    posted.notice = { ...posted.notice, status: 'withdrawn', canExtend: false, canComplete: false };
    this.#end(posted, 'withdrawn');
    this.#changed();
  }

  /** Called at every change until the function returned is called. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  close(): void {
    for (const posted of this.#posted.values()) this.#end(posted, 'closed');
    this.#watchers.clear();
  }

  #get(id: string): Posted {
    const posted = this.#posted.get(id);
    if (!posted) throw new HoldfastError('NOT_FOUND', `${this.#nodeId} has no notice ${id}`);
    return posted;
  }

  #arm(posted: Posted): void {
    posted.cancelTimer();
    if (posted.deadlineMs === undefined) return;
    const leftMs = posted.deadlineMs - this.#clock.now();
    // A clock may have waited less than it was asked to: a deadline is never early.
    posted.cancelTimer = this.#clock.after(leftMs, () =>
      this.#clock.now() < (posted.deadlineMs ?? Infinity) ? this.#arm(posted) : this.#end(posted, 'deadline'),
    );
  }

  #end(posted: Posted, end: NoticeEnd): void {
    if (posted.end !== undefined) return;
    posted.end = end;
    posted.cancelTimer();
    this.#onEnd(posted.notice, end);
  }

  #changed(): void {
    this.#revision += 1;
    for (const changed of [...this.#watchers]) changed();
  }
}
