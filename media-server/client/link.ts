import type { z } from 'zod';
import type { Handlers, NotificationName, RequestName, ResultOf } from '../protocol/contract.ts';
import { HoldfastError } from '../protocol/errors.ts';
import { RpcPeer } from '../protocol/rpc.ts';
import { clientContract, gatewayContract } from '../protocol/signalling.ts';

type Gateway = typeof gatewayContract;

/** The part of a WebSocket that is used here. */
export interface Socket {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(
    type: 'close',
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

export interface LinkOptions {
  readonly socket: Socket;
  readonly handlers: Handlers<typeof clientContract>;
  readonly requestTimeoutMs: number;
  readonly onClosed: (link: Link) => void;
  readonly onProblem: (error: HoldfastError, method: string | undefined) => void;
  readonly now: () => number;
}

const OPEN = 1;

/** One WebSocket to a gateway, from opening to close. */
export class Link {
  readonly #socket: Socket;
  readonly #peer: RpcPeer<typeof clientContract, Gateway>;
  readonly #onClosed: (link: Link) => void;
  readonly #opened = Promise.withResolvers<void>();
  #lastReceivedAtMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: LinkOptions) {
    const { socket } = options;
    this.#socket = socket;
    this.#onClosed = options.onClosed;
    this.#peer = new RpcPeer({
      local: clientContract,
      remote: gatewayContract,
      handlers: options.handlers,
      send: (text) => {
        if (socket.readyState !== OPEN) throw new Error('the connection is not open');
        socket.send(text);
      },
      timeoutMs: options.requestTimeoutMs,
      onError: (error, { method }) => options.onProblem(error, method),
    });
    // Who opens the link awaits this; a link that is closed before anybody does must not count as an unhandled error.
    this.#opened.promise.catch(() => {});
    socket.addEventListener('open', () => this.#opened.resolve());
    socket.addEventListener('close', ({ code, reason }) =>
      this.#end(reason || `the connection was closed (${code})`),
    );
    socket.addEventListener('error', () => this.#end('the connection failed'));
    socket.addEventListener('message', ({ data }) => {
      this.#lastReceivedAtMs = options.now();
      if (typeof data === 'string') this.#peer.receive(data);
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  get lastReceivedAtMs(): number {
    return this.#lastReceivedAtMs;
  }

  /** Settles when the WebSocket is open; rejects with CONNECTION_CLOSED or TIMEOUT. */
  async opened(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => {
      this.#opened.reject(new HoldfastError('TIMEOUT', `no connection within ${timeoutMs} ms`));
    }, timeoutMs);
    try {
      await this.#opened.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  request<M extends RequestName<Gateway>>(
    method: M,
    params: z.input<Gateway[M]['params']>,
    options: { timeoutMs?: number } = {},
  ): Promise<ResultOf<Gateway, M>> {
    return this.#peer.request(method, params, options);
  }

  notify<M extends NotificationName<Gateway>>(method: M, params: z.input<Gateway[M]['params']>): boolean {
    return this.#peer.notify(method, params);
  }

  close(reason: string): void {
    this.#socket.close(1000, reason);
    // A WebSocket whose network is gone says `close` only after minutes: for us it is closed now.
    this.#end(reason);
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#opened.reject(new HoldfastError('CONNECTION_CLOSED', reason));
    this.#peer.close(reason);
    this.#onClosed(this);
  }
}
