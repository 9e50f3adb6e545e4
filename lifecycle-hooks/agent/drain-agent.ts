import { type Clock, pause } from '@holdfast/media-server/process/clock.ts';
import { HoldfastError, toHoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { Logger } from 'pino';
import { gainMs } from '../clouds/deadline.ts';
import type { Notice, NoticeSource } from '../clouds/types.ts';
import type { AgentMetrics } from './agent-metrics.ts';
import {
  cutoffMs,
  type DrainEvent,
  defaultPlanSettings,
  isGone,
  type PlanSettings,
} from './drain-knowledge.ts';
import { type DrainPlan, initialPlan, isHeldForNothing, transition } from './drain-plan.ts';
import { type DrainStep, nextStep } from './next-step.ts';
import type { NodeAnswer, NodeClient } from './node-client.ts';

export interface DrainAgentOptions {
  readonly source: NoticeSource;
  readonly node: NodeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: AgentMetrics;
  readonly settings?: Partial<PlanSettings>;
}

/** The longest the node may take for an answer, ms. It is on the same machine. */
const NODE_TIMEOUT_MS = 2000;
/** Before the watch on the cloud is begun again after it failed, ms. */
const WATCH_RETRY_MS = 1000;

/**
 * Turns a cloud's notices into a drain of its node, holds the cloud back until the node is empty, and lets it go then.
 * One step at a time; the plan decides which. It never ends by itself: an empty node's release raises a notice too.
 */
export class DrainAgent {
  readonly #options: DrainAgentOptions;
  readonly #settings: PlanSettings;
  readonly #heard: Notice[] = [];
  #plan: DrainPlan = initialPlan;
  #wake: (() => void) | undefined;
  #drainingSinceMs: number | undefined;
  #emptySinceMs: number | undefined;

  constructor(options: DrainAgentOptions) {
    this.#options = options;
    this.#settings = { ...defaultPlanSettings, ...options.settings };
  }

  get plan(): DrainPlan {
    return this.#plan;
  }

  /** Works until the signal aborts; what is under way is picked up by the next agent of this node. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#watch(signal), this.#work(signal)]);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { source, clock, log, metrics } = this.#options;
    while (!signal.aborted) {
      try {
        for await (const notice of source.watch(signal)) {
          this.#heard.push(notice);
          this.#wake?.();
        }
      } catch (error) {
        if (signal.aborted) return;
        metrics.cloudError('watch');
        log.error({ err: error }, 'notices.watch_failed');
      }
      await pause(clock, WATCH_RETRY_MS, signal);
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      for (const notice of this.#heard.splice(0)) this.#hear(notice);
      this.#apply({ type: 'tick' });
      const step = nextStep(this.#plan, clock.now(), this.#settings);
      if (step.type === 'wait') await this.#sleep(step.untilMs, signal);
      else await this.#do(step);
    }
  }

  #hear(notice: Notice): void {
    const { log, metrics } = this.#options;
    const known = this.#plan.notices.get(notice.id)?.notice;
    if (!known && notice.status === 'pending') metrics.notice(notice.kind, notice.source);
    log.info(
      { notice, known: known !== undefined },
      notice.status === 'withdrawn'
        ? 'notice.withdrawn'
        : notice.urgency === 'order'
          ? 'notice.pending'
          : 'notice.advice',
    );
    this.#apply({ type: 'notice', notice });
  }

  #apply(event: DrainEvent): void {
    const { clock, log, metrics } = this.#options;
    const before = this.#plan;
    const nowMs = clock.now();
    this.#plan = transition(before, event, nowMs, this.#settings);
    this.#measureEmptiness(event, nowMs);
    const { phase, why } = this.#plan;
    if (phase === before.phase) return;
    if (before.phase === 'idle') this.#drainingSinceMs = nowMs;
    if (phase === 'drained' && this.#drainingSinceMs !== undefined)
      metrics.evacuated(nowMs - this.#drainingSinceMs);
    metrics.phase(phase);
    log.info(
      { from: before.phase, to: phase, why, sinceNoticeMs: nowMs - (this.#drainingSinceMs ?? nowMs) },
      'drain.phase',
    );
  }

  /** An empty machine that the cloud does not let go is paid for and seen by nobody. */
  #measureEmptiness(event: DrainEvent, nowMs: number): void {
    const { metrics } = this.#options;
    const sinceMs = this.#emptySinceMs;
    this.#emptySinceMs = isHeldForNothing(this.#plan) ? (sinceMs ?? nowMs) : undefined;
    if (this.#emptySinceMs === sinceMs) return;
    metrics.emptySince(this.#emptySinceMs);
    if (sinceMs !== undefined && event.type === 'completed') metrics.letGoAfter(nowMs - sinceMs);
  }

  /** Until a notice is heard, the time comes or the signal aborts. */
  async #sleep(untilMs: number | undefined, signal: AbortSignal): Promise<void> {
    if (this.#heard.length > 0 || signal.aborted) return;
    const { clock } = this.#options;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#wake = undefined;
        signal.removeEventListener('abort', done);
        cancel?.();
        resolve();
      };
      const cancel = untilMs === undefined ? undefined : clock.after(untilMs - clock.now(), done);
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }

  async #do(step: Exclude<DrainStep, { type: 'wait' }>): Promise<void> {
    const { node, clock, log, metrics } = this.#options;
    const timeoutMs = this.#nodeTimeoutMs();
    switch (step.type) {
      case 'ask':
        return this.#learn(await node.status(timeoutMs));
      case 'tell': {
        const { id, kind } = step.notice;
        const { emptyByMs } = step;
        const within = emptyByMs === undefined ? {} : { withinMs: emptyByMs - clock.now() };
        const answer = await node.drain({ noticeId: id, kind, ...within }, timeoutMs);
        return this.#learnRequest('drain', answer, { type: 'told', notice: step.notice });
      }
      case 'take-back': {
        // The node's answer to one does not stand for the others.
        for (const id of step.all ? [undefined] : step.noticeIds) {
          const noticeIds = id === undefined ? step.noticeIds : [id];
          await this.#learnRequest('cancel', await node.cancel(id, timeoutMs), {
            type: 'taken-back',
            noticeIds,
          });
        }
        return;
      }
      case 'release':
        if (step.force) {
          metrics.cut(step.people ?? 0);
          log.error({ people: step.people ?? 'unknown' }, 'drain.forced_release_cuts_people_off');
        }
        return this.#learnRequest('release', await node.release(step.force, timeoutMs), undefined);
      case 'extend':
        return this.#extend(step.notice);
      case 'complete':
        return this.#complete(step.notice);
    }
  }

  /** What the node answered, to a question or to a request that worked. */
  #learn(answer: NodeAnswer): void {
    const { log, metrics } = this.#options;
    switch (answer.kind) {
      case 'answered':
        this.#apply({ type: 'node-answered', status: answer.status });
        return;
      case 'refused':
        log.error({ code: answer.code, message: answer.message }, 'node.refused');
        this.#apply({ type: 'node-unanswered', found: { socket: 'no-answer', health: 'not-asked' } });
        return;
      case 'unanswered': {
        const { found, message } = answer;
        const kind = isGone(found) ? 'gone' : 'silent';
        metrics.unanswered(kind);
        // Asked several times a second: only the first of a row is news.
        if (this.#plan.node.kind !== kind) log.warn({ ...found, message }, 'node.unanswered');
        this.#apply({ type: 'node-unanswered', found });
      }
    }
  }

  async #learnRequest(request: string, answer: NodeAnswer, success: DrainEvent | undefined): Promise<void> {
    if (answer.kind === 'answered') {
      this.#learn(answer);
      if (success) this.#apply(success);
      return;
    }
    if (answer.kind === 'refused') {
      this.#options.log.warn({ request, code: answer.code, message: answer.message }, 'node.refused');
      // The node decides by what it knows and we do not: look again before deciding.
      this.#learn(await this.#options.node.status(this.#nodeTimeoutMs()));
    } else {
      this.#learn(answer);
    }
    this.#apply({ type: 'request-failed' });
  }

  async #extend(notice: Notice): Promise<void> {
    const { source, log, metrics } = this.#options;
    try {
      const extended = await this.#inTime(source.extend(notice));
      const gainedMs = gainMs(notice.deadline, extended.deadline);
      log.info({ noticeId: notice.id, gainedMs, deadline: extended.deadline }, 'notice.extended');
      metrics.extension(gainedMs > 0 ? 'given' : 'refused');
      if (gainedMs > 0) this.#apply({ type: 'notice', notice: extended });
      else this.#apply({ type: 'extend-failed', noticeId: notice.id, refused: true });
    } catch (error) {
      const failure = toHoldfastError(error);
      const refused = error instanceof HoldfastError && !failure.retryable;
      metrics.extension(refused ? 'refused' : 'failed');
      metrics.cloudError('extend');
      log.warn(
        { noticeId: notice.id, code: failure.code, message: failure.message, refused },
        'notice.extend_failed',
      );
      this.#apply({ type: 'extend-failed', noticeId: notice.id, refused });
    }
  }

  async #complete(notice: Notice): Promise<void> {
    const { source, log, metrics } = this.#options;
    try {
      await source.complete(notice);
      metrics.completed();
      log.info({ noticeId: notice.id, kind: notice.kind, why: this.#plan.why }, 'notice.completed');
      this.#apply({ type: 'completed', noticeId: notice.id });
    } catch (error) {
      metrics.cloudError('complete');
      log.warn({ noticeId: notice.id, err: error }, 'notice.complete_failed');
      this.#apply({ type: 'complete-failed', noticeId: notice.id });
    }
  }

  /** A cloud that does not answer must not eat the margin. What it did all the same is heard from the watch. */
  async #inTime<T>(call: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = this.#options.clock.after(
      Math.max(this.#settings.safetyMarginMs / 2, this.#settings.pollMs),
      () => reject(new HoldfastError('TIMEOUT', 'the cloud did not answer in time')),
    );
    try {
      return await Promise.race([call, late]);
    } finally {
      cancel();
    }
  }

  /** Waiting for an answer must not eat the time that is left before a cutoff. */
  #nodeTimeoutMs(): number {
    const nowMs = this.#options.clock.now();
    const left = [...this.#plan.notices.values()]
      .map(({ notice }) => (cutoffMs(notice, this.#settings) ?? Infinity) - nowMs)
      .filter((ms) => ms > 0);
    return Math.max(
      this.#settings.pollMs,
      Math.min(NODE_TIMEOUT_MS, this.#settings.safetyMarginMs / 2 || NODE_TIMEOUT_MS, ...left),
    );
  }
}
