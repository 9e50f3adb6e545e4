import type {
  DtlsParameters,
  Router,
  RtpCapabilities,
  RtpParameters,
  WebRtcTransport,
} from 'mediasoup/types';
import type { Clock } from '../process/clock.ts';
import {
  HoldfastError,
  kindOfSource,
  kindOfStream,
  type MediaSource,
  type ParticipantInfo,
  type TransportParameters,
} from '../protocol/index.ts';
import { LEG_LIMIT_BPS } from './bitrate-police.ts';
import { KEY_FRAME_REQUEST_DELAY_MS } from './codecs.ts';
import {
  type LegEvent,
  type LegLife,
  mediaFlows,
  newLegLife,
  nextLegLife,
  type PathName,
  type PathState,
} from './leg-life.ts';
import type { Link } from './link.ts';
import type { MediaWorker } from './media-worker.ts';
import type { PublishedSource } from './published-source.ts';
import { MOST_CONSUMERS, Reception } from './reception.ts';
import { SerialQueue } from './serial-queue.ts';
import type { WorkerChannel } from './worker-channel.ts';

/** Start of the bandwidth estimate when nothing is known; mediasoup's own 600 kbit/s begins in the low layer. */
const DEFAULT_INITIAL_BITRATE_BPS = 1_500_000;
const MIN_INITIAL_BITRATE_BPS = 600_000;
/** ICE counts as gone after this long without a check from the client, s: mediasoup's least. Browsers check every 2.5 s. */
const ICE_CONSENT_TIMEOUT_S = 10;
/** A client that has just come answers for all streams of a meeting at once. */
const MOST_WAITING = MOST_CONSUMERS + 32;

export interface LegOptions {
  readonly id: string;
  readonly participant: ParticipantInfo;
  readonly router: Router;
  readonly worker: Pick<MediaWorker, 'webRtcServer' | 'channel'>;
  readonly initialOutgoingBitrateBps: number | undefined;
  readonly clock: Clock;
  /** Time that the node has lived through, ms. */
  readonly awakeMs: () => number;
  /** Its media began or ceased to flow, or it broke. */
  readonly onLife: (leg: Leg) => void;
}

/** One participant's transports on this node, with what it publishes and what it receives. */
export class Leg {
  readonly id: string;
  readonly participant: ParticipantInfo;
  readonly sendTransport: WebRtcTransport;
  readonly recvTransport: WebRtcTransport;
  readonly published = new Map<string, PublishedSource>();
  readonly reception: Reception;
  readonly #options: LegOptions;
  readonly #channel: WorkerChannel;
  readonly #queue = new SerialQueue(MOST_WAITING);
  readonly #connected = new Set<string>();
  #life: LegLife;
  #link: Link | undefined;
  #closed = false;

  private constructor(options: LegOptions, sendTransport: WebRtcTransport, recvTransport: WebRtcTransport) {
    this.id = options.id;
    this.participant = options.participant;
    this.sendTransport = sendTransport;
    this.recvTransport = recvTransport;
    this.#options = options;
    this.#channel = options.worker.channel;
    this.#life = newLegLife(options.awakeMs());
    this.reception = new Reception({
      legId: options.id,
      transport: recvTransport,
      channel: this.#channel,
      clock: options.clock,
      link: () => this.#link,
      onOffered: () => this.#take({ type: 'wanted' }),
    });
    this.#watch('send', sendTransport);
    this.#watch('recv', recvTransport);
  }

