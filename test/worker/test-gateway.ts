import { dialRpc, type RpcSocket } from '@holdfast/media-server/process/rpc-socket.ts';
import {
  type Handlers,
  type LegReason,
  type MediaSource,
  nodeClientContract,
  nodeContract,
  type ParamsOf,
} from '@holdfast/media-server/protocol/index.ts';

export const clusterToken = 'a cluster token for tests'.replaceAll(' ', '-');

type NodeSocket = RpcSocket<typeof nodeClientContract, typeof nodeContract>;
type OpenRequest = ParamsOf<typeof nodeClientContract, 'handover.open'>;

/** One message that a node sent to the gateway. */
interface Told {
  readonly from: string;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A gateway with its clients in one: opens legs, publishes made-up streams, and switches when told to. */
export class TestGateway {
  readonly told: Told[] = [];
  /** What its clients do when a second leg is opened for them. */
  onHandoverOpen: (from: string, request: OpenRequest) => Promise<void> = (from, request) =>
    this.switchAll(from, request);
  readonly #urls: (nodeId: string) => string;
  readonly #links = new Map<string, NodeSocket>();

  constructor(urls: (nodeId: string) => string) {
    this.#urls = urls;
  }

  async link(nodeId: string): Promise<NodeSocket> {
    const known = this.#links.get(nodeId);
    if (known?.open) return known;
    const link = await dialRpc(this.#urls(nodeId), clusterToken, {
      local: nodeClientContract,
      remote: nodeContract,
      handlers: this.#handlers(nodeId),
      pingMs: 0,
    });
    await link.request('link.hello', { peerId: 'gateway-1', role: 'gateway' });
    this.#links.set(nodeId, link);
    return link;
  }

  /** Cuts the connection to a node, as a killed gateway does. */
  cut(nodeId: string): void {
    this.#links.get(nodeId)?.terminate('cut');
    this.#links.delete(nodeId);
  }

  close(): void {
    for (const nodeId of [...this.#links.keys()]) this.cut(nodeId);
  }

  /** Opens a leg that can receive, and publishes these sources on it. */
  async join(
    nodeId: string,
    meetingId: string,
    epoch: number,
    participantId: string,
    sources: readonly MediaSource[],
    how: { readonly incoming: boolean; readonly reason: LegReason } = { incoming: false, reason: 'join' },
  ) {
    const link = await this.link(nodeId);
    const legId = `${nodeId}:${meetingId}:${participantId}`;
    const opened = await link.request('leg.open', {
      legId,
      meetingId,
      epoch,
      participant: { participantId, displayName: participantId },
      ...how,
    });
    await link.request('leg.ready', { legId, rtpCapabilities: opened.routerRtpCapabilities });
    const producers = new Map<MediaSource, string>();
    for (const source of sources) {
      const { producerId } = await link.request('producer.create', {
        legId,
        transportId: opened.sendTransport.id,
        paused: false,
        ...streamOf(source),
      });
      producers.set(source, producerId);
    }
    return { legId, opened, producers };
  }

  heard(from: string, method: string): Told[] {
    return this.told.filter((told) => told.from === from && told.method === method);
  }

  /** The clients publish on the target and switch every stream, at once. */
  async switchAll(from: string, { meetingId, epoch, target, participants }: OpenRequest): Promise<void> {
    const link = await this.link(from);
    const people = participants.map(({ participantId }) => participantId);
    for (const participantId of people) {
      await this.join(target.nodeId, meetingId, epoch, participantId, ['microphone'], {
        incoming: true,
        reason: 'handover',
      });
      link.notify('handover.progress', { meetingId, epoch, participantId, event: { type: 'published' } });
    }
    for (const participantId of people) {
      for (const sender of people) {
        if (sender === participantId) continue;
        const event = { type: 'switched', from: sender, source: 'microphone' } as const;
        link.notify('handover.progress', { meetingId, epoch, participantId, event });
      }
    }
  }

  #handlers(from: string): Handlers<typeof nodeClientContract> {
    const note = (method: string) => (params: Readonly<Record<string, unknown>>) => {
      this.told.push({ from, method, params });
    };
    const done = (method: string) => (params: Readonly<Record<string, unknown>>) => {
      note(method)(params);
      return {};
    };
    return {
      'consumer.new': note('consumer.new'),
      'consumer.closed': note('consumer.closed'),
      'consumer.paused': note('consumer.paused'),
      'consumer.resumed': note('consumer.resumed'),
      'participant.joined': note('participant.joined'),
      'participant.left': note('participant.left'),
      'leg.lost': note('leg.lost'),
      'meeting.lost': note('meeting.lost'),
      'handover.open': (request) => {
        note('handover.open')(request);
        void this.onHandoverOpen(from, request).catch((error: unknown) => note('failed')({ error }));
        return { opened: request.participants.map(({ participantId }) => participantId), failed: [] };
      },
      'handover.commit': done('handover.commit'),
      'handover.abort': done('handover.abort'),
    };
  }
}

let nextSsrc = 10_000;

/** RTP parameters as a browser would send them, of a stream that never sends a packet. */
function streamOf(source: MediaSource) {
  nextSsrc += 10;
  const audio = source === 'microphone' || source === 'screen-audio';
  return {
    source,
    kind: audio ? ('audio' as const) : ('video' as const),
    rtpParameters: {
      mid: String(nextSsrc),
      codecs: [
        audio
          ? {
              mimeType: 'audio/opus',
              payloadType: 111,
              clockRate: 48_000,
              channels: 2,
              parameters: {},
              rtcpFeedback: [],
            }
          : {
              mimeType: 'video/VP8',
              payloadType: 96,
              clockRate: 90_000,
              parameters: {},
              rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
            },
      ],
      headerExtensions: [],
      encodings: [{ ssrc: nextSsrc }],
      rtcp: { cname: String(nextSsrc) },
    },
  };
}
