import type { z } from 'zod';
import type { Handlers, NotificationName, ParamsOf, RequestName, ResultOf } from '../protocol/contract.ts';
import { HoldfastError, toHoldfastError } from '../protocol/errors.ts';
import { type clientContract, type gatewayContract, PROTOCOL_VERSION } from '../protocol/signalling.ts';
import { type CloseReason, Link, type Socket } from './link.ts';
import {
  endOf,
  firstDelayMs,
  isHopeless,
  type LossCause,
  mayRetry,
  meaningOfClose,
  retryDelayMs,
} from './reconnect-policy.ts';

type Gateway = typeof gatewayContract;
export type JoinResult = ResultOf<Gateway, 'join'>;
export type ResumeResult = ResultOf<Gateway, 'resume'>;
export type ResumedLegs = z.output<Gateway['resume']['params']>['legs'];

/**
 * idle → open; open ⇄ suspect (nobody answers on the WebSocket, a second one is being opened); open, suspect ⇄ lost;
 * anything → closed. A renewal (second WebSocket first) stays `open` throughout.
 */
export type ConnectionState = 'idle' | 'open' | 'suspect' | 'lost' | 'closed';

/** Why the session is over, though nobody here has left. */
export interface SessionEnd {
  readonly code: 'replaced' | 'removed' | 'ended' | 'expired';
  readonly message: string;
}

export interface ConnectionOptions {
  readonly openSocket: () => Socket;
  readonly handlers: Handlers<typeof clientContract>;
  /** The legs to take up again. */
  readonly legs: () => ResumedLegs;
  /** Since when no transport carries media; undefined: one does. As long as one does, nothing is given up. */
  readonly mediaLostAtMs: () => number | undefined;
  /** Called before any request that waited for the new connection goes out. */
  readonly onResumed: (result: ResumeResult, asked: ResumedLegs) => void;
  /** The old session was over and a new one has been entered, with a fresh token. */
  readonly onRejoined: (result: JoinResult) => void;
  readonly onStateChanged: (state: ConnectionState) => void;
  /** The session is over and cannot be taken up again. */
  readonly onOver: (end: SessionEnd) => void;
  readonly onProblem: (error: HoldfastError, method: string | undefined) => void;
  /** Where `online` and `visibilitychange` are heard: `window`. */
  readonly network?: EventTarget;
  readonly random?: () => number;
  readonly now?: () => number;
}

const overWords = {
  ended: 'The server has ended this participation.',
  removed: 'This participant was removed from the meeting.',
  replaced: 'The same participant has joined from another page.',
} as const;

/** A token, or where to get one: one is good for one `join` only. */
export type TokenSource = string | (() => Promise<string>);

const OPEN_TIMEOUT_MS = 5_000;
/** Longer than a gateway waits for a node, so that a slow node is told by the gateway. */
const REQUEST_TIMEOUT_MS = 12_000;
const LEAVE_TIMEOUT_MS = 1_500;
const JOIN_ATTEMPTS = 4;
/** A session that is over so soon after it was entered anew is not entered once more. */
const REJOIN_EVERY_MS = 60_000;
/** A stopping gateway waits for so much of the time it has given; the rest is for the resuming itself. */
const SHARE_OF_CLOSING = 0.7;

