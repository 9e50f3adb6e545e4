import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  type DrainStatus,
  drainRequest,
  type ErrorCode,
  errorTable,
  NODE_ID_HEADER,
  releaseRequest,
} from '@holdfast/media-server/protocol/index.ts';

/** A media node's drain socket: the drain's states without any media behind them. Held to `drain-socket-contract.ts`. */
export class FakeNode {
  readonly socketPath: string;
  readonly requests: string[] = [];
  /** What the node was told for each notice: within which time it must be empty, ms. */
  readonly told = new Map<string, number | undefined>();
  state: DrainStatus['state'] = 'active';
  #holds = 0;
  /** Takes connections and does not answer. */
  hangs = false;
  /** Who answers `/healthz` at its port. */
  nodeId = 'node-1';
  #server: Server | undefined;
  #health: Server | undefined;
  #port = 0;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  async start(): Promise<void> {
    rmSync(this.socketPath, { force: true });
    const server = createServer((request, response) => {
      if (!this.hangs)
        this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve));
    this.#server = server;
    await this.startHealth();
  }

  /** On the same port as before, where somebody else may answer by now. */
  async startHealth(): Promise<void> {
    if (this.#health) return;
    const health = createServer((_request, response) => {
      if (!this.hangs) response.writeHead(200, { [NODE_ID_HEADER]: this.nodeId }).end();
    });
    this.#health = health;
    health.listen(this.#port, '127.0.0.1');
    await once(health, 'listening');
    const address = health.address();
    if (typeof address === 'object' && address) this.#port = address.port;
  }

  get healthUrl(): string {
    return `http://127.0.0.1:${this.#port}/healthz`;
  }

  /** Somebody cleans up; the node lives on. */
  loseSocketFile(): void {
    rmSync(this.socketPath);
  }

  /** As SIGKILL would: connections break, nobody listens any more. */
  async crash(): Promise<void> {
    const servers = [this.#server, this.#health];
    this.#server = undefined;
    this.#health = undefined;
    for (const server of servers) {
      server?.closeAllConnections();
      if (server) await new Promise((resolve) => server.close(resolve));
    }
    this.told.clear();
    this.state = 'active';
    this.#holds = 0;
  }

  /** How many meetings are here. */
  get holds(): number {
    return this.#holds;
  }

  set holds(count: number) {
    this.#holds = count;
    if (count > 0 && this.state === 'drained') this.state = 'draining';
  }

  /** The meetings are elsewhere now. */
  empty(): void {
    this.#holds = 0;
    if (this.state === 'draining') this.state = 'drained';
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://node');
    const text = (await request.setEncoding('utf8').toArray()).join('');
    this.requests.push(`${request.method} ${url.pathname}`);
    const refusal = this.#apply(request.method ?? '', url, text);
    const withinMs = [...this.told.values()].filter((ms) => ms !== undefined);
    const status: DrainStatus = {
      nodeId: 'node-1',
      role: 'media',
      state: this.state,
      holds: this.#holds,
      people: this.#holds * 3,
      // Its clock stands still.
      ...(this.state === 'active' || withinMs.length === 0 ? {} : { remainingMs: Math.min(...withinMs) }),
    };
    const code = refusal === 'METHOD_UNKNOWN' ? 405 : refusal && errorTable[refusal].status;
    response.writeHead(code ?? 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(
        refusal ? { error: { code: refusal, message: refusal, action: errorTable[refusal].action } } : status,
      ),
    );
  }

  #apply(method: string, url: URL, text: string): ErrorCode | undefined {
    let body: unknown;
    try {
      body = text === '' ? {} : JSON.parse(text);
    } catch {
      return 'BAD_REQUEST';
    }
    switch (`${method} ${url.pathname}`) {
      case 'GET /v1/drain':
        return undefined;
      case 'PUT /v1/drain': {
        const order = drainRequest.safeParse(body);
        if (!order.success) return 'BAD_REQUEST';
        if (this.state === 'released') return undefined;
        this.told.set(order.data.noticeId, order.data.withinMs);
        if (this.state === 'active') this.state = 'draining';
        if (this.#holds === 0) this.state = 'drained';
        return undefined;
      }
      case 'DELETE /v1/drain': {
        if (this.state === 'released') return 'DRAIN_RELEASED';
        const noticeId = url.searchParams.get('noticeId');
        if (noticeId === null) this.told.clear();
        else this.told.delete(noticeId);
        if (this.told.size === 0) this.state = 'active';
        return undefined;
      }
      case 'POST /v1/drain/release':
        if (this.state === 'released') return undefined;
        if (this.state === 'active') return 'CONFLICT';
        if (this.#holds > 0 && !releaseRequest.parse(body).force) return 'CONFLICT';
        this.state = 'released';
        return undefined;
      default:
        return /^\/v1\/drain(\/release)?$/.test(url.pathname) ? 'METHOD_UNKNOWN' : 'NOT_FOUND';
    }
  }
}
