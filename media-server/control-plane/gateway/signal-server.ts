import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { clientAddress } from '../../process/client-address.ts';
import { pathOf, refuseUpgrade } from '../../process/upgrade.ts';
import type { Entry } from './client-connection.ts';
import { ConnectionLimits, type ConnectionMaxima } from './connection-limits.ts';

/**
 * Capabilities and RTP parameters are the largest messages of a browser: 10 to 15 KiB. Some of what comes grows on its
 * way to the node (`1e20` is written with 21 digits there); even so this stays far below what internal links carry.
 */
const MAX_CLIENT_MESSAGE_BYTES = 32 * 1024;

export interface SignalServerOptions {
  readonly limits: ConnectionMaxima;
  /** Whether the listener goes by this name. */
  readonly knowsHost: (host: string | undefined) => boolean;
  readonly trustedProxies: readonly string[];
  /** `entry` is to be told how far this WebSocket is with its join or resume. */
  readonly accept: (socket: WebSocket, entry: Entry) => void;
  readonly onRefused: (what: 'address' | 'total' | 'evicted') => void;
}

/**
 * Takes browsers' WebSockets at `/v1/signal` of the public listener, so many in all and from one address. Any origin may
 * connect: what counts is the token in the first message, which no other page has. It is never part of the address, where
 * logs would keep it.
 */
export class SignalServer {
  readonly #options: SignalServerOptions;
  readonly #limits: ConnectionLimits;
  readonly #addressOf: (request: IncomingMessage) => string;
  readonly #open = new Map<number, WebSocket>();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_CLIENT_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  #count = 0;

  constructor(http: Server, options: SignalServerOptions) {
    this.#options = options;
    this.#limits = new ConnectionLimits(options.limits);
    this.#addressOf = clientAddress(options.trustedProxies);
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (pathOf(request) !== '/v1/signal') return refuseUpgrade(socket, '404 Not Found');
      if (!options.knowsHost(request.headers.host)) return refuseUpgrade(socket, '403 Forbidden');
      const address = this.#addressOf(request);
      const admission = this.#limits.ask(address);
      if (admission.kind === 'refuse') {
        options.onRefused(admission.because);
        const full = admission.because === 'total';
        return refuseUpgrade(socket, full ? '503 Service Unavailable' : '429 Too Many Requests');
      }
      this.#sockets.handleUpgrade(request, socket, head, (ws) => {
        if (admission.kind === 'replace') this.#evict(admission.evicted);
        this.#accept(ws, address);
      });
    });
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
  }

  #accept(socket: WebSocket, address: string): void {
    this.#count += 1;
    const connection = this.#count;
    this.#limits.add(connection, address);
    this.#open.set(connection, socket);
    socket.once('close', () => {
      this.#limits.remove(connection);
      this.#open.delete(connection);
    });
    this.#options.accept(socket, (stage) => {
      if (stage === 'entered') this.#limits.enter(connection);
      else this.#limits.entering(connection, stage === 'entering');
    });
  }

  #evict(connection: number): void {
    this.#options.onRefused('evicted');
    this.#limits.remove(connection);
    this.#open.get(connection)?.terminate();
  }
}
