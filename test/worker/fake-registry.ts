import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  type DirectoryEvent,
  nextDirectoryEntry,
} from '@holdfast/media-server/control-plane/directory/directory-entry.ts';
import { moveStatus } from '@holdfast/media-server/control-plane/directory/move-status.ts';
import type { DirectoryEntry } from '@holdfast/media-server/control-plane/store/records.ts';
import { RpcSocket } from '@holdfast/media-server/process/rpc-socket.ts';
import {
  HoldfastError,
  INTERNAL_VERSION,
  type ParamsOf,
  registryClientContract,
  registryContract,
} from '@holdfast/media-server/protocol/index.ts';
import { WebSocketServer } from 'ws';

type Registered = ParamsOf<typeof registryContract, 'node.register'>;
type RegistrySocket = RpcSocket<typeof registryContract, typeof registryClientContract>;

/**
 * A control plane's internal side for tests of the node: remembers what nodes say, chooses targets, and keeps the
 * directory by the real rules.
 */
export class FakeRegistry {
  readonly nodes = new Map<string, Registered & { socket: RegistrySocket }>();
  /** Meeting → where it lives since its last commit. */
  readonly homes = new Map<string, { nodeId: string; epoch: number }>();
  /** What was asked about moves, in order. */
  readonly asked: string[] = [];
  /** The next request of this name is carried out, and its answer is lost with the connection. */
  loseAnswerOf: keyof typeof registryContract | undefined;
  readonly ended: string[] = [];
  readonly aborted: string[] = [];
  readonly #directory = new Map<string, DirectoryEntry>();
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

  #apply(meetingId: string, event: DirectoryEvent): DirectoryEntry | undefined {
    const step = nextDirectoryEntry(this.#directory.get(meetingId), event, Date.now());
    if (step.kind === 'refuse') throw new HoldfastError('EPOCH_STALE', step.reason);
    if (step.kind === 'write') this.#directory.set(meetingId, step.entry);
    return this.#directory.get(meetingId);
  }

  #serve(ws: ConstructorParameters<typeof RpcSocket>[0]): void {
    const answered =
      <P, R>(method: keyof typeof registryContract, work: (params: P) => R) =>
      (params: P): R => {
        this.asked.push(method);
        const answer = work(params);
        if (this.loseAnswerOf === method) {
          this.loseAnswerOf = undefined;
          socket.terminate('the answer is lost');
        }
        return answer;
      };
    const socket: RegistrySocket = new RpcSocket(ws, {
      local: registryContract,
      remote: registryClientContract,
      pingMs: 0,
      handlers: {
        'node.register': (node) => {
          this.nodes.set(node.nodeId, { ...node, socket });
          return {
            heartbeatMs: 200,
            resumeMs: 30_000,
            protocol: INTERNAL_VERSION,
            superseded: [],
            adopt: [],
          };
        },
        'node.heartbeat': (news) => {
          Object.assign(this.node(news.nodeId), news);
          return { superseded: [], adopt: [] };
        },
        'node.leaving': ({ nodeId }) => {
          this.nodes.delete(nodeId);
        },
        'meeting.ended': ({ meetingId }) => {
          this.ended.push(meetingId);
          return {};
        },
        'move.reserve': answered('move.reserve', ({ meetingId, nodeId, epoch, exclude }) => {
          const from = { nodeId, epoch };
          this.#apply(meetingId, { type: 'claims', claims: [{ ...from, role: 'home' }] });
          const target = [...this.nodes.values()].find(
            (node) =>
              node.nodeId !== nodeId && !exclude.includes(node.nodeId) && node.drain.state === 'active',
          );
          if (!target) throw new HoldfastError('NO_CAPACITY', 'no other node', { retryAfterMs: 100 });
          const entry = this.#apply(meetingId, { type: 'move', from, to: target.nodeId });
          if (entry?.state !== 'moving') throw new HoldfastError('EPOCH_STALE', 'moved meanwhile');
          return {
            target: { nodeId: target.nodeId, rpcUrl: target.rpcUrl },
            epoch: entry.movingTo.epoch,
          };
        }),
        'move.commit': answered('move.commit', ({ meetingId, epoch, nodeId, target }) => {
          if (!this.nodes.has(target)) throw new HoldfastError('TARGET_LOST', `${target} is not here`);
          const entry = this.#apply(meetingId, { type: 'commit', from: { nodeId, epoch }, to: target });
          if (entry) this.homes.set(meetingId, { nodeId: entry.nodeId, epoch: entry.epoch });
          return {};
        }),
        'move.status': answered('move.status', ({ meetingId, epoch, nodeId, target }) => {
          const entry = this.#directory.get(meetingId);
          const live = entry?.state === 'ended' ? undefined : entry;
          const { state, place } = moveStatus(live, { nodeId, epoch }, target);
          const node = place && this.nodes.get(place.nodeId);
          return node ? { state, place: { ...place, rpcUrl: node.rpcUrl } } : { state };
        }),
        'move.abort': answered('move.abort', ({ meetingId, epoch, nodeId, target }) => {
          this.#apply(meetingId, { type: 'abort', from: { nodeId, epoch }, to: target });
          this.aborted.push(`${meetingId} to ${target}`);
          return {};
        }),
      },
    });
  }
}
