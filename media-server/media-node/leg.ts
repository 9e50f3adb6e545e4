import type {
  Consumer,
  DtlsParameters,
  Producer,
  Router,
  RtpCapabilities,
  RtpParameters,
  WebRtcServer,
  WebRtcTransport,
} from 'mediasoup/types';
import {
  type ConsumerNew,
  HoldfastError,
  kindOfSource,
  kindOfStream,
  type MediaSource,
  type ParticipantInfo,
  rtpParameters as rtpParametersOnWire,
  type TransportParameters,
} from '../protocol/index.ts';
import { KEY_FRAME_REQUEST_DELAY_MS } from './codecs.ts';
import type { Link } from './link.ts';

export interface PublishedSource {
  readonly producer: Producer;
  readonly source: MediaSource;
}

interface ReceivedStream {
  readonly consumer: Consumer;
  readonly source: MediaSource;
  readonly from: string;
  /** The client has made its side. Until then nothing is sent. */
  ready: boolean;
  /** The client does not want it for now. */
  pausedByClient: boolean;
  preferred: { spatialLayer: number; temporalLayer?: number };
  restoreLayers?: NodeJS.Timeout;
}

/** The topmost layer there can be; mediasoup takes the nearest that exists. */
const HIGHEST_LAYERS = { spatialLayer: 3, temporalLayer: 3 };
/** After a stall: the layer that is surely alive, and for how long. */
const STALL_LAYERS = { spatialLayer: 0, temporalLayer: 1 };
const STALL_RESTORE_MS = 4000;
/** Start of the bandwidth estimate when nothing is known; mediasoup's own 600 kbit/s begins in the low layer. */
const DEFAULT_INITIAL_BITRATE_BPS = 1_500_000;
const MIN_INITIAL_BITRATE_BPS = 600_000;
/** The node drops a client that has been silent this long, s. Legs end by signalling long before. */
const ICE_CONSENT_TIMEOUT_S = 30;

export interface LegOptions {
  readonly id: string;
  readonly participant: ParticipantInfo;
  readonly router: Router;
  readonly webRtcServer: WebRtcServer;
  readonly initialOutgoingBitrateBps: number | undefined;
}

/** One participant's transports on this node, with what it publishes and what it receives. */
export class Leg {
  readonly id: string;
  readonly participant: ParticipantInfo;
  readonly sendTransport: WebRtcTransport;
  readonly recvTransport: WebRtcTransport;
  readonly published = new Map<string, PublishedSource>();
  readonly #connected = new Set<string>();
  readonly #received = new Map<string, ReceivedStream>();
  /** Producers for which a consumer exists or is being made. */
  readonly #wanted = new Set<string>();
  #rtpCapabilities: RtpCapabilities | undefined;
  #link: Link | undefined;
  #broken = false;
  #closed = false;

  private constructor(options: LegOptions, sendTransport: WebRtcTransport, recvTransport: WebRtcTransport) {
    this.id = options.id;
    this.participant = options.participant;
    this.sendTransport = sendTransport;
    this.recvTransport = recvTransport;
    for (const transport of [sendTransport, recvTransport]) {
      transport.on('dtlsstatechange', (state) => {
        // Not by our own closing. Nothing that is sent on it arrives any more, and ICE would say so only much later.
        if ((state === 'closed' || state === 'failed') && !this.#closed) {
          this.#broken = true;
          this.#link?.notify('leg.lost', { legId: this.id });
        }
      });
    }
  }

