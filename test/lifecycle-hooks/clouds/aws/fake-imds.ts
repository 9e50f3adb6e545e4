import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FakeInstance } from './fake-instance.ts';

/** `hangs`: takes requests and answers none. `fails`: answers 500. `refuses`: knows no token, not even a new one. */
export type Mood = 'answers' | 'hangs' | 'fails' | 'refuses';

export interface FakeImdsOptions {
  /** Of the instance: an answer with a token travels no further. */
  readonly hopLimit?: number;
  /** How far away the client is: 1 on the machine itself, 2 in a container. */
  readonly hops?: number;
  readonly publicAddress?: string;
  /** How many questions a token is good for: they end before their time. */
  readonly tokenUses?: number;
  /** The launch template lets the metadata show the instance's tags. */
  readonly tags?: boolean;
}

/** The metadata service, version 2, of one instance of the fake. */
export class FakeImds {
  readonly #instance: FakeInstance;
  readonly #options: Required<FakeImdsOptions>;
  /** How many more questions each is good for. */
  readonly #tokens = new Map<string, number>();
  #server: Server | undefined;
  #port = 0;
  #open = 0;
  mood: Mood = 'answers';
  /** Paths that hang while the others answer. */
  readonly hanging = new Set<string>();
  readonly requests: string[] = [];

  constructor(instance: FakeInstance, options: FakeImdsOptions = {}) {
    this.#instance = instance;
    this.#options = { hopLimit: 1, hops: 1, publicAddress: '', tags: false, tokenUses: Infinity, ...options };
  }

  /** Requests that are being answered; those that hang are not. */
  get open(): number {
    return this.#open;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listen(): Promise<this> {
    const server = createServer((request, response) => this.#answer(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => {
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  async close(): Promise<void> {
    const server = this.#server;
    server?.closeAllConnections();
    await new Promise((resolve) => {
      server?.close(resolve);
    });
  }

  /** Before their time, as it happens. */
  forgetTokens(): void {
    this.#tokens.clear();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.requests.push(`${request.method} ${path}`);
    request.resume();
    const tooFar = request.method === 'PUT' && this.#options.hops > this.#options.hopLimit;
    if (this.mood === 'hangs' || tooFar || this.hanging.has(path.replace('/latest/meta-data/', ''))) return;
    this.#open += 1;
    response.once('close', () => {
      this.#open -= 1;
    });
    const [status, body] = this.mood === 'fails' ? [500, ''] : this.#respond(request, path);
    response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
  }

  #respond(request: IncomingMessage, path: string): [number, string] {
    const header = (name: string) => {
      const value = request.headers[name];
      return typeof value === 'string' ? value : '';
    };
    if (request.method === 'PUT' && path === '/latest/api/token') {
      const ttl = Number(header('x-aws-ec2-metadata-token-ttl-seconds'));
      if (!Number.isInteger(ttl) || ttl < 1 || ttl > 21_600) return [400, ''];
      const token = `token-${this.requests.length}`;
      this.#tokens.set(token, this.#options.tokenUses);
      return [200, token];
    }
    const token = header('x-aws-ec2-metadata-token');
    const uses = this.#tokens.get(token) ?? 0;
    if (this.mood === 'refuses' || uses <= 0) return [401, ''];
    this.#tokens.set(token, uses - 1);
    const value = path.startsWith('/latest/meta-data/')
      ? this.#value(path.slice('/latest/meta-data/'.length))
      : undefined;
    return value === undefined || value === '' ? [404, 'Not Found'] : [200, value];
  }

  #value(path: string): string | undefined {
    const { make, target, spotAction, rebalanceAtMs, maintenance } = this.#instance;
    const rfc3339 = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
    switch (path) {
      case 'instance-id':
        return make.id;
      case 'instance-type':
        return make.type;
      case 'instance-life-cycle':
        return make.market;
      case 'local-ipv4':
        return '10.0.0.7';
      case 'public-ipv4':
        return this.#options.publicAddress;
      case 'tags/instance/aws:ec2launchtemplate:id':
        return this.#options.tags ? make.template.id : undefined;
      case 'tags/instance/aws:ec2launchtemplate:version':
        return this.#options.tags ? make.template.version : undefined;
      case 'placement/availability-zone':
        return make.zone;
      case 'autoscaling/target-lifecycle-state':
        return target;
      case 'spot/instance-action':
        return spotAction && JSON.stringify({ action: spotAction.action, time: rfc3339(spotAction.atMs) });
      case 'events/recommendations/rebalance':
        return rebalanceAtMs === undefined
          ? undefined
          : JSON.stringify({ noticeTime: rfc3339(rebalanceAtMs) });
      case 'events/maintenance/scheduled':
        return JSON.stringify(
          maintenance.map(({ id, code, notBeforeMs, state }) => ({
            NotBefore: maintenanceTime(notBeforeMs),
            Code: code,
            Description: `${state === 'canceled' ? '[Canceled] ' : ''}scheduled ${code}`,
            EventId: id,
            NotAfter: maintenanceTime(notBeforeMs + 3_600_000),
            State: state,
          })),
        );
      default:
        return undefined;
    }
  }
}

/** "21 Jan 2027 09:00:43 GMT" */
function maintenanceTime(ms: number): string {
  return new Date(ms).toUTCString().replace(/^\w+, /, '');
}
