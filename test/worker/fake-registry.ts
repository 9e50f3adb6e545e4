import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { RpcSocket } from '@holdfast/media-server/process/rpc-socket.ts';
import {
  HoldfastError,
  type ParamsOf,
  registryClientContract,
  registryContract,
} from '@holdfast/media-server/protocol/index.ts';
import { WebSocketServer } from 'ws';

type Registered = ParamsOf<typeof registryContract, 'node.register'>;
type RegistrySocket = RpcSocket<typeof registryContract, typeof registryClientContract>;

/** A control plane's internal side for tests of the node: remembers what nodes say, chooses targets, keeps the directory. */
export class FakeRegistry {
  readonly nodes = new Map<string, Registered & { socket: RegistrySocket }>();
  /** Meeting → where it is said to live. */
  readonly homes = new Map<string, { nodeId: string; epoch: number }>();
  readonly ended: string[] = [];
  readonly aborted: string[] = [];
  readonly #server = new WebSocketServer({ host: '127.0.0.1', port: 0 });

  static async start(): Promise<FakeRegistry> {
    const registry = new FakeRegistry();
    await once(registry.#server, 'listening');
    registry.#server.on('connection', (ws) => registry.#serve(ws));
    return registry;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/internal/nodes`;
  }

  node(nodeId: string): Registered & { socket: RegistrySocket } {
    const node = this.nodes.get(nodeId);
    if (!node) throw new Error(`${nodeId} is not registered`);
    return node;
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(ws: ConstructorParameters<typeof RpcSocket>[0]): void {
    const socket: RegistrySocket = new RpcSocket(ws, {
      local: registryContract,
      remote: registryClientContract,
      pingMs: 0,
      handlers: {
        'node.register': (node) => {
          this.nodes.set(node.nodeId, { ...node, socket });
          return { heartbeatMs: 200 };
        },
        'node.heartbeat': (news) => {
          Object.assign(this.node(news.nodeId), news);
          return {};
        },
        'node.leaving': ({ nodeId }) => {
          this.nodes.delete(nodeId);
        },
        'meeting.ended': ({ meetingId }) => {
          this.ended.push(meetingId);
          return {};
        },
        'move.reserve': ({ nodeId, epoch, exclude }) => {
          const target = [...this.nodes.values()].find(
            (node) =>
              node.nodeId !== nodeId && !exclude.includes(node.nodeId) && node.drain.state === 'active',
          );
          if (!target) throw new HoldfastError('NO_CAPACITY', 'no other node', { retryAfterMs: 100 });
          return { target: { nodeId: target.nodeId, rpcUrl: target.rpcUrl }, epoch: epoch + 1 };
        },
        'move.commit': ({ meetingId, epoch, target }) => {
          this.homes.set(meetingId, { nodeId: target, epoch: epoch + 1 });
          return {};
        },
        'move.abort': ({ meetingId, target }) => {
          this.aborted.push(`${meetingId} to ${target}`);
          return {};
        },
      },
    });
  }
}