/**
 * The signalling connection of one participant over any number of WebSockets. One that is lost, or on which nobody
 * answers, is replaced and the session resumed; requests wait for that. The first stays until the second has entered.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #abort = new AbortController();
  #state: ConnectionState = 'idle';
  #link: Link | undefined;
  /** The link that tries to enter. */
  #entering: Link | undefined;
  #up = Promise.withResolvers<Link>();
  /** `#up` is not settled. */
  #holding = true;
  #token: TokenSource = '';
  #session: { readonly resumeToken: string; readonly resumeWithinMs: number } | undefined;
  #rejoinedAtMs = Number.NEGATIVE_INFINITY;
  #lostAtMs = 0;
  #replacing = false;
  /** The link works, and another one is wanted all the same. */
  #renewing = false;
  /** On the way out: a connection that breaks now is not replaced. */
  #leaving = false;
  /** Over how long the gateway wants its participants to spread their coming back. */
  #toldSpreadMs: number | undefined;
  #wake: () => void = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#random = options.random ?? Math.random;
    this.#up.promise.catch(() => {});
    options.network?.addEventListener('online', this.#online);
    options.network?.addEventListener('visibilitychange', this.#doubted);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Enters the meeting. Rejects with what the gateway said; what may pass by itself is tried a few times. */
  async join(token: TokenSource): Promise<JoinResult> {
    this.#token = token;
    for (let attempt = 1; ; attempt += 1) {
      this.#abort.signal.throwIfAborted();
      try {
        return await this.#join();
      } catch (error) {
        const known = toHoldfastError(error);
        if (this.#abort.signal.aborted || attempt >= JOIN_ATTEMPTS || !known.retryable) throw known;
        await this.#pause(retryDelayMs(attempt, known.retryAfterMs, this.#random()));
      }
    }
  }

  /**
   * Asks the gateway. While the connection is lost or suspect it waits; a request that was under way when it broke is
   * sent again, unless `once`: then it rejects with CONNECTION_CLOSED and nobody knows whether it was carried out.
   */
  async request<M extends RequestName<Gateway>>(
    method: M,
    params: z.input<Gateway[M]['params']>,
    options: { readonly once?: boolean; readonly timeoutMs?: number } = {},
  ): Promise<ResultOf<Gateway, M>> {
    const timeoutMs = options.timeoutMs ?? REQUEST_TIMEOUT_MS;
    for (;;) {
      const link = await this.#up.promise;
      try {
        return await link.request(method, params, { timeoutMs });
      } catch (error) {
        const unheard = link.closed || link.suspected;
        if (!unheard || options.once || this.#state === 'closed') throw toHoldfastError(error);
      }
    }
  }

  /** Tells the gateway; false when that was not possible. */
  notify<M extends NotificationName<Gateway>>(method: M, params: z.input<Gateway[M]['params']>): boolean {
    return this.#link?.notify(method, params) ?? false;
  }

  /**
   * A media node has ended a leg and we were not told why: the WebSocket may be dead without a word, and media is missing as
   * long as that takes to be noticed.
   */
  doubt(): void {
    this.#link?.check({ hurried: true });
  }

  /** This gateway will stop: a second WebSocket first, then the first one closes. */
  gatewayCloses(closing: ParamsOf<typeof clientContract, 'gateway.closing'>): void {
    const { withinMs, spreadMs } = closing;
    // Whoever has not found another gateway by the time this one closes has all of it.
    this.#toldSpreadMs = spreadMs;
    this.#renew('shared', withinMs * SHARE_OF_CLOSING);
  }

  /** Leaves the meeting and closes. */
  async leave(): Promise<void> {
    const link = this.#link;
    this.#leaving = true;
    if (this.#state === 'open' && link) {
      // An answer is welcome, not needed: a gateway that is gone will see the silence.
      await link.request('leave', {}, { timeoutMs: LEAVE_TIMEOUT_MS }).catch(() => {});
    }
    this.close('the participant has left');
  }

  /** The page goes away: says so without waiting. */
  leaveNow(): void {
    this.#link?.request('leave', {}, { timeoutMs: LEAVE_TIMEOUT_MS }).catch(() => {});
  }

  /** Nothing opens after it. Idempotent. */
  close(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    this.#setState('closed');
    const error = new HoldfastError('CONNECTION_CLOSED', reason);
    this.#abort.abort(error);
    this.#options.network?.removeEventListener('online', this.#online);
    this.#options.network?.removeEventListener('visibilitychange', this.#doubted);
    this.#up.reject(error);
    this.#entering?.close(reason);
    this.#link?.close(reason);
    this.#link = undefined;
    this.#wake();
  }

  async #join(): Promise<JoinResult> {
    const token = typeof this.#token === 'string' ? this.#token : await this.#token();
    return this.#enter('joining failed', async (link) => {
      const result = await link.request('join', { protocol: PROTOCOL_VERSION, token });
      return { result, taken: () => {} };
    });
  }

  #resume(): Promise<ResumeResult> {
    return this.#enter('resuming failed', async (link) => {
      const legs = this.#options.legs();
      const params = { protocol: PROTOCOL_VERSION, resumeToken: this.#session?.resumeToken ?? '', legs };
      const result = await link.request('resume', params, { timeoutMs: OPEN_TIMEOUT_MS });
      return { result, taken: () => this.#options.onResumed(result, legs) };
    });
  }

  /** Opens a WebSocket and enters by it; it becomes the connection, or is closed. */
  async #enter<R extends { readonly resumeToken: string; readonly resumeWithinMs?: number }>(
    failure: CloseReason,
    ask: (link: Link) => Promise<{ readonly result: R; readonly taken: () => void }>,
  ): Promise<R> {
    this.#abort.signal.throwIfAborted();
    const link = this.#dial();
    this.#entering = link;
    try {
      await link.opened(OPEN_TIMEOUT_MS);
      const { result, taken } = await ask(link);
      this.#abort.signal.throwIfAborted();
      const resumeWithinMs = result.resumeWithinMs ?? this.#session?.resumeWithinMs ?? 0;
      this.#session = { resumeToken: result.resumeToken, resumeWithinMs };
      this.#adopt(link);
      taken();
      return result;
    } catch (error) {
      link.close(failure);
      throw error;
    } finally {
      this.#entering = undefined;
    }
  }

  #dial(): Link {
    return new Link({
      socket: this.#options.openSocket(),
      handlers: this.#options.handlers,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      onClosed: (link, code) => this.#closed(link, code),
      onSuspected: (link, suspected) => this.#suspected(link, suspected),
      onProblem: this.#options.onProblem,
      now: this.#now,
    });
  }

  #adopt(link: Link): void {
    const before = this.#link;
    this.#link = link;
    this.#renewing = false;
    this.#toldSpreadMs = undefined;
    this.#goOnWith(link);
    this.#setState('open');
    before?.close('replaced by a newer connection');
    link.watch();
    // It may have broken between its answer and now.
    if (link.closed) this.#closed(link, undefined);
  }

  /** Requests go out on this link, those that wait too. */
  #goOnWith(link: Link): void {
    this.#holding = false;
    const waiting = this.#up;
    this.#up = Promise.withResolvers<Link>();
    this.#up.promise.catch(() => {});
    this.#up.resolve(link);
    waiting.resolve(link);
  }

  /** Requests wait from now on, those that wait already go on waiting. */
  #holdRequests(): void {
    if (this.#holding) return;
    this.#holding = true;
    this.#up = Promise.withResolvers<Link>();
    this.#up.promise.catch(() => {});
  }

  #closed(link: Link, code: number | undefined): void {
    if (link !== this.#link || this.#state === 'closed') return;
    const meaning = meaningOfClose(code);
    if (meaning === 'ended' || meaning === 'removed' || meaning === 'replaced') {
      this.#over(meaning, overWords[meaning]);
      return;
    }
    this.#link = undefined;
    if (this.#state === 'open') this.#lostAtMs = this.#now();
    this.#holdRequests();
    // The gateway has heard the second WebSocket already; its answer is on the way.
    if (meaning !== 'superseded' || !this.#replacing) this.#setState('lost');
    void this.#replace(meaning === 'superseded' ? 'own' : meaning);
  }

  #suspected(link: Link, suspected: boolean): void {
    if (link !== this.#link || this.#state === 'closed') return;
    if (suspected) {
      this.#lostAtMs = this.#now();
      this.#holdRequests();
      this.#setState('suspect');
      void this.#replace('own');
    } else {
      this.#goOnWith(link);
      this.#setState('open');
    }
  }

  #renew(cause: LossCause, withinMs?: number): void {
    if (this.#state !== 'open') return;
    this.#renewing = true;
    void this.#replace(cause, withinMs);
  }

  get #wantsAnother(): boolean {
    return (
      this.#state !== 'closed' &&
      !this.#leaving &&
      (!this.#link || this.#state === 'suspect' || this.#renewing)
    );
  }

  async #replace(cause: LossCause, withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.#replacing || !this.#session) return;
    this.#replacing = true;
    try {
      await this.#pause(firstDelayMs(cause, this.#toldSpreadMs, withinMs, this.#random()));
      for (let attempt = 1; this.#wantsAnother; attempt += 1) {
        const problem = await this.#takeUp();
        if (!this.#wantsAnother) break;
        if (!this.#link) this.#setState('lost');
        if (problem && this.#giveUp(problem)) break;
        await this.#pause(retryDelayMs(attempt, problem?.retryAfterMs, this.#random()));
      }
    } finally {
      this.#replacing = false;
    }
  }

  /** @returns what went wrong, or undefined: the session goes on. */
  async #takeUp(): Promise<HoldfastError | undefined> {
    try {
      await this.#resume();
      return undefined;
    } catch (error) {
      const problem = toHoldfastError(error);
      this.#options.onProblem(problem, 'resume');
      const putOut = endOf(problem) === 'replaced' || endOf(problem) === 'removed';
      if (mayRetry(problem) || putOut || !this.#mayRejoin()) return problem;
    }
    try {
      const result = await this.#join();
      this.#rejoinedAtMs = this.#now();
      this.#options.onRejoined(result);
      return undefined;
    } catch (error) {
      return toHoldfastError(error);
    }
  }

  #mayRejoin(): boolean {
    // Beside a link that works nothing is risked.
    if (this.#state === 'open' || this.#state === 'closed' || typeof this.#token === 'string') return false;
    return this.#now() - this.#rejoinedAtMs >= REJOIN_EVERY_MS;
  }

  /** @returns whether no other attempt shall be made. */
  #giveUp(problem: HoldfastError): boolean {
    const clearNo = !mayRetry(problem);
    if (this.#state === 'open') {
      // A renewal that was refused harms nobody: the first link still stands.
      if (clearNo) this.#renewing = false;
      return clearNo;
    }
    const mediaLostAtMs = this.#options.mediaLostAtMs();
    const end = endOf(problem) ?? (clearNo && mediaLostAtMs !== undefined ? 'expired' : undefined);
    const known = { nowMs: this.#now(), lostAtMs: this.#lostAtMs, mediaLostAtMs };
    if (!end && !isHopeless({ ...known, keptForMs: this.#session?.resumeWithinMs ?? 0 })) return false;
    this.#over(end ?? 'expired', problem.message);
    return true;
  }

  #over(code: SessionEnd['code'], message: string): void {
    this.close('the participation is over');
    this.#options.onOver({ code, message });
  }

  readonly #online = (): void => {
    // The first WebSocket may hang on an interface that is gone; only a second one can tell.
    this.#renew('own');
    this.#wake();
  };

  readonly #doubted = (): void => {
    this.#link?.check();
    this.#wake();
  };

  /** Waits; `online`, coming back to the page and `close` end it early. */
  #pause(delayMs: number): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
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
