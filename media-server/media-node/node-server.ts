import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { ClusterSecrets, MediaNodeConfig } from '../config/index.ts';
import { hasBearer } from '../process/bearer.ts';
import type { Logger } from '../process/logger.ts';
import { MAX_INTERNAL_MESSAGE_BYTES, RpcSocket } from '../process/rpc-socket.ts';
import { pathOf, refuseUpgrade } from '../process/upgrade.ts';
import {
  type Handlers,
  HoldfastError,
  type LegSnapshot,
  NODE_ID_HEADER,
  nodeClientContract,
  nodeContract,
  rtpCapabilities as rtpCapabilitiesOnWire,
} from '../protocol/index.ts';
import type { Drain } from './drain.ts';
import type { Leg } from './leg.ts';
import type { Link, LinkSocket } from './link.ts';
import type { Meeting } from './meeting.ts';
import type { MeetingStore } from './meeting-store.ts';

export interface NodeServerOptions {
  readonly nodeId: string;
  readonly rpc: MediaNodeConfig['rpc'];
  readonly secrets: ClusterSecrets;
  readonly meetings: MeetingStore;
  readonly drain: Drain;
  readonly ready: () => boolean;
  readonly metrics: () => Promise<{ contentType: string; body: string }>;
  readonly log: Logger;
}

/** Pings on each link, so that a dead gateway's legs begin to wait soon. */
const PING_MS = 2000;

/** The node's one listener: `/rpc` for gateways and other nodes, and the probes. */
export class NodeServer {
  readonly #options: NodeServerOptions;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #links = new Set<LinkSocket>();

