import type { Logger } from '../../process/logger.ts';
import { dialRpc, type RpcSocket } from '../../process/rpc-socket.ts';
import {
  commonVersion,
  type Handlers,
  HoldfastError,
  INTERNAL_VERSION,
  type NodeAddress,
  nodeClientContract,
  nodeContract,
} from '../../protocol/index.ts';

export type NodeSocket = RpcSocket<typeof nodeClientContract, typeof nodeContract>;

export interface NodeLinksOptions {
  readonly replicaId: string;
  readonly clusterToken: string;
  /** Ping this often; three without an answer and the node counts as gone, ms. */
  readonly pingMs: number;
  readonly handlers: (nodeId: string) => Handlers<typeof nodeClientContract>;
  /** A link stands, for the first time or again. */
  readonly onOpen: (nodeId: string) => void;
  /** A link that was open has broken. Its pending requests have failed already. */
  readonly onGone: (nodeId: string, reason: string) => void;
  readonly log: Logger;
}

interface LinkEntry {
  readonly rpcUrl: string;
  readonly ready: Promise<NodeSocket>;
  socket: NodeSocket | undefined;
  /** Ended on purpose: nobody need be told. */
  forgotten: boolean;
}

/** Between dialling and the node's hello, ms. Nodes are near. */
const CONNECT_TIMEOUT_MS = 1500;
const REQUEST_TIMEOUT_MS = 5000;

/** One connection to each media node that this gateway has something to do with, dialled when first needed. */
export class NodeLinks {
  readonly #options: NodeLinksOptions;
  readonly #entries = new Map<string, LinkEntry>();
  readonly #closing = new AbortController();

  constructor(options: NodeLinksOptions) {
    this.#options = options;
  }

  /** The open link, if there is one. */
  linked(nodeId: string): NodeSocket | undefined {
    const socket = this.#entries.get(nodeId)?.socket;
    return socket?.open ? socket : undefined;
  }

  /** The link, dialled if need be. Rejects with NODE_UNREACHABLE. */
  async get(node: NodeAddress, connectTimeoutMs = CONNECT_TIMEOUT_MS): Promise<NodeSocket> {
    const { nodeId, rpcUrl } = node;
    const present = this.#entries.get(nodeId);
    // The same node at another address is another process: the old link can only be a dead one.
    if (present && present.rpcUrl === rpcUrl && present.socket?.open !== false) return present.ready;
    present?.socket?.terminate('the node has a new address');
    const ready = this.#dial(node, connectTimeoutMs);
    const entry: LinkEntry = { rpcUrl, ready, socket: undefined, forgotten: false };
    this.#entries.set(nodeId, entry);
    try {
      const socket = await entry.ready;
      entry.socket = socket;
      void socket.closed.then((reason) => this.#gone(nodeId, entry, reason));
      this.#options.onOpen(nodeId);
      return socket;
    } catch (error) {
      this.#drop(nodeId, entry);
      throw error;
    }
  }

  /** Ends the link without alarm, when the node has left on purpose and nothing of ours is there any more. */
  forget(nodeId: string): void {
    const entry = this.#entries.get(nodeId);
    if (!entry) return;
    entry.forgotten = true;
    this.#drop(nodeId, entry);
    entry.socket?.close('the node has left');
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const sockets = [...this.#entries.values()].flatMap(({ socket }) => socket ?? []);
    this.#entries.clear();
    for (const socket of sockets) socket.close('the gateway stops');
    await Promise.all(sockets.map(({ closed }) => closed));
  }

  async #dial({ nodeId, rpcUrl }: NodeAddress, connectTimeoutMs: number): Promise<NodeSocket> {
    const { replicaId, clusterToken, pingMs, handlers, log } = this.#options;
    const socket: NodeSocket = await dialRpc(rpcUrl, clusterToken, {
      local: nodeClientContract,
      remote: nodeContract,
      handlers: handlers(nodeId),
      pingMs,
      timeoutMs: REQUEST_TIMEOUT_MS,
      connectTimeoutMs,
      signal: this.#closing.signal,
      onError: (error, context) => log.warn({ err: error, ...context, nodeId }, 'link.error'),
    });
    try {
      const hello = await socket.request(
        'link.hello',
        { peerId: replicaId, role: 'gateway', protocol: INTERNAL_VERSION },
        { timeoutMs: CONNECT_TIMEOUT_MS },
      );
      commonVersion(hello.protocol);
      if (hello.nodeId !== nodeId) throw new Error(`${hello.nodeId} answers there`);
    } catch (error) {
      socket.terminate('no hello');
      const message = error instanceof Error ? error.message : String(error);
      throw new HoldfastError('NODE_UNREACHABLE', `node ${nodeId} at ${rpcUrl}: ${message}`, {
        cause: error,
      });
    }
    log.info({ nodeId, rpcUrl }, 'link.open');
    return socket;
  }

  #gone(nodeId: string, entry: LinkEntry, reason: string): void {
    if (this.#closing.signal.aborted || entry.forgotten) return;
    // Also when it has been dialled anew meanwhile: what was spoken for on this one is spoken for by nobody now.
    this.#drop(nodeId, entry);
    this.#options.log.warn({ nodeId, reason }, 'link.gone');
    this.#options.onGone(nodeId, reason);
  }

  #drop(nodeId: string, entry: LinkEntry): void {
    if (this.#entries.get(nodeId) === entry) this.#entries.delete(nodeId);
  }
}
