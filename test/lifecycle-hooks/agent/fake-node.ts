import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  type DrainStatus,
  drainRequest,
  errorTable,
  NODE_ID_HEADER,
  releaseRequest,
} from '@holdfast/media-server/protocol/index.ts';

/** A media node's drain socket: the drain's states without any media behind them. */
export class FakeNode {
  readonly socketPath: string;
  readonly requests: string[] = [];
  /** What the node was told for each notice: within which time it must be empty, ms. */
  readonly told = new Map<string, number | undefined>();
  state: DrainStatus['state'] = 'active';
  meetings = 0;
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
    this.meetings = 0;
  }

  /** The meetings are elsewhere now. */
  empty(): void {
    this.meetings = 0;
    if (this.state === 'draining') this.state = 'drained';
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://node');
    const text = (await request.setEncoding('utf8').toArray()).join('');
    const body: unknown = text === '' ? {} : JSON.parse(text);
    this.requests.push(`${request.method} ${url.pathname}`);
    const refusal = this.#apply(request.method ?? '', url, body);
    const status: DrainStatus = {
      nodeId: 'node-1',
      state: this.state,
      meetings: this.meetings,
      participants: this.meetings * 3,
    };
    response.writeHead(refusal ? errorTable[refusal].status : 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(
        refusal ? { error: { code: refusal, message: refusal, action: errorTable[refusal].action } } : status,
      ),
    );
  }

  #apply(method: string, url: URL, body: unknown): 'CONFLICT' | 'DRAIN_RELEASED' | 'NOT_FOUND' | undefined {
    switch (`${method} ${url.pathname}`) {
      case 'GET /v1/drain':
        return undefined;
      case 'PUT /v1/drain': {
        const { noticeId, withinMs } = drainRequest.parse(body);
        this.told.set(noticeId, withinMs);
        if (this.state === 'active') this.state = 'draining';
        if (this.meetings === 0 && this.state === 'draining') this.state = 'drained';
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
        if (this.state === 'active') return 'CONFLICT';
        if (this.meetings > 0 && !releaseRequest.parse(body).force) return 'CONFLICT';
        this.state = 'released';
        return undefined;
      default:
        return 'NOT_FOUND';
    }
  }
}
