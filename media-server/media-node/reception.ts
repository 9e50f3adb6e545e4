import type { Consumer, RtpCapabilities, WebRtcTransport } from 'mediasoup/types';
import type { Clock } from '../process/clock.ts';
import {
  type ConsumerNew,
  HoldfastError,
  type MediaSource,
  type ParticipantInfo,
  rtpParameters as rtpParametersOnWire,
} from '../protocol/index.ts';
import { LatestWish } from './latest-wish.ts';
import { largestMeeting } from './limits.ts';
import type { Link } from './link.ts';
import type { PublishedSource } from './published-source.ts';
import type { WorkerChannel } from './worker-channel.ts';

interface Layers {
  readonly spatialLayer: number;
  readonly temporalLayer?: number;
}

interface ReceivedStream {
  readonly consumer: Consumer;
  readonly source: MediaSource;
  readonly from: string;
  /** The client has made its side. Until then nothing is sent. */
  ready: boolean;
  /** The client does not want it for now. */
  pausedByClient: boolean;
  /** Whether it flows, as it was last asked for. */
  readonly flow: LatestWish<'pause' | 'resume'>;
  readonly layers: LatestWish<Layers>;
  preferred: Layers;
  cancelRestore?: () => void;
}

export interface ReceptionOptions {
  readonly legId: string;
  readonly transport: WebRtcTransport;
  readonly channel: WorkerChannel;
  readonly clock: Clock;
  /** The connection that speaks for the leg now. */
  readonly link: () => Link | undefined;
  /** The first stream, or one more, is there to be received. */
  readonly onOffered: () => void;
}

/** The topmost layer there can be; mediasoup takes the nearest that exists. */
const HIGHEST_LAYERS: Layers = { spatialLayer: 3, temporalLayer: 3 };
/** After a stall: the layer that is surely alive, and for how long. */
const STALL_LAYERS: Layers = { spatialLayer: 0, temporalLayer: 1 };
const STALL_RESTORE_MS = 4000;
/**
 * Resuming a stream or going to another layer of it asks its sender for a key frame, which everybody in the meeting then
 * receives. A client gets that at once, and then at most once in this time, ms.
 */
const WISH_EVERY_MS = 1000;
/** Everything that everybody else can publish. */
export const MOST_CONSUMERS = (largestMeeting.participants - 1) * largestMeeting.sources;

