import {
  type ConsumerNew,
  clientContract,
  gatewayContract,
  type LegOpen,
  type RequestName,
  type ResultOf,
  RpcPeer,
  tokenView,
} from '@holdfast/media-server/protocol/index.ts';
import { WebSocket } from 'ws';
import type { z } from 'zod';

const ANSWER_LIMIT_MS = 10_000;

/**
 * A participant without a browser: it speaks the protocol and sends no media. It shows that somebody can join, publish
 * and be offered the others' streams, at a fraction of a browser's cost.
 */
export class ProtocolParticipant {
  readonly #socket: WebSocket;
  readonly #peer: RpcPeer<typeof clientContract, typeof gatewayContract>;
  readonly #consumers = new Map<string, ConsumerNew>();
  readonly #firstLeg = Promise.withResolvers<LegOpen>();
  #leg: LegOpen | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#firstLeg.promise.catch(() => {});
    const ignore = () => {};
    this.#peer = new RpcPeer({
      local: clientContract,
      remote: gatewayContract,
      timeoutMs: ANSWER_LIMIT_MS,
      send: (text) => socket.send(text),
      handlers: {
        'leg.open': (leg) => {
          this.#leg = leg;
          this.#firstLeg.resolve(leg);
        },
        'consumer.new': (consumer) => {
          this.#consumers.set(consumer.consumerId, consumer);
        },
        'consumer.closed': ({ consumerId }) => {
          this.#consumers.delete(consumerId);
        },
        'leg.close': ignore,
        'leg.iceServers': ignore,
        'consumer.paused': ignore,
        'consumer.resumed': ignore,
        'participant.joined': ignore,
        'participant.left': ignore,
        'gateway.closing': ignore,
      },
    });
    socket.on('message', (data) => this.#peer.receive(String(data)));
    socket.on('error', () => {});
    socket.once('close', (code) => {
      const reason = `the connection was closed (${code})`;
      this.#peer.close(reason);
      this.#firstLeg.reject(new Error(reason));
    });
  }

  /** Joins through the way that is open to everybody. Resolves when there is a leg that is ready to receive. */
  static async join(baseUrl: string, meetingId: string, displayName: string): Promise<ProtocolParticipant> {
    const response = await fetch(new URL('/v1/join', baseUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ meetingId, displayName }),
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    if (response.status !== 201) throw new Error(`POST /v1/join was answered with ${response.status}`);
    return ProtocolParticipant.enter(baseUrl, tokenView.parse(await response.json()).token);
  }

  /** Joins with a participant's token, as an application has given it. */
  static async enter(baseUrl: string, token: string): Promise<ProtocolParticipant> {
    const socket = new WebSocket(`${baseUrl.replace(/^http/, 'ws')}/v1/signal`, {
      handshakeTimeout: ANSWER_LIMIT_MS,
      perMessageDeflate: false,
    });
    const participant = new ProtocolParticipant(socket);
    try {
      await new Promise((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
      });
      await participant.request('join', { protocol: 1, token });
      const { legId, routerRtpCapabilities } = await participant.#within(participant.#firstLeg.promise);
      await participant.request('leg.ready', { legId, rtpCapabilities: routerRtpCapabilities });
      return participant;
    } catch (error) {
      participant.close();
      throw error;
    }
  }

  /** The newest leg. */
  get leg(): LegOpen {
    if (!this.#leg) throw new Error('there is no leg');
    return this.#leg;
  }

  /** Streams of others that are offered now. */
  get consumers(): readonly ConsumerNew[] {
    return [...this.#consumers.values()];
  }

  /** A microphone that never sends. Resolves with the producer's id. */
  async publish(): Promise<string> {
    const { legId, sendTransport } = this.leg;
    const { producerId } = await this.request('producer.create', {
      legId,
      transportId: sendTransport.id,
      source: 'microphone',
      kind: 'audio',
      paused: false,
      rtpParameters: {
        codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }],
        encodings: [{ ssrc: 4711 }],
      },
    });
    return producerId;
  }

  request<M extends RequestName<typeof gatewayContract>>(
    method: M,
    params: z.input<(typeof gatewayContract)[M]['params']>,
  ): Promise<ResultOf<typeof gatewayContract, M>> {
    return this.#peer.request(method, params);
  }

  /** Leaves for good. */
  async leave(): Promise<void> {
    await this.request('leave', {});
    this.close();
  }

  close(): void {
    this.#socket.terminate();
  }

  #within<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([
      promise,
      new Promise<never>((_resolve, reject) => {
        setTimeout(
          () => reject(new Error(`no leg within ${ANSWER_LIMIT_MS / 1000} s`)),
          ANSWER_LIMIT_MS,
        ).unref();
      }),
    ]);
  }
}
