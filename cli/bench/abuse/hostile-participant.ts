import { tokenView } from '@holdfast/media-server/protocol/index.ts';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { type AttackTally, count } from './attack.ts';
import { type KnownValues, withKnown } from './known-values.ts';
import type { Move } from './move.ts';
import { post } from './post.ts';

/** Of what comes in, the little that makes the next move better. */
const heard = z.looseObject({
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.looseObject({ data: z.looseObject({ code: z.string() }).optional() }).optional(),
});
const legHeard = z.object({
  legId: z.string(),
  routerRtpCapabilities: z.unknown(),
  sendTransport: z.object({ id: z.string() }),
});

/** Between two attempts to come in again, ms. */
const REJOIN_MS = 500;
const MOST_UNSENT_BYTES = 8 * 1024 * 1024;
const PARTICIPANT_ID = 'mallory';

export interface HostileParticipantOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly meetingId: string;
  readonly tally: AttackTally;
  readonly localAddress?: string;
}

/**
 * Somebody with an ordinary token: joins, publishes a microphone and a camera that never send, and then sends whatever it
 * is given. Put out, it comes in again as the same participant.
 */
export class HostileParticipant {
  readonly #options: HostileParticipantOptions;
  #socket: WebSocket | undefined;
  #known: KnownValues = {};
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: HostileParticipantOptions) {
    this.#options = options;
  }

  get ready(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN && this.#known.legId !== undefined;
  }

  /** Sends the frames of a move; returns how many. */
  play(move: Move): number {
    const socket = this.#socket;
    if (!this.ready || !socket || socket.bufferedAmount > MOST_UNSENT_BYTES) return 0;
    for (const frame of move.frames) {
      socket.send(typeof frame === 'string' ? withKnown(frame, this.#known) : frame);
    }
    count(this.#options.tally.sent, move.kind, move.frames.length);
    return move.frames.length;
  }

  /** Comes in (again), unless it is in or has just tried. */
  keepJoined(nowMs: number): void {
    if (this.#closed || this.#socket || nowMs - this.#triedAtMs < REJOIN_MS) return;
    this.#triedAtMs = nowMs;
    void this.#join();
  }

  close(): void {
    this.#closed = true;
    this.#socket?.terminate();
  }

  async #join(): Promise<void> {
    const { baseUrl, meetingId, apiKey, tally, localAddress } = this.#options;
    const address = localAddress === undefined ? {} : { localAddress };
    try {
      const api = { ...address, bearer: apiKey };
      await post(`${baseUrl}/v1/meetings`, JSON.stringify({ meetingId }), api);
      const { status, text } = await post(
        `${baseUrl}/v1/meetings/${encodeURIComponent(meetingId)}/tokens`,
        JSON.stringify({ displayName: 'Mallory', participantId: PARTICIPANT_ID }),
        api,
      );
      if (status !== 201) return count(tally.joins, `no token: ${status}`);
      this.#connect(tokenView.parse(JSON.parse(text)).token, address);
    } catch (error) {
      count(tally.joins, `no token: ${error instanceof Error ? error.message : 'failed'}`);
    }
  }

  #connect(token: string, address: { readonly localAddress?: string }): void {
    if (this.#closed || this.#socket) return;
    const { baseUrl, tally } = this.#options;
    const socket = new WebSocket(`${baseUrl.replace(/^http/, 'ws')}/v1/signal`, {
      ...address,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    this.#known = { token };
    socket.once('open', () => this.#call('join', { protocol: 1, token }));
    socket.on('message', (data) => this.#hear(String(data)));
    socket.on('error', (error) => count(tally.joins, `failed: ${error.message.slice(0, 60)}`));
    socket.once('close', (code) => {
      count(tally.joins, `closed: ${code}`);
      if (this.#socket === socket) this.#socket = undefined;
      this.#known = {};
    });
  }

  #hear(text: string): void {
    const { tally } = this.#options;
    const batch: unknown = JSON.parse(text);
    for (const message of Array.isArray(batch) ? batch : [batch]) {
      const { success, data } = heard.safeParse(message);
      if (!success) continue;
      if (data.method === undefined)
        count(tally.answers, data.error ? (data.error.data?.code ?? 'error') : 'ok');
      this.#learn(data);
    }
  }

  #learn({ method, params = {}, result = {} }: z.output<typeof heard>): void {
    const learn = (name: keyof KnownValues, value: unknown) => {
      if (typeof value === 'string') this.#known = { ...this.#known, [name]: value };
    };
    for (const name of ['producerId', 'participantId', 'resumeToken'] as const) learn(name, result[name]);
    if (method === 'consumer.new') learn('consumerId', params.consumerId);
    if (method !== 'leg.open') return;
    const leg = legHeard.safeParse(params);
    if (leg.success) this.#settleIn(leg.data);
  }

  /** What an ordinary participant does with a new leg. */
  #settleIn({ legId, routerRtpCapabilities, sendTransport }: z.output<typeof legHeard>): void {
    count(this.#options.tally.joins, 'legs');
    this.#known = { ...this.#known, legId, transportId: sendTransport.id };
    this.#call('leg.ready', { legId, rtpCapabilities: routerRtpCapabilities });
    const sources = [
      ['microphone', 'audio', { mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }],
      ['camera', 'video', { mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000 }],
    ] as const;
    for (const [source, kind, codec] of sources) {
      this.#call('producer.create', {
        legId,
        transportId: sendTransport.id,
        source,
        kind,
        paused: false,
        rtpParameters: { codecs: [codec], encodings: [{ ssrc: kind === 'audio' ? 11 : 12 }] },
      });
    }
  }

  #call(method: string, params: unknown): void {
    this.#socket?.send(JSON.stringify({ jsonrpc: '2.0', id: method, method, params }));
  }
}
