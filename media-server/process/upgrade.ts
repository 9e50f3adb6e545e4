import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** The path of a request, whatever nonsense its address is; `new URL` would throw for "//". */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1).join();
}

/** Answers a request for a WebSocket that is not granted. */
export function refuseUpgrade(
  socket: Duplex,
  status:
    | '401 Unauthorized'
    | '403 Forbidden'
    | '404 Not Found'
    | '429 Too Many Requests'
    | '503 Service Unavailable',
): void {
  // Node no longer listens for errors of this socket; one that breaks now must not end the process.
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
