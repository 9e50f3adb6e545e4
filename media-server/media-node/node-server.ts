import { WebSocketServer } from 'ws';
import type { ClusterSecrets, MediaNodeConfig } from '../config/index.ts';
import { hasBearer } from '../process/bearer.ts';
import type { Logger } from '../process/logger.ts';
import { ProbeServer, type ProbeServerOptions } from '../process/probe-server.ts';
import { MAX_INTERNAL_MESSAGE_BYTES, RpcSocket } from '../process/rpc-socket.ts';
import { pathOf, refuseUpgrade } from '../process/upgrade.ts';
import {
  commonVersion,
  HoldfastError,
  INTERNAL_VERSION,
  nodeClientContract,
  nodeContract,
} from '../protocol/index.ts';
import type { Link, LinkSocket } from './link.ts';
import { type NodeHandlersOptions, nodeHandlers } from './node-handlers.ts';

export interface NodeServerOptions
  extends NodeHandlersOptions,
    Pick<ProbeServerOptions, 'readiness' | 'metrics'> {
  readonly rpc: MediaNodeConfig['rpc'];
  readonly secrets: ClusterSecrets;
  readonly log: Logger;
}

/** Pings on each link, so that a dead gateway's legs begin to wait soon. */
const PING_MS = 2000;

/** The node's one listener: `/rpc` for gateways and other nodes, and the probes. */
export class NodeServer {
  readonly #options: NodeServerOptions;
  readonly #probes: ProbeServer;
  readonly #sockets: WebSocketServer;
  readonly #links = new Set<LinkSocket>();

  constructor(options: NodeServerOptions) {
    this.#options = options;
    const { nodeId, readiness, metrics, log } = options;
    this.#probes = new ProbeServer({
      nodeId,
      role: 'media',
      readiness,
      metrics,
      log,
      alsoServes: 'the WebSocket /rpc',
    });
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_INTERNAL_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    this.#probes.http.on('upgrade', (request, socket, head) => {
      if (pathOf(request) !== '/rpc') return refuseUpgrade(socket, '404 Not Found');
      if (!hasBearer(request.headers.authorization, options.secrets.HOLDFAST_CLUSTER_TOKEN)) {
        return refuseUpgrade(socket, '401 Unauthorized');
      }
      this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#serve(ws));
    });
    options.meetings.on('lost', (meeting, links) => {
      for (const link of links) link.notify('meeting.lost', { meetingId: meeting.id, epoch: meeting.epoch });
    });
  }

  /** @returns the port it listens on. Rejects with EADDRINUSE when it is taken. */
  listen(): Promise<number> {
    return this.#probes.listen(this.#options.rpc);
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.terminate('the node stops');
    this.#sockets.close();
    await this.#probes.close();
  }

  #serve(ws: ConstructorParameters<typeof RpcSocket>[0]): void {
    const { log } = this.#options;
    let link: Link | undefined;
    const handlers = nodeHandlers(this.#options, () => {
      if (!link) throw new HoldfastError('BAD_REQUEST', 'the first request must be link.hello');
      return link;
    });
    const socket: LinkSocket = new RpcSocket(ws, {
      local: nodeContract,
      remote: nodeClientContract,
      pingMs: PING_MS,
      timeoutMs: 5000,
      onError: (error, context) => log.warn({ err: error, ...context, peer: link?.peerId }, 'link.error'),
      handlers: {
        ...handlers,
        'link.hello': ({ peerId, role, protocol }) => {
          // The legs that it speaks for are known by the first one.
          if (link) throw new HoldfastError('CONFLICT', `this connection is known as ${link.peerId} already`);
          commonVersion(protocol);
          link = {
            peerId,
            role,
            request: (method, params, options) => socket.request(method, params, options),
            notify: (method, params) => socket.notify(method, params),
            get open() {
              return socket.open;
            },
          };
          log.info({ peer: peerId, peerRole: role }, 'link.opened');
          return { nodeId: this.#options.nodeId, protocol: INTERNAL_VERSION };
        },
      },
    });
    this.#links.add(socket);
    void socket.closed.then((reason) => {
      this.#links.delete(socket);
      if (!link) return;
      log.info({ peer: link.peerId, reason }, 'link.closed');
      this.#options.meetings.linkGone(link);
    });
  }
}
