import { once } from 'node:events';
import { chmod, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import {
  type DrainStatus,
  drainRequest,
  errorTable,
  HoldfastError,
  type MachineRole,
  parsed,
  releaseRequest,
  toHoldfastError,
} from '../protocol/index.ts';
import type { Drain } from './drain.ts';

export interface DrainSocketOptions {
  readonly path: string;
  readonly nodeId: string;
  readonly role: MachineRole;
  readonly drain: Pick<Drain, 'status' | 'notice' | 'cancel' | 'release'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** The agent is on the same machine: who needs longer for a request has stopped in the middle of it, ms. Default 5000. */
  readonly requestLimitMs?: number;
}

type Route = (request: { readonly query: URLSearchParams; readonly body: unknown }) => void;

/** A request of the agent's has some hundred bytes. */
const MAX_BODY_BYTES = 16 * 1024;
/** How often the socket's file is looked at, ms. */
const LOOK_MS = 2000;

/**
 * What the drain agent asks for, over the machine's Unix socket (see protocol/drain.ts). Only this user can open it. Four
 * routes on Node's own server: a web framework would cost every node more memory than the drain itself.
 *
 * A file may vanish under the server that listens on it (somebody cleans up, a directory is mounted over). The agent would
 * then take the node for gone, so the socket is made again.
 */
export class DrainSocket {
  readonly #options: DrainSocketOptions;
  readonly #routes: Readonly<Record<string, Readonly<Record<string, Route>>>>;
  #bound: { readonly server: Server; readonly file: string } | undefined;
  #looking: Promise<void> = Promise.resolve();
  #taken = false;
  #closed = false;
  #cancelLook = () => {};

  constructor(options: DrainSocketOptions) {
    const { drain } = options;
    this.#options = options;
    this.#routes = {
      '/v1/drain': {
        GET: () => {},
        PUT: ({ body }) => {
          drain.notice(parsed(drainRequest, body));
        },
        DELETE: ({ query }) => {
          drain.cancel('cloud', query.get('noticeId') ?? undefined);
        },
      },
      '/v1/drain/release': {
        POST: ({ body }) => {
          drain.release(parsed(releaseRequest, body ?? {}).force);
        },
      },
    };
  }

  /** Rejects when another process is served there already. */
  async listen(): Promise<void> {
    const { path } = this.#options;
    if (await somebodyListens(path)) {
      throw new Error(
        `another ${this.#options.role} server is served on ${path}. Stop it, or give this one a drainSocket of its own`,
      );
    }
    await this.#bind();
    this.#lookLater();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelLook();
    await this.#looking;
    const bound = this.#bound;
    this.#bound = undefined;
    if (!bound) return;
    // The file may be another's by now.
    if ((await fileAt(this.#options.path)) === bound.file) await rm(this.#options.path, { force: true });
    await end(bound.server);
  }

  /**
   * Listens in a directory that nobody else can enter and moves the socket to its place when its mode is right: at no
   * moment can another user connect, and what was there before is replaced at once.
   */
  async #bind(): Promise<void> {
    const { path, requestLimitMs = 5000 } = this.#options;
    const server = createServer(
      {
        requestTimeout: requestLimitMs,
        headersTimeout: requestLimitMs,
        connectionsCheckingInterval: requestLimitMs / 5,
        maxHeaderSize: 8192,
      },
      (request, response) => void this.#serve(request, response),
    );
    const directory = await mkdtemp(join(dirname(path), '.d-'));
    try {
      const made = join(directory, 's');
      server.listen(made);
      await once(server, 'listening');
      await chmod(made, 0o600);
      await rename(made, path);
      this.#bound = { server, file: (await fileAt(path)) ?? '' };
    } catch (error) {
      await end(server);
      throw error;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  #lookLater(): void {
    this.#cancelLook = this.#options.clock.after(LOOK_MS, () => {
      this.#looking = this.#look()
        .catch((error: unknown) => this.#options.log.error({ err: error }, 'drain_socket.lost'))
        .finally(() => {
          if (!this.#closed) this.#lookLater();
        });
    });
  }

  async #look(): Promise<void> {
    const { path, log } = this.#options;
    const old = this.#bound;
    const file = await fileAt(path);
    if (old && file === old.file) return;
    if (file !== undefined && (await somebodyListens(path))) {
      if (!this.#taken) log.error({ path }, 'drain_socket.taken');
      this.#taken = true;
      return;
    }
    this.#taken = false;
    if (this.#closed) return;
    log.warn({ path }, 'drain_socket.made_again');
    await this.#bind();
    // Connections that are open stay until their answer is out.
    old?.server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body, headers } = await this.#answer(request);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  }

  async #answer(
    request: IncomingMessage,
  ): Promise<{ status: number; body: unknown; headers?: Record<string, string> }> {
    try {
      const url = new URL(request.url ?? '/', 'http://node');
      const methods = this.#routes[url.pathname];
      if (!methods) throw new HoldfastError('NOT_FOUND', `there is no ${url.pathname}`);
      const route = methods[request.method ?? ''];
      if (!route) {
        const allow = Object.keys(methods).join(', ');
        const { code, message } = new HoldfastError('METHOD_UNKNOWN', `${url.pathname} takes ${allow}`);
        return {
          status: 405,
          body: { error: { code, message, action: errorTable[code].action } },
          headers: { allow },
        };
      }
      route({ query: url.searchParams, body: parseJson(await bodyOf(request)) });
      return { status: 200, body: this.#status() };
    } catch (error) {
      const { code, message } = toHoldfastError(error);
      const { action, status } = errorTable[code];
      // What is left of a refused body is not read.
      return { status, body: { error: { code, message, action } }, headers: { connection: 'close' } };
    }
  }

  #status(): DrainStatus {
    const { drain, nodeId, role } = this.#options;
    return { ...drain.status(), nodeId, role };
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new HoldfastError('BAD_REQUEST', `the body has more than ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(body: string): unknown {
  if (body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    throw new HoldfastError('BAD_REQUEST', 'the body is not JSON');
  }
}

/** Which file is there; undefined: none. */
async function fileAt(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path);
    return `${dev}:${ino}`;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether a process accepts connections there. A socket file that a killed process left does not count. */
function somebodyListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (listens: boolean) => {
      socket.destroy();
      resolve(listens);
    };
    socket.once('connect', () => done(true));
    socket.once('error', (error) => {
      const code = 'code' in error ? error.code : undefined;
      // EAGAIN: its queue is full, so there is one. ENOTSOCK: a file of somebody else's.
      done(code !== 'ENOENT' && code !== 'ECONNREFUSED');
    });
  });
}

async function end(server: Server): Promise<void> {
  server.closeAllConnections();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}
