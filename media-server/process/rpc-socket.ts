import { once } from 'node:events';
import { type RawData, WebSocket } from 'ws';
import type { z } from 'zod';
import type { ResultOf } from '../protocol/contract.ts';
import {
  type Contract,
  closeCode,
  type Handlers,
  HoldfastError,
  type NotificationName,
  type RequestName,
  RpcPeer,
} from '../protocol/index.ts';
import { type Budget, type BudgetLimits, fullBudget, judge } from './connection-budget.ts';
import { LogThrottle } from './log-throttle.ts';

/** Most bytes of one message between our own processes. */
export const MAX_INTERNAL_MESSAGE_BYTES = 1024 * 1024;

/** What may wait to be read by the other side, answers included, before it counts as not reading. */
const MAX_UNSENT_BYTES = { internal: 64 * 1024 * 1024, client: 4 * 1024 * 1024 };

export interface RpcSocketOptions<Local extends Contract, Remote extends Contract> {
  readonly local: Local;
  readonly remote: Remote;
  readonly handlers: Handlers<Local>;
  /** Ping this often, ms; three without an answer end the connection. 0: no pings. */
  readonly pingMs: number;
  readonly timeoutMs?: number;
  /** What the other side is told of an error; by default all that it says. */
  readonly errorToTell?: (error: unknown) => HoldfastError;
  /** Once a second for each kind; `unwritten` others of the kind came since the last. */
  readonly onError?: (error: HoldfastError, context: { method?: string; unwritten?: number }) => void;
  /**
   * What the other side may ask of us. Absent: it is one of our own processes, which nothing is refused; in return we
   * send it no message that it would close the connection for.
   */
  readonly budget?: BudgetLimits;
  /** Told of each message that the budget refuses, or ends the connection for. */
  readonly onRefused?: (what: 'message' | 'connection') => void;
  /** Monotonic time in ms. */
  readonly now?: () => number;
}

/** An answer that came so long ago at most, though too late for its question, answers the next one, ms. */
const LATE_ANSWER_MS = 1500;

/** Missed pings after which the other side counts as gone. */
const MISSED_PINGS = 3;

/** One WebSocket that carries a contract in each direction; both ends use it. `closed` settles once, with the reason. */
export class RpcSocket<Local extends Contract, Remote extends Contract> {
  readonly #socket: WebSocket;
  readonly #peer: RpcPeer<Local, Remote>;
  readonly closed: Promise<string>;
  #pinger: NodeJS.Timeout | undefined;
  readonly #options: RpcSocketOptions<Local, Remote>;
  readonly #now: () => number;
  readonly #throttle = new LogThrottle();
  #budget: Budget | undefined;
  #unanswered = 0;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  /** When `alive` asked and had no answer in time. */
  #overdueSinceMs: number | undefined;
  #reason: string | undefined;