  static async open(options: LegOptions): Promise<Leg> {
    const create = () =>
      options.router.createWebRtcTransport({
        webRtcServer: options.webRtcServer,
        enableUdp: true,
        enableTcp: true,
        preferUdp: true,
        iceConsentTimeout: ICE_CONSENT_TIMEOUT_S,
        initialAvailableOutgoingBitrate: Math.max(
          MIN_INITIAL_BITRATE_BPS,
          Math.round(options.initialOutgoingBitrateBps ?? DEFAULT_INITIAL_BITRATE_BPS),
        ),
      });
    const [send, recv] = await Promise.all([create(), create()]);
    return new Leg(options, send, recv);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The connection that speaks for this leg; undefined while its gateway is gone. */
  get link(): Link | undefined {
    return this.#link;
  }

  attach(link: Link): void {
    this.#link = link;
    // It may have broken while nobody was there to hear of it.
    if (this.#broken) link.notify('leg.lost', { legId: this.id });
  }

  detach(): void {
    this.#link = undefined;
  }

  get ready(): boolean {
    return this.#rtpCapabilities !== undefined;
  }

  get consumerCount(): number {
    return this.#received.size;
  }

  get consumers(): Consumer[] {
    return [...this.#received.values()].map((stream) => stream.consumer);
  }

  setRtpCapabilities(capabilities: RtpCapabilities): void {
    this.#rtpCapabilities = capabilities;
  }

  /** Once for each transport; a client whose connection broke before the answer came asks again. */
  async connect(transportId: string, dtlsParameters: DtlsParameters): Promise<void> {
    const transport = this.#transport(transportId);
    if (this.#connected.has(transportId)) return;
    this.#connected.add(transportId);
    try {
      await transport.connect({ dtlsParameters });
    } catch (error) {
      this.#connected.delete(transportId);
      throw error;
    }
  }

  restartIce(transportId: string) {
    return this.#transport(transportId).restartIce();
  }

  async publish(request: {
    transportId: string;
    source: MediaSource;
    kind: 'audio' | 'video';
    rtpParameters: RtpParameters;
    paused: boolean;
  }): Promise<PublishedSource> {
    const { kind } = request;
    if (kindOfSource[request.source] !== kind || kindOfStream(request.rtpParameters) !== kind) {
      throw new HoldfastError('BAD_REQUEST', `${request.source} with these codecs is not ${kind}`);
    }
    if (request.transportId !== this.sendTransport.id) {
      throw new HoldfastError('TRANSPORT_UNKNOWN', 'producers belong on the send transport');
    }
    // One producer a source: a second one replaces the first.
    for (const [id, before] of this.published) if (before.source === request.source) this.unpublish(id);
    const producer = await this.sendTransport.produce({
      kind,
      // The others see the cname in their SDP. Without one of the sender's, mediasoup makes one for all of this transport.
      rtpParameters: { ...request.rtpParameters, rtcp: { reducedSize: true } },
      paused: request.paused,
      keyFrameRequestDelay: KEY_FRAME_REQUEST_DELAY_MS,
    });
    const published = { producer, source: request.source };
    this.published.set(producer.id, published);
    return published;
  }

  unpublish(producerId: string): void {
    this.producer(producerId).producer.close();
    this.published.delete(producerId);
  }

  producer(producerId: string): PublishedSource {
    const published = this.published.get(producerId);
    if (!published) throw new HoldfastError('PRODUCER_UNKNOWN', `this leg has no producer ${producerId}`);
    return published;
  }

  /** Makes a consumer for another participant's producer and offers it to the client; once for each producer. */
  async receive(from: ParticipantInfo, published: PublishedSource): Promise<void> {
    const { producer, source } = published;
    const rtpCapabilities = this.#rtpCapabilities;
    if (!rtpCapabilities || this.#wanted.has(producer.id) || producer.closed) return;
    this.#wanted.add(producer.id);
    let consumer: Consumer;
    try {
      consumer = await this.recvTransport.consume({ producerId: producer.id, rtpCapabilities, paused: true });
    } catch (error) {
      this.#wanted.delete(producer.id);
      // The producer or this leg went away in the meantime: nothing is missing.
      if (producer.closed || this.#closed) return;
      throw error;
    }
    const stream: ReceivedStream = {
      consumer,
      source,
      from: from.participantId,
      ready: false,
      pausedByClient: false,
      preferred: HIGHEST_LAYERS,
    };
    this.#received.set(consumer.id, stream);
    const ref = { legId: this.id, consumerId: consumer.id };
    consumer.on('producerpause', () => this.#link?.notify('consumer.paused', ref));
    consumer.on('producerresume', () => this.#link?.notify('consumer.resumed', ref));
    consumer.on('producerclose', () => {
      this.#forget(consumer.id);
      this.#link?.notify('consumer.closed', ref);
    });
    this.#link?.notify('consumer.new', this.#describe(stream));
  }

  /** Everything the client should have; it brings itself in line with it after a lost connection. */
  offers(): ConsumerNew[] {
    return [...this.#received.values()].map((stream) => this.#describe(stream));
  }

  async consumerReady(consumerId: string): Promise<void> {
    const stream = this.#stream(consumerId);
    stream.ready = true;
    if (!stream.pausedByClient) await stream.consumer.resume();
  }

  async pauseConsumer(consumerId: string): Promise<void> {
    const stream = this.#stream(consumerId);
    stream.pausedByClient = true;
    await stream.consumer.pause();
  }

  async resumeConsumer(consumerId: string): Promise<void> {
    const stream = this.#stream(consumerId);
    stream.pausedByClient = false;
    if (stream.ready) await stream.consumer.resume();
  }

  async setPreferredLayers(
    consumerId: string,
    layers: { spatialLayer: number; temporalLayer?: number },
  ): Promise<void> {
    const stream = this.#stream(consumerId);
    if (stream.consumer.type !== 'simulcast') return;
    stream.preferred = layers;
    if (!stream.restoreLayers) await stream.consumer.setPreferredLayers(layers);
  }

  /**
   * The client sees nothing although it should: its target layer may be dead (a collapsed bandwidth estimate switches
   * the top layer off, and mediasoup notices only after 1.5 s). Goes down to the lowest layer for a while.
   */
  async consumerStalled(consumerId: string): Promise<void> {
    const stream = this.#received.get(consumerId);
    if (stream?.consumer.type !== 'simulcast' || stream.restoreLayers) return;
    stream.restoreLayers = setTimeout(() => {
      delete stream.restoreLayers;
      // The leg may be closing at this moment; the layers then no longer matter.
      stream.consumer.setPreferredLayers(stream.preferred).catch(() => {});
    }, STALL_RESTORE_MS);
    await stream.consumer.setPreferredLayers(STALL_LAYERS);
  }

  /** The estimate of what this participant can receive, bit/s; undefined when there is none. */
  async availableOutgoingBitrateBps(): Promise<number | undefined> {
    const [stats] = await this.recvTransport.getStats();
    return stats && 'availableOutgoingBitrate' in stats ? stats.availableOutgoingBitrate : undefined;
  }

  transportParameters(): { sendTransport: TransportParameters; recvTransport: TransportParameters } {
    const describe = ({ id, iceParameters, iceCandidates, dtlsParameters }: WebRtcTransport) => ({
      id,
      iceParameters,
      iceCandidates,
      dtlsParameters,
    });
    return { sendTransport: describe(this.sendTransport), recvTransport: describe(this.recvTransport) };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const id of this.#received.keys()) this.#forget(id);
    this.published.clear();
    this.sendTransport.close();
    this.recvTransport.close();
    this.#link = undefined;
  }

  #forget(consumerId: string): void {
    const stream = this.#received.get(consumerId);
    if (!stream) return;
    clearTimeout(stream.restoreLayers);
    this.#received.delete(consumerId);
    this.#wanted.delete(stream.consumer.producerId);
  }

  #describe(stream: ReceivedStream): ConsumerNew {
    const { consumer } = stream;
    return {
      legId: this.id,
      consumerId: consumer.id,
      producerId: consumer.producerId,
      participantId: stream.from,
      source: stream.source,
      kind: consumer.kind,
      rtpParameters: rtpParametersOnWire.parse(consumer.rtpParameters),
      producerPaused: consumer.producerPaused,
    };
  }

  #stream(consumerId: string): ReceivedStream {
    const stream = this.#received.get(consumerId);
    if (!stream) throw new HoldfastError('CONSUMER_UNKNOWN', `this leg has no consumer ${consumerId}`);
    return stream;
  }

  #transport(transportId: string): WebRtcTransport {
    if (transportId === this.sendTransport.id) return this.sendTransport;
    if (transportId === this.recvTransport.id) return this.recvTransport;
    throw new HoldfastError('TRANSPORT_UNKNOWN', `this leg has no transport ${transportId}`);
  }
}
