import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { pathOf, refuseUpgrade } from '../../process/upgrade.ts';

/**
 * Capabilities and RTP parameters are the largest messages of a browser: 10 to 15 KiB. Some of what comes grows on its
 * way to the node (`1e20` is written with 21 digits there); even so this stays far below what internal links carry.
 */
const MAX_CLIENT_MESSAGE_BYTES = 32 * 1024;

/**
 * Takes browsers' WebSockets at `/v1/signal` of the public listener. Any origin may connect: what counts is the token in
 * the first message, which no other page has. It is never part of the address, where logs would keep it.
 */
export class SignalServer {
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_CLIENT_MESSAGE_BYTES,
    perMessageDeflate: false,
  });

  constructor(http: Server, accept: (socket: WebSocket) => void) {
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (pathOf(request) !== '/v1/signal') return refuseUpgrade(socket, '404 Not Found');
      this.#sockets.handleUpgrade(request, socket, head, accept);
    });
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
  }
}
