import type { Clock } from '@holdfast/media-server/process/clock.ts';
import { dialRpc, type RpcSocket } from '@holdfast/media-server/process/rpc-socket.ts';
import {
  type Ask,
  HoldfastError,
  type ScalingReport,
  scalingClientContract,
  scalingContract,
} from '@holdfast/media-server/protocol/index.ts';
import type { ControlPlanePort, Order } from './control-plane-port.ts';
import type { Journal, Lead, Lease } from './lease.ts';
import type { PlatformView } from './observation.ts';
import { viewOf } from './view-of.ts';

export interface ControlPlaneLinkOptions {
  /** ws(s)://HOST:PORT/internal/scaling; tried in turn. */
  readonly urls: readonly string[];
  readonly token: string;
  /** Times of the control plane's clock are told by this one. */
  readonly clock: Pick<Clock, 'now'>;
  /** For one answer, ms. */
  readonly timeoutMs?: number;
}

type Contract = typeof scalingContract;
type Socket = RpcSocket<typeof scalingClientContract, Contract>;

const PING_MS = 2000;

/**
 * The control plane as the autoscaler's process sees it, over one WebSocket that is dialled again when it is needed and
 * gone. Whoever waits for an answer when it breaks gets CONNECTION_CLOSED: whether there was an effect is not known.
 */
export class ControlPlaneLink implements Lease, ControlPlanePort {
  readonly #options: Required<ControlPlaneLinkOptions>;
  #socket: Promise<Socket> | undefined;
  #next = 0;
  readonly #closed = new AbortController();

  constructor(options: ControlPlaneLinkOptions) {
    this.#options = { timeoutMs: 5000, ...options };
  }

  async take(holder: string, ttlMs: number): Promise<Lead> {
    return this.#ask('lease.take', { holder, ttlMs });
  }

  async write(fence: number, journal: Journal): Promise<void> {
    await this.#ask('lease.write', { fence, journal });
  }

  async resign(fence: number): Promise<void> {
    await this.#ask('lease.resign', { fence });
  }

  async observe(): Promise<PlatformView> {
    const askedAtMs = this.#options.clock.now();
    const first = await this.#ask('platform.observe', {});
    const parts = [first];
    // One after the other: together they may be more than a connection should hold.
    for (let part = 1; part < first.parts; part += 1)
      parts.push(await this.#ask('platform.more', { viewId: first.viewId, part }));
    return viewOf(parts, askedAtMs);
  }

  async drain(nodeId: string, order: Order): Promise<void> {
    await this.#ask('node.drain', { nodeId, ...order });
  }

  async cancelDrain(nodeId: string, order: Order): Promise<void> {
    await this.#ask('node.cancelDrain', { nodeId, ...order });
  }

  async report(report: ScalingReport): Promise<void> {
    await this.#ask('decision.report', report);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closed.abort();
    const socket = await this.#socket?.catch(() => undefined);
    socket?.close('the autoscaler ends');
    await socket?.closed;
  }

  readonly #ask: Ask<Contract> = async (method, params) => {
    const socket = await this.#connected();
    return socket.request(method, params, { timeoutMs: this.#options.timeoutMs });
  };

  #connected(): Promise<Socket> {
    if (this.#closed.signal.aborted)
      return Promise.reject(new HoldfastError('CONNECTION_CLOSED', 'the autoscaler ends'));
    if (this.#socket) return this.#socket;
    const dialled = this.#dial();
    this.#socket = dialled;
    const forget = () => {
      if (this.#socket === dialled) this.#socket = undefined;
    };
    dialled.then((socket) => socket.closed).then(forget, forget);
    return dialled;
  }

  async #dial(): Promise<Socket> {
    const { urls, token } = this.#options;
    const url = urls[this.#next % urls.length] ?? '';
    this.#next += 1;
    return dialRpc(url, token, {
      local: scalingClientContract,
      remote: scalingContract,
      handlers: {},
      pingMs: PING_MS,
      signal: this.#closed.signal,
    });
  }
}
