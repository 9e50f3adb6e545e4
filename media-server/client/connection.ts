import type { z } from 'zod';
import type { Handlers, NotificationName, RequestName, ResultOf } from '../protocol/contract.ts';
import { HoldfastError, toHoldfastError } from '../protocol/errors.ts';
import { type clientContract, type gatewayContract, PROTOCOL_VERSION } from '../protocol/signalling.ts';
import { Link, type Socket } from './link.ts';
import { mayRetry, reconnectDelayMs } from './reconnect-policy.ts';

type Gateway = typeof gatewayContract;
export type JoinResult = ResultOf<Gateway, 'join'>;
export type ResumeResult = ResultOf<Gateway, 'resume'>;
export type ResumedLegs = z.output<Gateway['resume']['params']>['legs'];

/** idle → open; open ⇄ lost; anything → closed. A renewal (second WebSocket first) stays `open` throughout. */
export type ConnectionState = 'idle' | 'open' | 'lost' | 'closed';

export interface ConnectionOptions {
  readonly openSocket: () => Socket;
  readonly handlers: Handlers<typeof clientContract>;
  /** The legs to take up again. */
  readonly legs: () => ResumedLegs;
  /** Called before any request that waited for the new connection goes out. */
  readonly onResumed: (result: ResumeResult, asked: ResumedLegs) => void;
  readonly onStateChanged: (state: ConnectionState) => void;
  /** The session cannot be taken up again. */
  readonly onExpired: (error: HoldfastError) => void;
  readonly onProblem: (error: HoldfastError, method: string | undefined) => void;
  /** Where `online` is heard: `window`. */
  readonly network?: EventTarget;
  readonly random?: () => number;
  readonly now?: () => number;
}

const OPEN_TIMEOUT_MS = 5_000;
/** Longer than a gateway waits for a node, so that a slow node is told by the gateway and not taken for a dead line. */
const REQUEST_TIMEOUT_MS = 12_000;
const LEAVE_TIMEOUT_MS = 1_500;
const JOIN_ATTEMPTS = 4;

