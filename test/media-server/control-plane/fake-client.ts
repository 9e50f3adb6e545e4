import { once } from 'node:events';
import { RpcSocket } from '@holdfast/media-server/process/rpc-socket.ts';
import {
  type ConsumerNew,
  clientContract,
  gatewayContract,
  type LegOpen,
  type ParamsOf,
  PROTOCOL_VERSION,
  type ResultOf,
} from '@holdfast/media-server/protocol/index.ts';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { someRtpParameters } from '../media-descriptions.ts';

type Close = ParamsOf<typeof clientContract, 'leg.close'>;

/** A participant's browser without media: publishes a camera on each leg and takes what it is offered. */
export class FakeClient {
  /** Everything it was told, in the order of the wire, the answers to join and resume among it. */
  readonly told: string[] = [];
  readonly legs = new Map<string, LegOpen>();
  readonly closed: Close[] = [];
  /** What it was told of while its legs lived. */
  readonly iceServers: ParamsOf<typeof clientContract, 'leg.iceServers'>[] = [];
  readonly consumers: ConsumerNew[] = [];
  closeCode: number | undefined;
  closing: { readonly withinMs: number; readonly spreadMs?: number | undefined } | undefined;
  resumeToken = '';
  participantId = '';
  #socket: WebSocket | undefined;
  #rpc: RpcSocket<typeof clientContract, typeof gatewayContract> | undefined;

  /** Opens the WebSocket and says nothing yet. */
  async connect(port: number): Promise<this> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/signal`);
    this.#socket = socket;
    this.closeCode = undefined;
    socket.on('message', (data) => this.told.push(...inShort(String(data))));
    this.#rpc = new RpcSocket(socket, {
      local: clientContract,
      remote: gatewayContract,
      pingMs: 0,
      handlers: {
        'leg.open': (leg) => this.#opened(leg),
        'leg.close': (close) => {
          this.closed.push(close);
          this.legs.delete(close.legId);
        },
        'leg.iceServers': (servers) => {
          this.iceServers.push(servers);
        },
        'consumer.new': (consumer) => {
          this.consumers.push(consumer);
          return this.#receive(consumer);
        },
        'consumer.closed': () => {},
        'consumer.paused': () => {},
        'consumer.resumed': () => {},
        'participant.joined': () => {},
        'participant.left': () => {},
        'gateway.closing': (closing) => {
          this.closing = closing;
        },
      },
    });
    socket.once('close', (code) => {
      this.closeCode = code;
    });
    await once(socket, 'open');
    return this;
  }

  get rpc(): RpcSocket<typeof clientContract, typeof gatewayContract> {
    if (!this.#rpc) throw new Error('not connected');
    return this.#rpc;
  }

  async join(token: string): Promise<ResultOf<typeof gatewayContract, 'join'>> {
    const answer = await this.rpc.request('join', { protocol: PROTOCOL_VERSION, token });
    this.resumeToken = answer.resumeToken;
    this.participantId = answer.participantId;
    return answer;
  }

  async resume(legs = [...this.legs.values()]): Promise<ResultOf<typeof gatewayContract, 'resume'>> {
    const answer = await this.rpc.request('resume', {
      protocol: PROTOCOL_VERSION,
      resumeToken: this.resumeToken,
      legs: legs.map(({ legId, nodeId, epoch }) => ({ legId, nodeId, epoch })),
    });
    this.resumeToken = answer.resumeToken;
    for (const { legId } of legs)
      if (!answer.legs.some((leg) => leg.legId === legId)) this.legs.delete(legId);
    return answer;
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  /** The network is gone; nobody says goodbye. */
  async drop(): Promise<void> {
    this.#socket?.terminate();
    await this.#rpc?.closed;
  }

  /** Its network has forgotten the connection: it looks open, and nothing arrives. */
  fallSilent(): void {
    this.#socket?.pause();
  }

  get open(): boolean {
    return this.#rpc?.open === true;
  }

  /** "n1@1 join" for each leg it has. */
  get legsShort(): string[] {
    return [...this.legs.values()].map(({ nodeId, epoch, reason }) => `${nodeId}@${epoch} ${reason}`);
  }

  async #opened(leg: LegOpen): Promise<void> {
    this.legs.set(leg.legId, leg);
    const { legId } = leg;
    try {
      await this.rpc.request('leg.ready', { legId, rtpCapabilities: { codecs: [] } });
      await this.rpc.request('producer.create', {
        legId,
        transportId: leg.sendTransport.id,
        source: 'camera',
        kind: 'video',
        rtpParameters: someRtpParameters('video'),
        paused: false,
      });
      this.rpc.notify('leg.published', { legId });
    } catch {
      // The node died meanwhile; the gateway opens another leg.
    }
  }

  async #receive({ legId, consumerId, participantId, source }: ConsumerNew): Promise<void> {
    try {
      await this.rpc.request('consumer.ready', { legId, consumerId });
      this.rpc.notify('leg.switched', { legId, participantId, source });
    } catch {
      // As above.
    }
  }
}

const message = z.object({
  method: z.string().optional(),
  params: z
    .object({
      reason: z.string(),
      participantId: z.string(),
      participant: z.object({ participantId: z.string() }),
    })
    .partial()
    .optional(),
  result: z.object({ resumeToken: z.string(), resumeWithinMs: z.number() }).partial().optional(),
});

/** "leg.open join", "participant.left bob", "join answered"; nothing for answers that every request has. */
function inShort(text: string): string[] {
  const { method, params, result } = message.parse(JSON.parse(text));
  if (method !== undefined) {
    const about = params?.reason ?? params?.participantId ?? params?.participant?.participantId;
    return [about === undefined ? method : `${method} ${about}`];
  }
  if (result?.resumeToken === undefined) return [];
  return [result.resumeWithinMs === undefined ? 'resume answered' : 'join answered'];
}
