import { Device } from 'mediasoup-client';
import type { Consumer, Producer, ProducerOptions, Transport } from 'mediasoup-client/types';
import { HoldfastError, toHoldfastError } from '../protocol/errors.ts';
import type { ConsumerNew, LegOpen, LegReason } from '../protocol/signalling.ts';
import {
  type IceServer,
  kindOfSource,
  type MediaPath,
  type MediaSource,
  type TransportParameters,
} from '../protocol/values.ts';
import type { Blame, Blamed } from './blame.ts';
import type { Connection } from './connection.ts';
import { onGoodbye } from './goodbye.ts';
import { IceKeeper } from './ice-keeper.ts';
import { losesServer, rankedOver } from './ice-server-change.ts';
import { type PathHealth, pathAfter, unusedPath } from './path-health.ts';
import { offersOf, onlyBy, type PathOffer } from './path-offers.ts';
import { outgoingEstimateBps, usesRelay } from './stats.ts';

/** A remote stream as this leg receives it. */
export interface ReceivedStream {
  readonly info: ConsumerNew;
  readonly consumer: Consumer;
  readonly leg: Leg;
  readonly createdAtMs: number;
}

export interface LegEvents {
  /** A consumer has been made; media follows. */
  received: (stream: ReceivedStream, paused: boolean) => void;
  consumerPaused: (consumerId: string, paused: boolean) => void;
  consumerClosed: (consumerId: string) => void;
  /** A path was connected or is broken, or receiving is spoilt. */
  healthChanged: () => void;
  /** The node has closed one of its paths, and the leg stands: nobody has told us of it. */
  ended: (leg: Leg) => void;
  problem: (error: HoldfastError, what: string) => void;
}

interface KnownConsumer {
  readonly info: ConsumerNew;
  consumer?: Consumer;
  paused: boolean;
  /** The node has been told that media may flow. */
  acknowledged: boolean;
}

type LegState = 'opening' | 'ready' | 'closed';

/** So long after the leg is ready its suspects wait, so that everybody else is there before one of them breaks it. */
const SUSPECTS_WAIT_MS = 500;

/** One participant's transports on one media node: makes consumers and producers there, nothing more. */
export class Leg {
  readonly legId: string;
  readonly nodeId: string;
  readonly epoch: number;
  readonly reason: LegReason;
  readonly openedAtMs: number;
  readonly #open: LegOpen;
  readonly #connection: Pick<Connection, 'request'>;
  readonly #events: LegEvents;
  readonly #consumers = new Map<string, KnownConsumer>();
  readonly #keepers: { readonly transport: Transport; readonly keeper: IceKeeper }[] = [];
  readonly #blame: Blame;
  readonly #onlyPath: MediaPath | undefined;
  readonly #paths = new Map<string, PathHealth>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** Streams that could not be taken in the round that has just failed. */
  #failedRound: ConsumerNew[] = [];
  #iceServers: readonly IceServer[];
  #suspects: Promise<void> | undefined;
  #spoilt = false;
  #state: LegState = 'opening';
  #send: Transport | undefined;
  #recv: Transport | undefined;

  constructor(
    open: LegOpen,
    connection: Pick<Connection, 'request'>,
    events: LegEvents,
    blame: Blame,
    nowMs: number,
    /** Offers this path alone to the browser, to try it. */
    onlyPath?: MediaPath,
  ) {
    this.legId = open.legId;
    this.nodeId = open.nodeId;
    this.epoch = open.epoch;
    this.reason = open.reason;
    this.openedAtMs = nowMs;
    this.#open = open;
    this.#iceServers = open.iceServers;
    this.#connection = connection;
    this.#events = events;
    this.#blame = blame;
    this.#onlyPath = onlyPath;
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  /** Of its transports, as far as they have been made. */
  get paths(): readonly PathHealth[] {
    return [...this.#paths.values()];
  }

  /** Its receiving transport can take nothing new: one round of streams has failed on it. */
  get spoilt(): boolean {
    return this.#spoilt;
  }

  get sendTransport(): Transport | undefined {
    return this.#send;
  }

  get recvTransport(): Transport | undefined {
    return this.#recv;
  }

  /** Makes both transports and tells the node that consumers may come. */
  async start(): Promise<void> {
    const { routerRtpCapabilities, sendTransport, recvTransport } = this.#open;
    const device = new Device();
    await device.load({ routerRtpCapabilities });
    this.#assertOpen();
    const send = this.#transportOptions(sendTransport);
    this.#send = this.#watch(device.createSendTransport({ ...sendTransport, ...send }));
    const recv = this.#transportOptions(recvTransport);
    this.#recv = this.#watch(device.createRecvTransport({ ...recvTransport, ...recv }));
    this.#send.on('produce', ({ kind, rtpParameters, appData }, done, failed) => {
      const { source, paused } = appData;
      if (!isSource(source)) return failed(new HoldfastError('INTERNAL', 'a producer without a source'));
      this.#connection
        .request(
          'producer.create',
          {
            legId: this.legId,
            transportId: sendTransport.id,
            source,
            kind,
            rtpParameters,
            paused: paused === true,
          },
          { once: true },
        )
        .then(({ producerId }) => done({ id: producerId }), failed);
    });
    this.#state = 'ready';
    for (const known of this.#consumers.values()) void this.#consume(known);
    const { recvRtpCapabilities: rtpCapabilities } = device;
    await this.#connection.request('leg.ready', { legId: this.legId, rtpCapabilities });
  }

  /** Every way for its media that the server has named. */
  get offers(): readonly PathOffer[] {
    const { iceServers, recvTransport } = this.#open;
    return offersOf({ iceServers, iceCandidates: recvTransport.iceCandidates });
  }

  #servers(iceServers: readonly IceServer[]): RTCIceServer[] {
    const path = this.#onlyPath;
    return forWebRtc(path ? onlyBy(path, { iceServers, iceCandidates: [] }).iceServers : iceServers);
  }

