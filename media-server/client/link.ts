import type { z } from 'zod';
import type { Handlers, NotificationName, RequestName, ResultOf } from '../protocol/contract.ts';
import { HoldfastError } from '../protocol/errors.ts';
import { RpcPeer } from '../protocol/rpc.ts';
import { clientContract, gatewayContract } from '../protocol/signalling.ts';
import { doubted, type Finding, heard, type Liveness, look, watched } from './liveness.ts';

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

/** A WebSocket throws at reasons of more than 123 bytes, so only these few fixed ones are ever given to it. */
export type CloseReason =
  | 'joining failed'
  | 'resuming failed'
  | 'replaced by a newer connection'
  | 'the participant has left'
  | 'the participation is over';

export interface LinkOptions {
  readonly socket: Socket;
  readonly handlers: Handlers<typeof clientContract>;
  readonly requestTimeoutMs: number;
  /** @param code of the WebSocket's close event; undefined when it was closed from here or failed */
  readonly onClosed: (link: Link, code: number | undefined) => void;
  /** Nobody answers (true), or somebody does again (false). */
  readonly onSuspected: (link: Link, suspected: boolean) => void;
  readonly onProblem: (error: HoldfastError, method: string | undefined) => void;
  readonly now: () => number;
}

const OPEN = 1;

/** One WebSocket to a gateway, from opening to close. */
export class Link {
  readonly #socket: Socket;
  readonly #peer: RpcPeer<typeof clientContract, Gateway>;
  readonly #options: LinkOptions;
  readonly #opened = Promise.withResolvers<void>();
  #liveness: Liveness | undefined;
  #suspected = false;
  #looking: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: LinkOptions) {
    const { socket } = options;
    this.#socket = socket;
    this.#options = options;
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
      this.#end(reason || `the connection was closed (${code})`, code),
    );
    socket.addEventListener('error', () => this.#end('the connection failed', undefined));
    socket.addEventListener('message', ({ data }) => this.#received(data));
  }

  get closed(): boolean {
    return this.#closed;
  }

  get suspected(): boolean {
    return this.#suspected;
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

  /** From now on somebody notices when it dies silently. */
  watch(): void {
    if (this.#closed) return;
    this.#liveness = watched(this.#options.now());
    this.#lookLater();
  }

  /** There is a reason to doubt it: asks at once. `hurried`: and waits for the answer a moment only. */
  check(options: { readonly hurried?: boolean } = {}): void {
    if (this.#liveness) this.#found(doubted(this.#liveness, this.#options.now(), options.hurried));
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

  close(reason: CloseReason): void {
    this.#socket.close(1000, reason);
    // A WebSocket whose network is gone says `close` only after minutes: for us it is closed now.
    this.#end(reason, undefined);
  }

  #received(data: unknown): void {
    // What a closing WebSocket still delivers is nobody's any more.
    if (this.#closed) return;
    if (this.#liveness) {
      this.#liveness = heard(this.#liveness, this.#options.now());
      this.#suspect(false);
    }
    if (typeof data === 'string') this.#peer.receive(data);
  }

  #lookLater(): void {
    if (!this.#liveness) return;
    clearTimeout(this.#looking);
    const inMs = Math.max(0, this.#liveness.lookAtMs - this.#options.now());
    this.#looking = setTimeout(() => {
      if (this.#liveness) this.#found(look(this.#liveness, this.#options.now()));
    }, inMs);
  }

  #found({ state, finding }: { readonly state: Liveness; readonly finding: Finding }): void {
    if (this.#closed) return;
    this.#liveness = state;
    this.#lookLater();
    // Any message counts as the answer, and its absence is noticed by looking.
    if (finding === 'ask') this.request('ping', {}).catch(() => {});
    if (finding === 'dead') this.#suspect(true);
  }

  #suspect(suspected: boolean): void {
    if (this.#suspected === suspected) return;
    this.#suspected = suspected;
    this.#options.onSuspected(this, suspected);
  }

  #end(reason: string, code: number | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#looking);
    this.#opened.reject(new HoldfastError('CONNECTION_CLOSED', reason));
    this.#peer.close(reason);
    this.#options.onClosed(this, code);
  }
}