  constructor(options: NodeServerOptions) {
    this.#options = options;
    this.#http = createServer((request, response) => {
      this.#probe(request, response).catch((error: unknown) => {
        options.log.error({ err: error, url: request.url }, 'probe.failed');
        response.writeHead(500).end();
      });
    });
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_INTERNAL_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    this.#http.on('upgrade', (request, socket, head) => {
      if (pathOf(request) !== '/rpc') return refuseUpgrade(socket, '404 Not Found');
      if (!hasBearer(request.headers.authorization, options.secrets.HOLDFAST_CLUSTER_TOKEN)) {
        return refuseUpgrade(socket, '401 Unauthorized');
      }
      this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#serve(ws));
    });
    options.meetings.on('lost', (meeting, links) => {
      const told = new Set(links);
      // The node that is moving it here takes another target at once.
      const source = this.#preparedBy.get(meeting);
      if (source) told.add(source);
      this.#preparedBy.delete(meeting);
      for (const link of told) link.notify('meeting.lost', { meetingId: meeting.id, epoch: meeting.epoch });
    });
  }

  /** @returns the port it listens on. Rejects with EADDRINUSE when it is taken. */
  async listen(): Promise<number> {
    this.#http.listen(this.#options.rpc.port, this.#options.rpc.host);
    await once(this.#http, 'listening');
    return (this.#http.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.terminate('the node stops');
    this.#sockets.close();
    this.#http.closeAllConnections();
    if (this.#http.listening) await new Promise((resolve) => this.#http.close(resolve));
  }

  async #probe(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, body: string, contentType = 'text/plain') => {
      response.writeHead(status, { 'content-type': contentType, [NODE_ID_HEADER]: this.#options.nodeId });
      response.end(body);
    };
    switch (pathOf(request)) {
      case '/healthz':
        return answer(200, 'ok\n');
      case '/readyz':
        return this.#options.ready() ? answer(200, 'ready\n') : answer(503, 'not registered yet\n');
      case '/metrics': {
        const { contentType, body } = await this.#options.metrics();
        return answer(200, body, contentType);
      }
      default:
        return answer(404, 'there is /healthz, /readyz, /metrics and the WebSocket /rpc\n');
    }
  }

  #serve(ws: ConstructorParameters<typeof RpcSocket>[0]): void {
    const { log } = this.#options;
    let link: Link | undefined;
    const handlers = this.#handlers(() => {
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
        'link.hello': ({ peerId, role }) => {
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
          return { nodeId: this.#options.nodeId };
        },
      },
    });
    this.#links.add(socket);
    void socket.closed.then((reason) => {
      this.#links.delete(socket);
      if (!link) return;
      log.info({ peer: link.peerId, reason }, 'link.closed');
      this.#options.meetings.detachAll(link);
      if (link.role === 'node') this.#sourceGone(link);
    });
  }

  readonly #preparedBy = new Map<Meeting, Link>();

  #sourceGone(link: Link): void {
    for (const [meeting, source] of this.#preparedBy) {
      if (source !== link) continue;
      this.#preparedBy.delete(meeting);
      this.#options.meetings.sourceGone(meeting);
    }
  }

  #handlers(caller: () => Link): Omit<Handlers<typeof nodeContract>, 'link.hello'> {
    const { meetings, drain, nodeId } = this.#options;
    const mayCreate = () => {
      if (!drain.accepting) throw new HoldfastError('NODE_DRAINING', `node ${nodeId} takes no new meetings`);
    };
    /** The leg, if this connection speaks for it. */
    const mine = (legId: string): { leg: Leg; meeting: Meeting } => {
      const found = meetings.findLeg(legId);
      if (found.leg.link !== caller()) {
        throw new HoldfastError(
          'FORBIDDEN',
          `leg ${legId} is spoken for by another connection; attach it first`,
        );
      }
      return found;
    };
    const legIfMine = (legId: string) => {
      try {
        return mine(legId);
      } catch {
        // Reports about a leg that has just gone are of no use to anybody.
        return undefined;
      }
    };

    return {
      'meeting.prepare': async ({ meetingId, epoch }) => {
        const link = caller();
        const meeting = await meetings.open(meetingId, epoch, 'incoming', mayCreate);
        // A newcomer whom the directory sent here may have been quicker than the source.
        meeting.setRole('incoming');
        this.#preparedBy.set(meeting, link);
        // The source may have died meanwhile; its end has then found nothing to look after.
        if (!link.open) this.#sourceGone(link);
        return {};
      },
      'meeting.abandon': ({ meetingId, epoch }) => {
        const meeting = meetings.get(meetingId);
        if (meeting?.epoch === epoch && meeting.role === 'incoming') {
          this.#preparedBy.delete(meeting);
          meetings.close(meeting, 'abandoned');
        }
        return {};
      },
      'meeting.adopt': ({ meetingId, epoch }) => {
        const meeting = meetings.get(meetingId);
        if (meeting?.epoch !== epoch)
          throw new HoldfastError('EPOCH_STALE', `${meetingId} is not here at epoch ${epoch}`);
        this.#preparedBy.delete(meeting);
        meeting.setRole('home');
        return {};
      },
      'leg.open': async ({ legId, meetingId, epoch, participant, incoming, initialOutgoingBitrateBps }) => {
        const meeting = await meetings.open(meetingId, epoch, incoming ? 'incoming' : 'home', mayCreate);
        const link = caller();
        const leg = await meeting.openLeg({ legId, participant, link, initialOutgoingBitrateBps });
        // The gateway may have gone meanwhile; its end has then not found this leg.
        if (!link.open) meetings.detachAll(link);
        return {
          routerRtpCapabilities: rtpCapabilitiesOnWire.parse(meeting.router.rtpCapabilities),
          ...leg.transportParameters(),
          participants: othersThan(leg, meeting),
        };
      },
      'leg.attach': ({ legId, meetingId, participantId }) =>
        snapshot(nodeId, meetings.attach({ legId, meetingId, participantId }, caller())),
      'leg.close': ({ legId }) => {
        const found = legIfMine(legId);
        found?.meeting.closeLeg(legId);
        return {};
      },
      'handover.progress': (params) => drain.progress(params),

      'leg.ready': async ({ legId, rtpCapabilities }) => {
        const { leg, meeting } = mine(legId);
        leg.setRtpCapabilities(rtpCapabilities);
        await meeting.offerAllTo(leg);
        return {};
      },
      'transport.connect': async ({ legId, transportId, dtlsParameters }) => {
        await mine(legId).leg.connect(transportId, dtlsParameters);
        return {};
      },
      'transport.restartIce': async ({ legId, transportId }) => ({
        iceParameters: await mine(legId).leg.restartIce(transportId),
      }),
      'producer.create': async ({ legId, ...request }) => {
        const { leg, meeting } = mine(legId);
        const { producer } = await meeting.publish(leg, request);
        return { producerId: producer.id };
      },
      'producer.pause': async ({ legId, producerId }) => {
        const { leg, meeting } = mine(legId);
        await meeting.setPaused(leg, producerId, true);
        return {};
      },
      'producer.resume': async ({ legId, producerId }) => {
        const { leg, meeting } = mine(legId);
        await meeting.setPaused(leg, producerId, false);
        return {};
      },
      'producer.close': ({ legId, producerId }) => {
        const { leg, meeting } = mine(legId);
        meeting.unpublish(leg, producerId);
        return {};
      },
      'consumer.ready': async ({ legId, consumerId }) => {
        await mine(legId).leg.consumerReady(consumerId);
        return {};
      },
      'consumer.pause': async ({ legId, consumerId }) => {
        await mine(legId).leg.pauseConsumer(consumerId);
        return {};
      },
      'consumer.resume': async ({ legId, consumerId }) => {
        await mine(legId).leg.resumeConsumer(consumerId);
        return {};
      },
      'consumer.setPreferredLayers': async ({ legId, consumerId, spatialLayer, temporalLayer }) => {
        const layers = temporalLayer === undefined ? { spatialLayer } : { spatialLayer, temporalLayer };
        await mine(legId).leg.setPreferredLayers(consumerId, layers);
        return {};
      },
      'consumer.stalled': async ({ legId, consumerId }) => legIfMine(legId)?.leg.consumerStalled(consumerId),
    };
  }
}

const othersThan = (leg: Leg, meeting: Meeting) =>
  meeting.participants.filter((other) => other.participantId !== leg.participant.participantId);

function snapshot(nodeId: string, { leg, meeting }: { leg: Leg; meeting: Meeting }): LegSnapshot {
  return {
    legId: leg.id,
    nodeId,
    epoch: meeting.epoch,
    participants: othersThan(leg, meeting),
    producers: [...leg.published.values()].map(({ producer, source }) => ({
      producerId: producer.id,
      source,
      paused: producer.paused,
    })),
    consumers: leg.offers(),
  };
}