/** What one participant receives. */
export class Reception {
  readonly #options: ReceptionOptions;
  readonly #received = new Map<string, ReceivedStream>();
  /** Producers for which a consumer exists or is being made. */
  readonly #wanted = new Set<string>();
  #rtpCapabilities: RtpCapabilities | undefined;
  #closed = false;

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  get consumers(): Consumer[] {
    return [...this.#received.values()].map((stream) => stream.consumer);
  }

  get size(): number {
    return this.#received.size;
  }

  setRtpCapabilities(capabilities: RtpCapabilities): void {
    this.#rtpCapabilities = capabilities;
  }

  /** Makes a consumer for another participant's producer and offers it to the client; once for each producer. */
  async receive(from: ParticipantInfo, { producer, source }: PublishedSource): Promise<void> {
    const { channel, transport, link, onOffered } = this.#options;
    const rtpCapabilities = this.#rtpCapabilities;
    if (!rtpCapabilities || this.#closed || this.#wanted.has(producer.id) || producer.closed) return;
    if (this.#wanted.size >= MOST_CONSUMERS) {
      throw new HoldfastError('TOO_MANY', `nobody receives more than ${MOST_CONSUMERS} streams`);
    }
    this.#wanted.add(producer.id);
    let consumer: Consumer;
    try {
      consumer = await channel.call(
        () => transport.consume({ producerId: producer.id, rtpCapabilities, paused: true }),
        (late) => late.close(),
      );
    } catch (error) {
      this.#wanted.delete(producer.id);
      // The producer or this leg went away in the meantime: nothing is missing.
      if (producer.closed || this.#closed) return;
      throw error;
    }
    const stream = this.#streamOf(consumer, from.participantId, source);
    this.#received.set(consumer.id, stream);
    const ref = { legId: this.#options.legId, consumerId: consumer.id };
    consumer.on('producerpause', () => link()?.notify('consumer.paused', ref));
    consumer.on('producerresume', () => link()?.notify('consumer.resumed', ref));
    consumer.on('producerclose', () => {
      this.#forget(consumer.id);
      link()?.notify('consumer.closed', ref);
    });
    onOffered();
    link()?.notify('consumer.new', this.#describe(stream));
  }

  /** Everything the client should have; it brings itself in line with it after a lost connection. */
  offers(): ConsumerNew[] {
    return [...this.#received.values()].map((stream) => this.#describe(stream));
  }

  async ready(consumerId: string): Promise<void> {
    const stream = this.#stream(consumerId);
    if (stream.ready) return;
    stream.ready = true;
    if (!stream.pausedByClient) await stream.flow.want('resume');
  }

  async pause(consumerId: string): Promise<void> {
    const stream = this.#stream(consumerId);
    if (stream.pausedByClient) return;
    stream.pausedByClient = true;
    if (stream.ready) await stream.flow.want('pause');
  }

  async resume(consumerId: string): Promise<void> {
    const stream = this.#stream(consumerId);
    if (!stream.pausedByClient) return;
    stream.pausedByClient = false;
    if (stream.ready) await stream.flow.want('resume');
  }

  async setPreferredLayers(consumerId: string, layers: Layers): Promise<void> {
    const stream = this.#stream(consumerId);
    if (stream.consumer.type !== 'simulcast') return;
    const { spatialLayer, temporalLayer } = stream.preferred;
    if (layers.spatialLayer === spatialLayer && layers.temporalLayer === temporalLayer) return;
    stream.preferred = layers;
    if (!stream.cancelRestore) await stream.layers.want(layers);
  }

  /**
   * The client sees nothing although it should: its target layer may be dead (a collapsed bandwidth estimate switches
   * the top layer off, and mediasoup notices only after 1.5 s). Goes down to the lowest layer for a while.
   */
  async stalled(consumerId: string): Promise<void> {
    const stream = this.#received.get(consumerId);
    if (stream?.consumer.type !== 'simulcast' || stream.cancelRestore) return;
    const { clock, channel } = this.#options;
    stream.cancelRestore = clock.after(STALL_RESTORE_MS, () => {
      delete stream.cancelRestore;
      // The leg may be closing at this moment; the layers then no longer matter.
      channel.call(() => stream.consumer.setPreferredLayers(stream.preferred)).catch(() => {});
    });
    await channel.call(() => stream.consumer.setPreferredLayers(STALL_LAYERS));
  }

  /** The consumers themselves end with their transport. */
  close(): void {
    this.#closed = true;
    for (const id of this.#received.keys()) this.#forget(id);
  }

  #streamOf(consumer: Consumer, from: string, source: MediaSource): ReceivedStream {
    const { channel, clock } = this.#options;
    return {
      consumer,
      source,
      from,
      ready: false,
      pausedByClient: false,
      flow: new LatestWish({
        everyMs: WISH_EVERY_MS,
        clock,
        carryOut: (wish) => channel.call(() => consumer[wish]()),
      }),
      layers: new LatestWish({
        everyMs: WISH_EVERY_MS,
        clock,
        carryOut: (layers) => channel.call(() => consumer.setPreferredLayers(layers)),
      }),
      preferred: HIGHEST_LAYERS,
    };
  }

  #forget(consumerId: string): void {
    const stream = this.#received.get(consumerId);
    if (!stream) return;
    stream.cancelRestore?.();
    stream.flow.close();
    stream.layers.close();
    this.#received.delete(consumerId);
    this.#wanted.delete(stream.consumer.producerId);
  }

  #describe({ consumer, from, source }: ReceivedStream): ConsumerNew {
    return {
      legId: this.#options.legId,
      consumerId: consumer.id,
      producerId: consumer.producerId,
      participantId: from,
      source,
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
}
