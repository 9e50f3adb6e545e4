import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { NODE_ID_HEADER } from '../protocol/index.ts';
import type { Logger } from './logger.ts';
import { pathOf } from './upgrade.ts';

/** Whether the process does its work now, and whatever else says where it stands. */
export interface Readiness {
  readonly ready: boolean;
  readonly [detail: string]: string | number | boolean | undefined;
}

export interface ProbeServerOptions {
  readonly nodeId: string;
  /** What the process does: a machine's role, or what it is beside it. */
  readonly role: string;
  readonly readiness: () => Readiness;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
  readonly log: Logger;
  /** What else is served here, for whoever asks for something that is not there. */
  readonly alsoServes?: string;
}

/**
 * `/healthz`, `/readyz` and `/metrics` of a process on a machine, the same for every role: on Node's own server, since a web
 * framework would cost each machine more memory than what is asked. Whoever serves WebSockets too takes `http`'s upgrades.
 */
export class ProbeServer {
  readonly http: Server;
  readonly #options: ProbeServerOptions;

  constructor(options: ProbeServerOptions) {
    this.#options = options;
    this.http = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        options.log.error({ err: error, url: request.url }, 'probe.failed');
        response.writeHead(500).end();
      });
    });
  }

  /** @returns the port it listens on. Rejects with EADDRINUSE when it is taken. */
  async listen({ host, port }: { readonly host: string; readonly port: number }): Promise<number> {
    this.http.listen(port, host);
    await once(this.http, 'listening');
    const address = this.http.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.http.closeAllConnections();
    if (this.http.listening) await new Promise((resolve) => this.http.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { nodeId, role, alsoServes } = this.#options;
    const answer = (status: number, body: string, contentType = 'text/plain') => {
      response.writeHead(status, { 'content-type': contentType, [NODE_ID_HEADER]: nodeId });
      response.end(body);
    };
    switch (pathOf(request)) {
      case '/healthz':
        return answer(200, 'ok\n');
      case '/readyz': {
        const readiness = this.#options.readiness();
        const body = JSON.stringify({ nodeId, role, ...readiness });
        return answer(readiness.ready ? 200 : 503, `${body}\n`, 'application/json');
      }
      case '/metrics': {
        const { contentType, body } = await this.#options.metrics();
        return answer(200, body, contentType);
      }
      default:
        return answer(404, `there is /healthz, /readyz, /metrics${alsoServes ? ` and ${alsoServes}` : ''}\n`);
    }
  }
}