  static async open(options: LegOptions): Promise<Leg> {
    const { channel, webRtcServer } = options.worker;
    const create = () =>
      channel.call(
        () =>
          options.router.createWebRtcTransport({
            webRtcServer,
            enableUdp: true,
            enableTcp: true,
            preferUdp: true,
            iceConsentTimeout: ICE_CONSENT_TIMEOUT_S,
            initialAvailableOutgoingBitrate: Math.max(
              MIN_INITIAL_BITRATE_BPS,
              Math.round(options.initialOutgoingBitrateBps ?? DEFAULT_INITIAL_BITRATE_BPS),
            ),
          }),
        (late) => late.close(),
      );
    const [send, recv] = await Promise.allSettled([create(), create()]);
    if (send.status === 'fulfilled' && recv.status === 'fulfilled') {
      const leg = new Leg(options, send.value, recv.value);
      try {
        await channel.call(() => send.value.setMaxIncomingBitrate(LEG_LIMIT_BPS));
        return leg;
      } catch (error) {
        leg.close();
        throw error;
      }
    }
    // Half a leg is of no use.
    for (const made of [send, recv]) {
      if (made.status === 'fulfilled') channel.attempt(() => made.value.close());
    }
    throw send.status === 'rejected' ? send.reason : recv.status === 'rejected' ? recv.reason : undefined;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The connection that speaks for this leg; undefined while its gateway is gone. */
  get link(): Link | undefined {
    return this.#link;
  }

  /** Its participant is connected: at least one transport carries media, or could. */
  get mediaFlows(): boolean {
    return mediaFlows(this.#life);
  }

  get life(): LegLife {
    return this.#life;
  }

  attach(link: Link): void {
    this.#link = link;
    this.#take({ type: 'attached' });
    // It may have broken while nobody was there to hear of it.
    if (this.#life.state === 'broken') link.notify('leg.lost', { legId: this.id });
  }

  detach(): void {
    this.#link = undefined;
    this.#take({ type: 'detached' });
  }

  /** Called often: what has lasted too long shows only with the time. */
  tick(resumeMs: number): void {
    this.#take({ type: 'tick', resumeMs });
  }

  /** One operation at a time, in the order of their coming. Refuses with TOO_MANY when too many wait. */
  queued<T>(work: () => Promise<T> | T): Promise<T> {
    return this.#queue.run(() => {
      if (this.#closed) throw new HoldfastError('LEG_UNKNOWN', `leg ${this.id} has been closed`);
      return work();
    });
  }

  setRtpCapabilities(capabilities: RtpCapabilities): void {
    this.reception.setRtpCapabilities(capabilities);
    this.#take({ type: 'ready' });
  }

  /** Once for each transport; a client whose connection broke before the answer came asks again. */
  async connect(transportId: string, dtlsParameters: DtlsParameters): Promise<void> {
    const transport = this.#transport(transportId);
    if (this.#connected.has(transportId)) return;
    this.#connected.add(transportId);
    this.#take({ type: 'wanted' });
    try {
      await this.#channel.call(() => transport.connect({ dtlsParameters }));
    } catch (error) {
      this.#connected.delete(transportId);
      throw error;
    }
  }

  restartIce(transportId: string) {
    const transport = this.#transport(transportId);
    return this.#channel.call(() => transport.restartIce());
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
    // One producer a source: a second one replaces the first. Requests of a leg wait for each other, so there is no third.
    for (const [id, before] of this.published) if (before.source === request.source) this.unpublish(id);
    const producer = await this.#channel.call(
      () =>
        this.sendTransport.produce({
          kind,
          // The others see the cname in their SDP. Without one of the sender's, mediasoup makes one for all of this transport.
          rtpParameters: { ...request.rtpParameters, rtcp: { reducedSize: true } },
          paused: request.paused,
          keyFrameRequestDelay: KEY_FRAME_REQUEST_DELAY_MS,
        }),
      (late) => late.close(),
    );
    const published = { producer, source: request.source };
    this.published.set(producer.id, published);
    this.#take({ type: 'wanted' });
    return published;
  }

  async setPaused(producerId: string, paused: boolean): Promise<void> {
    const { producer } = this.producer(producerId);
    if (producer.paused === paused) return;
    await this.#channel.call(() => (paused ? producer.pause() : producer.resume()));
  }

  unpublish(producerId: string): void {
    const { producer } = this.producer(producerId);
    this.published.delete(producerId);
    this.#channel.attempt(() => producer.close());
  }

  producer(producerId: string): PublishedSource {
    const published = this.published.get(producerId);
    if (!published) throw new HoldfastError('PRODUCER_UNKNOWN', `this leg has no producer ${producerId}`);
    return published;
  }

  /** The estimate of what this participant can receive, bit/s; undefined when there is none. */
  async availableOutgoingBitrateBps(): Promise<number | undefined> {
    const [stats] = await this.#channel.call(() => this.recvTransport.getStats());
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

  /** Never throws: whatever state the worker is in, everything of this leg is let go. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#link = undefined;
    this.reception.close();
    this.published.clear();
    for (const transport of [this.sendTransport, this.recvTransport]) {
      this.#channel.attempt(() => transport.close());
    }
  }

  #watch(path: PathName, transport: WebRtcTransport): void {
    const look = () => {
      // Not by our own closing.
      if (!this.#closed) this.#take({ type: 'path', path, state: pathState(transport) });
    };
    transport.on('icestatechange', look);
    transport.on('dtlsstatechange', look);
  }

  #take(event: LegEvent): void {
    const before = this.#life;
    const life = nextLegLife(before, event, this.#options.awakeMs());
    this.#life = life;
    if (life.state === 'broken' && before.state !== 'broken') {
      this.#link?.notify('leg.lost', { legId: this.id });
    }
    if (life.state !== before.state || mediaFlows(life) !== mediaFlows(before)) this.#options.onLife(this);
  }

  #transport(transportId: string): WebRtcTransport {
    if (transportId === this.sendTransport.id) return this.sendTransport;
    if (transportId === this.recvTransport.id) return this.recvTransport;
    throw new HoldfastError('TRANSPORT_UNKNOWN', `this leg has no transport ${transportId}`);
  }
}

function pathState({ iceState, dtlsState }: Pick<WebRtcTransport, 'iceState' | 'dtlsState'>): PathState {
  // DTLS says goodbye, or cannot agree. Nothing that is sent arrives any more, and ICE would say so only much later.
  if (dtlsState === 'closed' || dtlsState === 'failed') return 'failed';
  if (dtlsState !== 'connected') return 'unused';
  return iceState === 'disconnected' || iceState === 'closed' ? 'interrupted' : 'connected';
}
