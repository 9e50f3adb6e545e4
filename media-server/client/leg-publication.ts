import type { ProducerOptions } from 'mediasoup-client/types';
import { HoldfastError, toHoldfastError } from '../protocol/errors.ts';
import type { LegReason, LegSnapshot } from '../protocol/signalling.ts';
import { kindOfSource, type MediaSource } from '../protocol/values.ts';
import {
  cameraEncodings,
  encoderBitrates,
  fitEncodings,
  PUBLISHING_ORDER,
  screenEncodings,
} from './encodings.ts';

/** What the participant wants to publish of one source. */
export interface WantedSource {
  readonly track: MediaStreamTrack;
  readonly muted: boolean;
}

/** The part of mediasoup-client's Producer that is used here. */
export interface SentProducer {
  readonly id: string;
  readonly rtpSender?: Pick<RTCRtpSender, 'getParameters' | 'setParameters'> | undefined;
  replaceTrack(options: { track: MediaStreamTrack }): Promise<void>;
  close(): void;
}

/** The part of a leg that is used here. */
export interface PublishingLeg {
  readonly reason: LegReason;
  readonly closed: boolean;
  produce(source: MediaSource, paused: boolean, options: ProducerOptions): Promise<SentProducer>;
}

interface Published {
  /** The caller's track; the one that is sent is a clone of it. */
  original: MediaStreamTrack;
  clone: MediaStreamTrack;
  producer?: SentProducer;
  /** As the node knows it. */
  pausedAtNode: boolean;
}

export interface LegPublicationOptions {
  readonly leg: PublishingLeg;
  readonly wanted: ReadonlyMap<MediaSource, WantedSource>;
  /** Pauses, resumes or closes a producer at the node. */
  readonly tell: (
    method: 'producer.pause' | 'producer.resume' | 'producer.close',
    producerId: string,
  ) => Promise<unknown>;
  readonly oldEstimateBps: number | undefined;
  readonly onProblem: (error: HoldfastError, what: string) => void;
}

const ATTEMPTS = 3;
const AGAIN_AFTER_MS = 400;

/**
 * What one leg publishes, kept in line with what is wanted: `sync` compares and does what is missing, one thing after
 * the other, and may be called at any time. It sends clones, so that closing a leg never stops the caller's tracks.
 */
export class LegPublication {
  readonly #options: LegPublicationOptions;
  readonly #published = new Map<MediaSource, Published>();
  readonly #failures = new Map<
    MediaSource,
    { readonly track: MediaStreamTrack; count: number; error: HoldfastError }
  >();
  #started = false;
  #closed = false;
  #again = false;
  #running: Promise<void> | undefined;

  constructor(options: LegPublicationOptions) {
    this.#options = options;
  }

  /** Begins to publish. Until then `sync` does nothing: the leg waits for its place in the order. */
  async start(): Promise<void> {
    this.#started = true;
    await this.sync();
  }

