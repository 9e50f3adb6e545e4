import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  type DrainStatus,
  drainRequest,
  errorTable,
  HoldfastError,
  parsed,
  releaseRequest,
  toHoldfastError,
} from '../protocol/index.ts';
import type { Drain } from './drain.ts';
import type { MeetingStore } from './meeting-store.ts';

export interface DrainSocketOptions {
  readonly path: string;
  readonly nodeId: string;
  readonly drain: Drain;
  readonly meetings: MeetingStore;
}

type Route = (request: { readonly query: URLSearchParams; readonly body: unknown }) => void;

/**
 * What the drain agent asks for, over the node's Unix socket (see protocol/drain.ts). Only this user can open it. Four
 * routes on Node's own server: a web framework would cost every node more memory than the drain itself.
 */
export class DrainSocket {
  readonly #options: DrainSocketOptions;
  readonly #server: Server;
  readonly #routes: Readonly<Record<string, Route>>;

  constructor(options: DrainSocketOptions) {
    const { drain } = options;
    this.#options = options;
    this.#routes = {
      'GET /v1/drain': () => {},
      'PUT /v1/drain': ({ body }) => {
        const { noticeId, kind, deadlineMs } = parsed(drainRequest, body);
        drain.drain({ id: noticeId, by: 'cloud', reason: kind, deadlineMs });
      },
      'DELETE /v1/drain': ({ query }) => {
        drain.cancel('cloud', query.get('noticeId') ?? undefined);
      },
      'POST /v1/drain/release': ({ body }) => {
        drain.release(parsed(releaseRequest, body ?? {}).force);
      },
    };
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      });
    });
  }

  async listen(): Promise<void> {
    const { path } = this.#options;
    // A socket file left by a killed process would make the address look taken.
    await rm(path, { force: true });
    this.#server.listen(path);
    await once(this.#server, 'listening');
    await chmod(path, 0o600);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#options.path, { force: true });
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    try {
      const url = new URL(request.url ?? '/', 'http://node');
      const route = this.#routes[`${request.method} ${url.pathname}`];
      if (!route) throw new HoldfastError('NOT_FOUND', `there is no ${request.method} ${url.pathname}`);
      route({ query: url.searchParams, body: parseJson(await text(request)) });
      return { status: 200, body: this.#status() };
    } catch (error) {
      const { code, message } = toHoldfastError(error);
      const { action, status } = errorTable[code];
      return { status, body: { error: { code, message, action } } };
    }
  }

  #status(): DrainStatus {
    const { drain, meetings, nodeId } = this.#options;
    return {
      ...drain.report(),
      nodeId,
      meetings: meetings.all.length,
      participants: meetings.participantCount,
    };
  }
}

function parseJson(body: string): unknown {
  if (body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    throw new HoldfastError('BAD_REQUEST', 'the body is not JSON');
  }
}
