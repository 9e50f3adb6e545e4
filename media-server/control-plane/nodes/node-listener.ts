import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ControlPlaneConfig } from '../../config/index.ts';
import { hasBearer } from '../../process/bearer.ts';
import type { Logger } from '../../process/logger.ts';
import { MAX_INTERNAL_MESSAGE_BYTES, RpcSocket } from '../../process/rpc-socket.ts';
import { pathOf, refuseUpgrade } from '../../process/upgrade.ts';
import {
  type Agreement,
  commonVersion,
  type Handlers,
  HoldfastError,
  INTERNAL_VERSION,
  type ParamsOf,
  registryClientContract,
  registryContract,
} from '../../protocol/index.ts';
import type { Placer } from '../capacity/placer.ts';
import type { Claims } from '../directory/claims.ts';
import type { Directory } from '../directory/directory.ts';
import type { Moves } from '../directory/moves.ts';
import type { Registry } from './registry.ts';

/** A path of the private listener, besides the nodes' own. */
export interface Door {
  readonly token: string;
  readonly serve: (socket: WebSocket) => void;
}

export interface NodeListenerOptions {
  readonly listen: ControlPlaneConfig['internal'];
  readonly clusterToken: string;
  /** What each machine is told when it registers. */
  readonly agreement: Agreement;
  readonly registry: Registry;
  readonly claims: Claims;
  readonly directory: Directory;
  readonly placer: Placer;
  readonly moves: Moves;
  /** Another way in for another role, with a secret of its own. */
  readonly doors?: Readonly<Record<string, Door>>;
  /** What `/metrics` answers: on this listener, which only the private network reaches. */
  readonly metrics: () => Promise<{ contentType: string; body: string }>;
  readonly log: Logger;
}

export type NodeConnection = RpcSocket<typeof registryContract, typeof registryClientContract>;
type Registration = ParamsOf<typeof registryContract, 'node.register'>;

/** Pings between heartbeats would add nothing; these only end connections whose machine has vanished. */
const PING_MS = 5000;

/** The private listener: media nodes dial `/internal/nodes`, register, and report; other roles have doors of their own. */
export class NodeListener {
  readonly #options: NodeListenerOptions;
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_INTERNAL_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  readonly #nodes = new Map<string, NodeConnection>();