  /** Settles when everything wanted is published, or has been tried often enough. */
  sync(): Promise<void> {
    if (!this.#started || this.#closed || this.#options.leg.closed) return Promise.resolve();
    this.#withdrawUnwanted();
    this.#again = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Why a source could not be published here, if so. */
  failure(source: MediaSource): HoldfastError | undefined {
    return this.#failures.get(source)?.error;
  }

  /** Muting takes effect here at once, whatever else is under way: a disabled track sends silence or black. */
  applyMute(source: MediaSource, muted: boolean): void {
    const published = this.#published.get(source);
    if (published) published.clone.enabled = !muted;
  }

  /** Brings this side in line with what the node has, after a lost connection. */
  async reconcile(producers: LegSnapshot['producers']): Promise<void> {
    this.#failures.clear();
    const there = new Map(producers.map((producer) => [producer.producerId, producer]));
    for (const [source, published] of this.#published) {
      if (!published.producer) continue;
      const known = there.get(published.producer.id);
      there.delete(published.producer.id);
      if (known) published.pausedAtNode = known.paused;
      else this.#drop(source, published);
    }
    // Producers whose creation was answered into the void: they are made again.
    for (const producerId of there.keys()) this.#closeAtNode(producerId);
    await this.sync();
  }

  /** Stops sending. Idempotent; the leg's transports are closed by the leg. */
  close(): void {
    this.#closed = true;
    for (const [source, published] of this.#published) this.#drop(source, published);
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#closed && !this.#options.leg.closed) {
      this.#again = false;
      this.#withdrawUnwanted();
      for (const source of PUBLISHING_ORDER) await this.#syncSource(source);
    }
    this.#running = undefined;
  }

  #withdrawUnwanted(): void {
    for (const [source, published] of this.#published) {
      if (this.#options.wanted.has(source)) continue;
      if (published.producer) this.#closeAtNode(published.producer.id);
      this.#drop(source, published);
    }
  }

  async #syncSource(source: MediaSource): Promise<void> {
    const wanted = this.#options.wanted.get(source);
    if (!wanted || this.#closed) return;
    const failed = this.#failures.get(source);
    if (failed && (failed.track !== wanted.track || failed.count < ATTEMPTS)) {
      if (failed.track === wanted.track) await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
      else this.#failures.delete(source);
    } else if (failed) return;
    try {
      const published = this.#published.get(source);
      if (!published?.producer) await this.#publish(source, wanted);
      else if (published.original !== wanted.track)
        await this.#replace(source, published, published.producer, wanted);
      await this.#syncMute(source);
      this.#failures.delete(source);
    } catch (error) {
      if (this.#closed || this.#options.leg.closed) return;
      const known = toHoldfastError(error);
      const count = (this.#failures.get(source)?.count ?? 0) + 1;
      this.#failures.set(source, { track: wanted.track, count, error: known });
      this.#again = count < ATTEMPTS || this.#again;
      this.#options.onProblem(known, `publish ${source}`);
    }
  }

  async #publish(source: MediaSource, { track, muted }: WantedSource): Promise<void> {
    if (track.readyState === 'ended') throw new HoldfastError('CONFLICT', `the ${source} track has ended`);
    const clone = track.clone();
    clone.enabled = !muted;
    const published: Published = { original: track, clone, pausedAtNode: muted };
    this.#published.set(source, published);
    try {
      const producer = await this.#options.leg.produce(
        source,
        muted,
        producerOptions(source, clone, this.#options),
      );
      published.producer = producer;
      if (this.#published.get(source) === published) return;
      // Withdrawn while it was being made.
      producer.close();
      this.#closeAtNode(producer.id);
    } catch (error) {
      this.#drop(source, published);
      throw error;
    }
  }

  /** Another device for the same source: the stream goes on, others see no break. */
  async #replace(
    source: MediaSource,
    published: Published,
    producer: SentProducer,
    { track, muted }: WantedSource,
  ): Promise<void> {
    const clone = track.clone();
    clone.enabled = !muted;
    const before = published.clone;
    try {
      await producer.replaceTrack({ track: clone });
    } catch (error) {
      clone.stop();
      throw error;
    }
    before.stop();
    published.clone = clone;
    published.original = track;
    if (source === 'camera') await refit(producer, clone);
  }

  async #syncMute(source: MediaSource): Promise<void> {
    const wanted = this.#options.wanted.get(source);
    const published = this.#published.get(source);
    if (!wanted || !published?.producer || this.#closed) return;
    published.clone.enabled = !wanted.muted;
    if (published.pausedAtNode === wanted.muted) return;
    await this.#options.tell(wanted.muted ? 'producer.pause' : 'producer.resume', published.producer.id);
    published.pausedAtNode = wanted.muted;
    // It may have been changed back meanwhile.
    if (this.#options.wanted.get(source)?.muted !== wanted.muted) this.#again = true;
  }

  #drop(source: MediaSource, published: Published): void {
    if (this.#published.get(source) === published) this.#published.delete(source);
    published.producer?.close();
    published.clone.stop();
  }

  #closeAtNode(producerId: string): void {
    // The producer may be gone already, which is what is wanted.
    this.#options.tell('producer.close', producerId).catch(() => {});
  }
}

function producerOptions(
  source: MediaSource,
  track: MediaStreamTrack,
  { leg: { reason }, oldEstimateBps }: LegPublicationOptions,
): ProducerOptions {
  // Muting and stopping are done here, on the clone.
  const common = { track, stopTracks: false, disableTrackOnPause: false, zeroRtpOnPause: false };
  if (kindOfSource[source] === 'audio') {
    const voice = source === 'microphone';
    return { ...common, codecOptions: { opusFec: true, opusDtx: voice, opusStereo: !voice } };
  }
  if (source === 'screen' && track.contentHint === '') track.contentHint = 'detail';
  const encodings = source === 'screen' ? screenEncodings() : cameraEncodings(track.getSettings());
  const sumBps = encodings.reduce((sum, { maxBitrate }) => sum + maxBitrate, 0);
  const { startKbps, minKbps } = encoderBitrates({ sumBps, reason, oldEstimateBps });
  return {
    ...common,
    encodings: encodings.map((encoding) => ({ ...encoding })),
    codecOptions: {
      videoGoogleStartBitrate: startKbps,
      ...(minKbps === undefined ? {} : { videoGoogleMinBitrate: minKbps }),
    },
  };
}

/** A new camera may be larger or smaller than the one the encodings were made for. */
async function refit({ rtpSender }: SentProducer, track: MediaStreamTrack): Promise<void> {
  const parameters = rtpSender?.getParameters();
  if (!rtpSender || !parameters) return;
  const fitting = fitEncodings(parameters.encodings.length, track.getSettings());
  parameters.encodings.forEach((encoding, index) => {
    Object.assign(encoding, fitting[index]);
  });
  await rtpSender.setParameters(parameters);
}