  #transportOptions({ iceCandidates }: TransportParameters) {
    const path = this.#onlyPath;
    const iceServers = this.#servers(this.#iceServers);
    if (!path) return { iceServers };
    const only = onlyBy(path, { iceServers: this.#iceServers, iceCandidates });
    return {
      iceServers,
      iceCandidates: only.iceCandidates,
      ...(only.relayOnly ? { iceTransportPolicy: 'relay' as const } : {}),
    };
  }

  /** A stream is offered. May come before the leg is ready, and again in a snapshot. */
  offer(info: ConsumerNew): void {
    if (this.closed || this.#consumers.has(info.consumerId)) return;
    const known: KnownConsumer = { info, paused: info.producerPaused, acknowledged: false };
    this.#consumers.set(info.consumerId, known);
    if (this.ready) void this.#consume(known);
  }

  setConsumerPaused(consumerId: string, paused: boolean): void {
    const known = this.#consumers.get(consumerId);
    if (!known || known.paused === paused) return;
    known.paused = paused;
    if (known.consumer) this.#events.consumerPaused(consumerId, paused);
  }

  closeConsumer(consumerId: string): void {
    const known = this.#consumers.get(consumerId);
    if (!known) return;
    this.#consumers.delete(consumerId);
    // First those who play it, so that they can let go of the track.
    if (known.consumer) this.#events.consumerClosed(consumerId);
    known.consumer?.close();
  }

  /** Brings the consumers in line with what the node has, after a lost connection. */
  reconcileConsumers(offered: readonly ConsumerNew[]): void {
    const ids = new Set(offered.map(({ consumerId }) => consumerId));
    for (const id of this.#consumers.keys()) if (!ids.has(id)) this.closeConsumer(id);
    for (const info of offered) {
      const known = this.#consumers.get(info.consumerId);
      if (!known) this.offer(info);
      else this.setConsumerPaused(info.consumerId, info.producerPaused);
      if (known?.consumer && !known.acknowledged) void this.#acknowledge(known);
    }
  }

  /** Other servers or credentials from now on. A path over one that is about to go is moved away while it stands. */
  takeIceServers(iceServers: readonly IceServer[]): void {
    const leaves = losesServer(this.#iceServers, iceServers);
    const servers = this.#useIceServers(iceServers);
    for (const { transport, keeper } of this.#keepers) {
      if (leaves) void this.#leaveRelay(transport, keeper);
      transport
        .updateIceServers({ iceServers: servers })
        .catch((error: unknown) => this.#events.problem(toHoldfastError(error), 'iceServers'));
    }
  }

  /** Rejects with CONNECTION_CLOSED when the connection broke meanwhile: the node may or may not have the producer. */
  async produce(source: MediaSource, paused: boolean, options: ProducerOptions): Promise<Producer> {
    if (!this.#send || this.closed) throw new HoldfastError('LEG_UNKNOWN', `leg ${this.legId} is closed`);
    const send = this.#send;
    const producer = await send.produce({ ...options, appData: { source, paused } });
    onGoodbye(producer.rtpSender?.transport, () => this.#pathChanged(send.id, 'ended'));
    return producer;
  }

  /** What the sender may send, as WebRTC estimates it, in bit/s. */
  async outgoingEstimateBps(): Promise<number | undefined> {
    return this.#send && !this.closed ? outgoingEstimateBps(this.#send) : undefined;
  }

  /** Idempotent. */
  close(): void {
    if (this.closed) return;
    this.#state = 'closed';
    for (const { keeper } of this.#keepers) keeper.close();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#consumers.clear();
    this.#send?.close();
    this.#recv?.close();
  }

  #watch(transport: Transport): Transport {
    this.#paths.set(transport.id, unusedPath(performance.now()));
    transport.on('connectionstatechange', (state) => this.#pathChanged(transport.id, state));
    transport.on('connect', ({ dtlsParameters }, done, failed) => {
      this.#connection
        .request('transport.connect', { legId: this.legId, transportId: transport.id, dtlsParameters })
        .then(done, failed);
    });
    const keeper = new IceKeeper(transport, async () => {
      const { iceParameters, iceServers } = await this.#connection.request('transport.restartIce', {
        legId: this.legId,
        transportId: transport.id,
      });
      return { iceParameters, iceServers: iceServers && this.#useIceServers(iceServers) };
    });
    this.#keepers.push({ transport, keeper });
    return transport;
  }

  #useIceServers(iceServers: readonly IceServer[]): RTCIceServer[] {
    this.#iceServers = rankedOver(this.#iceServers, iceServers);
    return this.#servers(this.#iceServers);
  }

  /** What is not connected yet may be seeking its path through the server that goes. */
  async #leaveRelay(transport: Transport, keeper: IceKeeper): Promise<void> {
    if (transport.connectionState !== 'connected' || (await usesRelay(transport))) keeper.leave();
  }

  /** @param connectionState as WebRTC names it, or `ended` */
  #pathChanged(transportId: string, connectionState: string): void {
    const before = this.#paths.get(transportId);
    if (!before || this.closed) return;
    const after = pathAfter(before, connectionState, performance.now());
    if (after === before) return;
    this.#paths.set(transportId, after);
    if (after.state === 'ended') this.#events.ended(this);
    this.#events.healthChanged();
  }

  async #consume(known: KnownConsumer): Promise<void> {
    const trust = this.#blame.trust(known.info);
    // Whatever is offered now comes again on the leg that replaces this one.
    if (this.#spoilt || trust === 'left-out') return;
    if (trust === 'trusted') return this.#receive(known);
    this.#suspects ??= this.#wait(SUSPECTS_WAIT_MS);
    this.#suspects = this.#suspects.then(() => this.#receive(known));
  }

  async #receive(known: KnownConsumer): Promise<void> {
    const { info } = known;
    try {
      const recv = this.#recv;
      if (!recv || this.closed || this.#spoilt) return;
      // Not awaited one after the other: mediasoup-client makes all that wait in one round of SDP.
      const consumer = await recv.consume({
        id: info.consumerId,
        producerId: info.producerId,
        kind: info.kind,
        rtpParameters: info.rtpParameters,
        streamId: synchronisedWith(info),
      });
      this.#blame.received(info);
      onGoodbye(consumer.rtpReceiver?.transport, () => this.#pathChanged(recv.id, 'ended'));
      if (this.#consumers.get(info.consumerId) !== known || this.closed) {
        consumer.close();
        return;
      }
      known.consumer = consumer;
      void this.#acknowledge(known);
      const createdAtMs = performance.timeOrigin + performance.now();
      this.#events.received({ info, consumer, leg: this, createdAtMs }, known.paused);
    } catch (error) {
      if (this.closed) return;
      this.#consumers.delete(info.consumerId);
      this.#events.problem(toHoldfastError(error), 'consume');
      if (spoils(error)) this.#roundFails(info);
    }
  }

  /** All streams of a round fail in the same turn. */
  #roundFails(info: ConsumerNew): void {
    this.#spoilt = true;
    this.#failedRound.push(info);
    if (this.#failedRound.length > 1) return;
    void this.#wait(0).then(() => {
      const round = this.#failedRound;
      this.#failedRound = [];
      const culprit = this.#blame.roundFailed(round);
      if (culprit) this.#events.problem(leftOut(culprit), 'consume');
      this.#events.healthChanged();
    });
  }

  /** Never settles when the leg is closed meanwhile. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      this.#timers.add(timer);
    });
  }

  async #acknowledge(known: KnownConsumer): Promise<void> {
    const { consumerId } = known.info;
    try {
      await this.#connection.request('consumer.ready', { legId: this.legId, consumerId });
      known.acknowledged = true;
    } catch (error) {
      // The stream or the leg has ended meanwhile; the node says so by itself.
      const { code } = toHoldfastError(error);
      if (!this.closed && code !== 'CONSUMER_UNKNOWN' && code !== 'LEG_UNKNOWN') {
        this.#events.problem(toHoldfastError(error), 'consumer.ready');
      }
    }
  }

  #assertOpen(): void {
    if (!this.closed) return;
    this.#send?.close();
    this.#recv?.close();
    throw new HoldfastError('LEG_UNKNOWN', `leg ${this.legId} was closed while it opened`);
  }
}

/** WebRTC's own type has no `undefined` in its optional fields. */
const forWebRtc = (servers: readonly IceServer[]): RTCIceServer[] =>
  servers.map(({ urls, username, credential }) => ({
    urls,
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { credential }),
  }));

/** Tracks of one `streamId` are kept in sync: a face with its voice, a screen with its sound. */
const synchronisedWith = ({ participantId, source }: ConsumerNew) =>
  source.startsWith('screen') ? `${participantId}-screen` : participantId;

/**
 * mediasoup-client refuses by itself what is no use to this device, before the transport sees it. Any other failure comes
 * from the browser while the session description is set, and the refused section stays in it for good.
 */
const spoils = (error: unknown) =>
  !(error instanceof Error && ['UnsupportedError', 'InvalidStateError', 'TypeError'].includes(error.name));

const leftOut = ({ producerId, participantId }: Blamed) =>
  new HoldfastError(
    'BAD_REQUEST',
    `stream ${producerId} of ${participantId} breaks receiving and is left out`,
  );

const isSource = (value: unknown): value is MediaSource =>
  typeof value === 'string' && Object.hasOwn(kindOfSource, value);