  constructor(options: NodeListenerOptions) {
    this.#options = options;
    const nodes: Door = { token: options.clusterToken, serve: (ws) => this.#serve(ws) };
    const doors = new Map(Object.entries({ ...options.doors, '/internal/nodes': nodes }));
    this.#http = createServer((request, response) => {
      this.#probe(request, response).catch((error: unknown) => {
        options.log.error({ err: error }, 'metrics.failed');
        response.writeHead(500).end();
      });
    });
    this.#http.on('upgrade', (request, socket, head) => {
      const path = pathOf(request);
      const door = doors.get(path);
      if (!door) return refuseUpgrade(socket, '404 Not Found');
      if (!hasBearer(request.headers.authorization, door.token)) {
        options.log.warn({ from: request.socket.remoteAddress, path }, 'node.unauthenticated');
        return refuseUpgrade(socket, '401 Unauthorized');
      }
      this.#sockets.handleUpgrade(request, socket, head, (ws) => door.serve(ws));
    });
    // A lost node that lives must dial anew, so that it hears what was decided without it.
    options.registry.on('lost', (nodeId) => this.#nodes.get(nodeId)?.terminate('no heartbeat'));
  }

  /** @returns the port it listens on. Rejects with EADDRINUSE when it is taken. */
  async listen(): Promise<number> {
    const { host, port } = this.#options.listen;
    this.#http.listen(port, host);
    await once(this.#http, 'listening');
    const address = this.#http.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** The connection of a node that is registered here. */
  connection(nodeId: string): NodeConnection | undefined {
    return this.#nodes.get(nodeId);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#http.closeAllConnections();
    if (this.#http.listening) await new Promise((resolve) => this.#http.close(resolve));
  }

  async #probe(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (pathOf(request) === '/metrics') {
      const { contentType, body } = await this.#options.metrics();
      response.writeHead(200, { 'content-type': contentType }).end(body);
      return;
    }
    response.writeHead(404, { 'content-type': 'text/plain' });
    response.end('there is /metrics, and WebSockets for nodes and the autoscaler\n');
  }

  #serve(ws: WebSocket): void {
    const { log } = this.#options;
    let registration: Registration | undefined;
    const socket: NodeConnection = new RpcSocket(ws, {
      local: registryContract,
      remote: registryClientContract,
      handlers: this.#handlers({
        registered: (nodeId) => {
          if (registration?.nodeId === nodeId && this.#nodes.get(nodeId) === socket) return registration;
          throw new HoldfastError('NODE_UNKNOWN', `node ${nodeId} is not registered on this connection`);
        },
        register: (params) => {
          registration = params;
          const before = this.#nodes.get(params.nodeId);
          this.#nodes.set(params.nodeId, socket);
          if (before && before !== socket) before.terminate('the node has a newer connection');
        },
        leave: () => {
          if (registration && this.#nodes.get(registration.nodeId) === socket)
            this.#nodes.delete(registration.nodeId);
        },
      }),
      pingMs: PING_MS,
      onError: (error, context) =>
        log.warn({ err: error, ...context, nodeId: registration?.nodeId }, 'node.error'),
    });
    void socket.closed.then((reason) => {
      if (!registration || this.#nodes.get(registration.nodeId) !== socket) return;
      this.#nodes.delete(registration.nodeId);
      // Not lost yet: it may only have lost this connection. Missing heartbeats decide.
      log.warn({ nodeId: registration.nodeId, reason }, 'node.disconnected');
      this.#options.registry.disconnected(registration.nodeId);
    });
  }

  #handlers(connection: {
    registered: (nodeId: string) => Registration;
    register: (params: Registration) => void;
    leave: () => void;
  }): Handlers<typeof registryContract> {
    const { registry, claims, directory, placer, moves, agreement } = this.#options;
    return {
      'node.register': async (params) => {
        commonVersion(params.protocol);
        connection.register(params);
        registry.trust(params.nodeId);
        claims.forget(params.nodeId);
        await registry.report(params);
        await claims.mergeFrom(params.nodeId);
        const verdict = await claims.verdict(params.nodeId, params.meetings);
        return { ...agreement, protocol: INTERNAL_VERSION, ...verdict };
      },
      'node.heartbeat': async ({ nodeId, ...news }) => {
        await registry.report({ ...connection.registered(nodeId), ...news });
        await claims.mergeFrom(nodeId);
        return claims.verdict(nodeId, news.meetings);
      },
      'node.leaving': async ({ nodeId }) => {
        connection.registered(nodeId);
        connection.leave();
        claims.forget(nodeId);
        await registry.leave(nodeId);
      },
      'meeting.ended': async ({ meetingId, epoch, nodeId }) => {
        connection.registered(nodeId);
        // One that begins anew there within a heartbeat claims the same as before, and must be looked at all the same.
        claims.forget(nodeId);
        await directory.end(meetingId, { nodeId, epoch });
        if (!(await directory.get(meetingId))) await placer.end(meetingId);
        return {};
      },
      'move.reserve': (params) => {
        connection.registered(params.nodeId);
        return moves.reserve(params);
      },
      'move.commit': async (params) => {
        connection.registered(params.nodeId);
        await moves.commit(params);
        return {};
      },
      'move.status': (params) => {
        connection.registered(params.nodeId);
        return moves.status(params);
      },
      'move.abort': async (params) => {
        connection.registered(params.nodeId);
        await moves.abort(params);
        return {};
      },
    };
  }
}