/**
 * The signalling connection of one participant over any number of WebSockets. A lost one is replaced and the session
 * resumed; requests wait for that. A browser sees no ping frames, so a half-open WebSocket shows itself by a request
 * that nobody answers while nothing else arrives, or by the network coming back (`online`).
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #abort = new AbortController();
  #state: ConnectionState = 'idle';
  #link: Link | undefined;
  #up = Promise.withResolvers<Link>();
  #session: { readonly resumeToken: string; readonly resumeWithinMs: number } | undefined;
  #lostAtMs: number | undefined;
  #replacing = false;
  #wake: () => void = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#random = options.random ?? Math.random;
    this.#up.promise.catch(() => {});
    options.network?.addEventListener('online', this.#online);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Enters the meeting. Rejects with what the gateway said; what may pass by itself is tried a few times. */
  async join(token: string): Promise<JoinResult> {
    for (let attempt = 1; ; attempt += 1) {
      this.#abort.signal.throwIfAborted();
      const link = this.#dial();
      try {
        await link.opened(OPEN_TIMEOUT_MS);
        const result = await link.request('join', { protocol: PROTOCOL_VERSION, token });
        this.#session = result;
        this.#adopt(link);
        return result;
      } catch (error) {
        link.close('joining failed');
        const known = toHoldfastError(error);
        if (this.#abort.signal.aborted || attempt >= JOIN_ATTEMPTS || !known.retryable) throw known;
        await this.#pause(known.retryAfterMs ?? reconnectDelayMs(attempt, this.#random()));
      }
    }
  }

  /**
   * Asks the gateway. While the connection is lost it waits; a request that was under way when it broke is sent
   * again, unless `once`: then it rejects with CONNECTION_CLOSED and nobody knows whether it was carried out.
   */
  async request<M extends RequestName<Gateway>>(
    method: M,
    params: z.input<Gateway[M]['params']>,
    options: { readonly once?: boolean; readonly timeoutMs?: number } = {},
  ): Promise<ResultOf<Gateway, M>> {
    const timeoutMs = options.timeoutMs ?? REQUEST_TIMEOUT_MS;
    for (;;) {
      const link = await this.#up.promise;
      const sentAtMs = this.#now();
      try {
        return await link.request(method, params, { timeoutMs });
      } catch (error) {
        const known = toHoldfastError(error);
        if (
          known.code === 'TIMEOUT' &&
          link.lastReceivedAtMs < sentAtMs &&
          this.#now() - sentAtMs >= timeoutMs
        ) {
          link.close('no answer: the line is dead');
        }
        if (!link.closed || options.once || this.#state === 'closed') throw known;
      }
    }
  }

  /** Tells the gateway; false when that was not possible. */
  notify<M extends NotificationName<Gateway>>(method: M, params: z.input<Gateway[M]['params']>): boolean {
    return this.#link?.notify(method, params) ?? false;
  }

  /** This gateway will stop, or the line is suspect: a second WebSocket first, then the first one closes. */
  renew(): void {
    if (this.#state === 'open') void this.#replace();
  }

  /** Leaves the meeting and closes. */
  async leave(): Promise<void> {
    const link = this.#link;
    if (this.#state === 'open' && link) {
      // An answer is welcome, not needed: a gateway that is gone will see the silence.
      await link.request('leave', {}, { timeoutMs: LEAVE_TIMEOUT_MS }).catch(() => {});
    }
    this.close('left');
  }

  /** The page goes away: says so without waiting. */
  leaveNow(): void {
    this.#link?.request('leave', {}, { timeoutMs: LEAVE_TIMEOUT_MS }).catch(() => {});
  }

  close(reason: string): void {
    if (this.#state === 'closed') return;
    this.#setState('closed');
    this.#abort.abort(new HoldfastError('CONNECTION_CLOSED', reason));
    this.#options.network?.removeEventListener('online', this.#online);
    this.#up.reject(new HoldfastError('CONNECTION_CLOSED', reason));
    this.#link?.close(reason);
    this.#link = undefined;
    this.#wake();
  }

  #dial(): Link {
    return new Link({
      socket: this.#options.openSocket(),
      handlers: this.#options.handlers,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      onClosed: (link) => this.#closed(link),
      onProblem: this.#options.onProblem,
      now: this.#now,
    });
  }

  #adopt(link: Link): void {
    const before = this.#link;
    this.#link = link;
    this.#lostAtMs = undefined;
    const waiting = this.#up;
    this.#up = Promise.withResolvers<Link>();
    this.#up.promise.catch(() => {});
    this.#up.resolve(link);
    waiting.resolve(link);
    this.#setState('open');
    before?.close('replaced by a newer connection');
    // It may have broken between its answer and now.
    if (link.closed) this.#closed(link);
  }

  #closed(link: Link): void {
    if (link !== this.#link || this.#state === 'closed') return;
    this.#link = undefined;
    this.#lostAtMs = this.#now();
    this.#up = Promise.withResolvers<Link>();
    this.#up.promise.catch(() => {});
    this.#setState('lost');
    void this.#replace();
  }

  async #replace(): Promise<void> {
    const session = this.#session;
    if (this.#replacing || !session) return;
    this.#replacing = true;
    let problem: HoldfastError | undefined;
    try {
      for (let attempt = 0; this.#state !== 'closed'; attempt += 1) {
        await this.#pause(problem?.retryAfterMs ?? reconnectDelayMs(attempt, this.#random()));
        if (this.#lostAtMs !== undefined && this.#now() - this.#lostAtMs > session.resumeWithinMs) {
          problem ??= new HoldfastError('SESSION_UNKNOWN', 'the connection was lost for too long');
          break;
        }
        problem = await this.#resume();
        if (!problem || !mayRetry(problem)) break;
      }
    } finally {
      this.#replacing = false;
    }
    // A renewal that failed harms nobody: the first link still stands.
    if (this.#state !== 'lost') return;
    if (problem) this.#options.onExpired(problem);
    // The new link broke before this loop had ended.
    else void this.#replace();
  }

  /** @returns what went wrong, or undefined: resumed. */
  async #resume(): Promise<HoldfastError | undefined> {
    if (this.#abort.signal.aborted) return undefined;
    const link = this.#dial();
    try {
      await link.opened(OPEN_TIMEOUT_MS);
      const legs = this.#options.legs();
      const resumeToken = this.#session?.resumeToken ?? '';
      const result = await link.request(
        'resume',
        { protocol: PROTOCOL_VERSION, resumeToken, legs },
        { timeoutMs: OPEN_TIMEOUT_MS },
      );
      if (this.#abort.signal.aborted) throw this.#abort.signal.reason;
      if (this.#session) this.#session = { ...this.#session, resumeToken: result.resumeToken };
      this.#adopt(link);
      this.#options.onResumed(result, legs);
      return undefined;
    } catch (error) {
      link.close('resuming failed');
      return toHoldfastError(error);
    }
  }

  readonly #online = (): void => {
    // The first WebSocket may hang on an interface that is gone; only a second one can tell.
    if (this.#state === 'open') this.renew();
    this.#wake();
  };

  /** Waits; `online` and `close` end it early. */
  #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, delayMs);
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }

  #setState(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onStateChanged(state);
  }
}