  constructor(socket: WebSocket, options: RpcSocketOptions<Local, Remote>) {
    this.#socket = socket;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    if (options.budget) this.#budget = fullBudget(options.budget, this.#now());
    this.#peer = new RpcPeer({
      ...options,
      send: (text) => this.#send(text),
      onError: (error, context) => this.#report(error, context),
    });
    const { promise, resolve } = Promise.withResolvers<string>();
    this.closed = promise;
    socket.on('message', (data) => {
      this.#heard();
      this.#receive(data);
    });
    socket.on('pong', () => this.#heard());
    // 'close' always follows; the error itself is only worth its message.
    socket.on('error', (error) => {
      this.#reason ??= error.message;
    });
    socket.once('close', (code) => {
      clearInterval(this.#pinger);
      const reason = this.#reason ?? `the connection was closed (${code})`;
      this.#peer.close(reason);
      resolve(reason);
    });
    if (options.pingMs > 0) {
      this.#pinger = setInterval(() => this.#ping(), options.pingMs);
      this.#pinger.unref();
    }
  }

  #heard(): void {
    this.#unanswered = 0;
    this.#heardAtMs = this.#now();
  }

  #receive(data: RawData): void {
    // What comes while the connection is being closed for it is not even parsed.
    if (this.#socket.readyState !== WebSocket.OPEN && this.#options.budget) return;
    const text = String(data);
    if (!this.#admit(text)) return;
    this.#peer.receive(text);
  }

  #admit(text: string): boolean {
    const { budget: limits, onRefused } = this.#options;
    if (!limits || !this.#budget) return true;
    const message = { bytes: Buffer.byteLength(text), requestsUnderWay: this.#peer.requestsUnderWay };
    const { verdict, budget } = judge(this.#budget, message, limits, this.#now());
    this.#budget = budget;
    switch (verdict.kind) {
      case 'take':
        return true;
      case 'refuse':
        onRefused?.('message');
        this.#peer.refuse(text, verdict.retryAfterMs);
        return false;
      case 'end':
        onRefused?.('connection');
        this.close(verdict.reason, closeCode.tooMany);
        return false;
    }
  }

  /** From now on the limits of those who have entered are its limits. */
  entered(): void {
    if (this.#budget) this.#budget = { ...this.#budget, entered: true };
  }

  #send(text: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) throw new Error('the connection is not open');
    const bytes = Buffer.byteLength(text);
    const internal = this.#options.budget === undefined;
    // The other side would close the connection, which many meetings share; so this one message fails alone.
    if (internal && bytes > MAX_INTERNAL_MESSAGE_BYTES)
      throw new HoldfastError('BAD_REQUEST', `a message of ${bytes} bytes is too large for the other side`);
    if (this.#socket.bufferedAmount + bytes > MAX_UNSENT_BYTES[internal ? 'internal' : 'client']) {
      this.terminate('the other side does not read');
      throw new Error('the other side does not read');
    }
    this.#socket.send(text);
  }

  #report(error: HoldfastError, context: { method?: string }): void {
    const unwritten = this.#throttle.due(`${context.method ?? ''} ${error.code}`, this.#now());
    if (unwritten === undefined) return;
    this.#options.onError?.(error, unwritten === 0 ? context : { ...context, unwritten });
  }

  #ping(): void {
    // Still connecting: that has a limit of its own.
    if (this.#socket.readyState === WebSocket.CONNECTING) return;
    if (this.#unanswered >= MISSED_PINGS) {
      this.#reason ??= `no answer to ${MISSED_PINGS} pings`;
      this.#socket.terminate();
      return;
    }
    this.#unanswered += 1;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  /**
   * Whether the other side answers a ping in time: a connection whose network has forgotten it looks open for long. A way
   * that is merely slow is no dead one: an answer that came late counts when it is asked again.
   */
  async alive(withinMs: number): Promise<boolean> {
    if (!this.open) return false;
    const askedAtMs = this.#now();
    const overdueSinceMs = this.#overdueSinceMs ?? Number.POSITIVE_INFINITY;
    this.#overdueSinceMs = undefined;
    if (this.#heardAtMs > overdueSinceMs && askedAtMs - this.#heardAtMs <= LATE_ANSWER_MS) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const answered = () => resolve(true);
    const timer = setTimeout(() => resolve(false), withinMs);
    this.#socket.once('pong', answered);
    this.#socket.once('message', answered);
    this.#socket.ping();
    try {
      const alive = await promise;
      if (!alive) this.#overdueSinceMs = askedAtMs;
      return alive;
    } finally {
      clearTimeout(timer);
      this.#socket.off('pong', answered);
      this.#socket.off('message', answered);
    }
  }

  get open(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  request<M extends RequestName<Remote>>(
    method: M,
    params: z.input<Remote[M]['params']>,
    options: { timeoutMs?: number } = {},
  ): Promise<ResultOf<Remote, M>> {
    return this.#peer.request(method, params, options);
  }

  notify<M extends NotificationName<Remote>>(method: M, params: z.input<Remote[M]['params']>): boolean {
    return this.#peer.notify(method, params);
  }

  close(reason: string, code = 1000): void {
    if (this.#reason === undefined) this.#reason = reason;
    this.#socket.close(code, reason.slice(0, 100));
    // A peer that does not answer the closing handshake must not hold us.
    setTimeout(() => this.#socket.terminate(), 500).unref();
  }

  terminate(reason: string): void {
    this.#reason ??= reason;
    this.#socket.terminate();
  }
}

/** Dials another of our processes. Rejects with NODE_UNREACHABLE or UNAUTHENTICATED. */
export async function dialRpc<Local extends Contract, Remote extends Contract>(
  url: string,
  token: string,
  options: RpcSocketOptions<Local, Remote> & {
    readonly connectTimeoutMs?: number;
    readonly signal?: AbortSignal;
  },
): Promise<RpcSocket<Local, Remote>> {
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${token}` },
    handshakeTimeout: options.connectTimeoutMs ?? 2000,
    maxPayload: MAX_INTERNAL_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  // Made before the socket opens, so that no early message is missed.
  const rpc = new RpcSocket(socket, options);
  const abort = () => rpc.terminate('aborted');
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    options.signal?.throwIfAborted();
    await once(socket, 'open');
    return rpc;
  } catch (error) {
    rpc.terminate('could not connect');
    const message = error instanceof Error ? error.message : String(error);
    throw new HoldfastError(
      /\b401\b/.test(message) ? 'UNAUTHENTICATED' : 'NODE_UNREACHABLE',
      `cannot connect to ${url}: ${message}`,
      { cause: error },
    );
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
}
