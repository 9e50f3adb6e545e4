import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { z } from 'zod';
import type { ResultOf } from '../protocol/contract.ts';
import {
  type Contract,
  type Handlers,
  HoldfastError,
  type NotificationName,
  type RequestName,
  RpcPeer,
} from '../protocol/index.ts';

/** Most bytes of one message between our own processes. */
export const MAX_INTERNAL_MESSAGE_BYTES = 1024 * 1024;

export interface RpcSocketOptions<Local extends Contract, Remote extends Contract> {
  readonly local: Local;
  readonly remote: Remote;
  readonly handlers: Handlers<Local>;
  /** Ping this often, ms; three without an answer end the connection. 0: no pings. */
  readonly pingMs: number;
  readonly timeoutMs?: number;
  readonly onError?: (error: HoldfastError, context: { method?: string }) => void;
}

/** Missed pings after which the other side counts as gone. */
const MISSED_PINGS = 3;

/** One WebSocket that carries a contract in each direction; both ends use it. `closed` settles once, with the reason. */
export class RpcSocket<Local extends Contract, Remote extends Contract> {
  readonly #socket: WebSocket;
  readonly #peer: RpcPeer<Local, Remote>;
  readonly closed: Promise<string>;
  #pinger: NodeJS.Timeout | undefined;
  #unanswered = 0;
  #reason: string | undefined;

  constructor(socket: WebSocket, options: RpcSocketOptions<Local, Remote>) {
    this.#socket = socket;
    this.#peer = new RpcPeer({
      ...options,
      send: (text) => {
        if (socket.readyState !== WebSocket.OPEN) throw new Error('the connection is not open');
        socket.send(text);
      },
    });
    const { promise, resolve } = Promise.withResolvers<string>();
    this.closed = promise;
    socket.on('message', (data) => {
      this.#unanswered = 0;
      this.#peer.receive(String(data));
    });
    socket.on('pong', () => {
      this.#unanswered = 0;
    });
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

  close(reason: string): void {
    if (this.#reason === undefined) this.#reason = reason;
    this.#socket.close(1000, reason.slice(0, 100));
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
