import {
  type ControlPlaneConfig,
  type ControlPlaneSecrets,
  controlPlaneConfig,
} from '@holdfast/media-server/config/index.ts';
import { ControlPlane, type ControlPlaneTiming } from '@holdfast/media-server/control-plane/control-plane.ts';
import type { Clock } from '@holdfast/media-server/process/clock.ts';
import { tokenView } from '@holdfast/media-server/protocol/index.ts';
import { vi } from 'vitest';
import { FakeClient } from './fake-client.ts';
import { FakeMediaNode, type FakeMediaNodeOptions } from './fake-media-node.ts';
import { silentLog } from './silent-log.ts';

export const secrets = {
  HOLDFAST_CLUSTER_TOKEN: 'cluster-token-of-the-tests',
  HOLDFAST_SIGNING_KEY: 'signing-key-of-the-tests-of-32-bytes',
  HOLDFAST_OPERATOR_TOKEN: 'operator-token-of-the-tests',
  HOLDFAST_API_KEY: 'api-key-of-the-tests',
  HOLDFAST_SCALING_TOKEN: 'scaling-token-of-the-tests',
};

export interface PlatformOptions {
  readonly config?: Partial<ControlPlaneConfig>;
  readonly timing?: Partial<ControlPlaneConfig['timing']>;
  readonly limits?: Partial<ControlPlaneTiming>;
  readonly clock?: Clock;
  /** Besides those that every test has. */
  readonly secrets?: Partial<ControlPlaneSecrets>;
}

/** A control plane with fake nodes and fake browsers, all over real WebSockets; ends with `close`. */
export class Platform {
  readonly nodes: FakeMediaNode[] = [];
  readonly clients: FakeClient[] = [];
  readonly #options: PlatformOptions;
  #controlPlane: ControlPlane;
  #publicPort: number;
  #internalPort: number;

  private constructor(options: PlatformOptions, controlPlane: ControlPlane) {
    this.#options = options;
    this.#controlPlane = controlPlane;
    this.#publicPort = controlPlane.publicPort;
    this.#internalPort = controlPlane.internalPort;
  }

  static async start(options: PlatformOptions = {}): Promise<Platform> {
    return new Platform(options, await startControlPlane(options, 0, 0));
  }

  get port(): number {
    return this.#publicPort;
  }

  get controlPlane(): ControlPlane {
    return this.#controlPlane;
  }

  async node(nodeId: string, options: Partial<FakeMediaNodeOptions> = {}): Promise<FakeMediaNode> {
    const node = await FakeMediaNode.start({
      nodeId,
      token: secrets.HOLDFAST_CLUSTER_TOKEN,
      controlPlaneUrl: `ws://127.0.0.1:${this.#internalPort}/internal/nodes`,
      ...options,
    });
    this.nodes.push(node);
    await eventually(() => node.registered);
    return node;
  }

  async client(): Promise<FakeClient> {
    const client = await new FakeClient().connect(this.#publicPort);
    this.clients.push(client);
    return client;
  }

  /** Somebody who has joined and has its leg. */
  async participant(name: string, meetingId = 'm1'): Promise<FakeClient> {
    const client = await this.client();
    await client.join(await this.token(name, meetingId));
    await eventually(() => client.legs.size > 0);
    return client;
  }

  async token(participantId: string, meetingId = 'm1'): Promise<string> {
    await this.api('POST', '/v1/meetings', secrets.HOLDFAST_API_KEY, { meetingId });
    const body = { participantId, displayName: participantId };
    const path = `/v1/meetings/${meetingId}/tokens`;
    const response = await this.api('POST', path, secrets.HOLDFAST_API_KEY, body);
    return tokenView.parse(await response.json()).token;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.#publicPort}`;
  }

  api(method: string, path: string, token?: string, body?: unknown): Promise<Response> {
    return fetch(`${this.baseUrl}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
  }

  operator(method: string, path: string, body?: unknown): Promise<Response> {
    return this.api(method, path, secrets.HOLDFAST_OPERATOR_TOKEN, body);
  }

  /** The value of a metric, labels as they are printed: `holdfast_sessions{state="connected"}`. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.#internalPort}/metrics`)).text();
    const line = text.split('\n').find((l) =>
      l
        .replace(/,?replica="[^"]*"/, '')
        .replace('{}', '')
        .startsWith(`${name} `),
    );
    return Number(line?.split(' ').at(-1));
  }

  stopControlPlane(): Promise<void> {
    return this.#controlPlane.close('test');
  }

  /** Another process at the same address, with an empty store and the same secrets. */
  async startControlPlaneAgain(): Promise<void> {
    this.#controlPlane = await startControlPlane(this.#options, this.#publicPort, this.#internalPort);
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.drop()));
    await this.#controlPlane.close('test over');
    await Promise.all(this.nodes.map((node) => node.kill()));
  }
}

function startControlPlane(
  options: PlatformOptions,
  publicPort: number,
  internalPort: number,
): Promise<ControlPlane> {
  const config = controlPlaneConfig.parse({
    role: 'control-plane',
    http: { port: publicPort },
    internal: { port: internalPort },
    ...options.config,
    // Where no test is about silence, a busy machine must not look like one.
    timing: { heartbeatMs: 100, nodeLostMs: 20_000, pingMs: 5000, ...options.timing },
  });
  return ControlPlane.start({
    config,
    secrets: { ...secrets, ...options.secrets },
    log: silentLog,
    ...(options.clock ? { clock: options.clock } : {}),
    timing: { settleMs: 0, returnMs: 0, closingMs: 20, ...options.limits },
  });
}

/** Real sockets and processes: how long they take is the machine's affair. */
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

/** Waits for a state; fails with the last one when it does not come. */
export async function eventually(state: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  await vi.waitFor(
    async () => {
      if (!(await state())) throw new Error(`not so within ${timeoutMs} ms: ${state}`);
    },
    { timeout: timeoutMs, interval: 5 },
  );
}
