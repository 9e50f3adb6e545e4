import type { Socket } from '@holdfast/media-server/client/link.ts';
import {
  clientContract,
  gatewayContract,
  type Handlers,
  HoldfastError,
  RpcPeer,
} from '@holdfast/media-server/protocol/index.ts';

export const JOINED = {
  meetingId: 'm',
  participantId: 'me',
  displayName: 'Me',
  resumeToken: 'resume-1',
  resumeWithinMs: 30_000,
};

/** All that the events of a WebSocket carry. */
interface SocketEvent {
  readonly code: number;
  readonly reason: string;
  readonly data: unknown;
}

/** A WebSocket between the connection and the fake gateway; delivers in its own turn, like a real one. */
export class FakeSocket implements Socket {
  readonly #listeners: { readonly type: string; readonly listener: (event: SocketEvent) => void }[] = [];
  readyState = 0;
  readonly peer: RpcPeer<typeof gatewayContract, typeof clientContract>;
  /** The network swallows everything, and nobody says so. */
  dead = false;

  constructor(gateway: FakeGateway) {
    this.peer = new RpcPeer({
      local: gatewayContract,
      remote: clientContract,
      handlers: gateway.handlers(this),
      send: (text) => setTimeout(() => !this.dead && this.#emit('message', { data: text }), 1),
    });
    setTimeout(() => {
      if (gateway.refusing) {
        this.break();
        return;
      }
      this.readyState = 1;
      this.#emit('open', {});
    }, 1);
  }

  send(text: string): void {
    if (!this.dead) setTimeout(() => this.peer.receive(text), 1);
  }

  close(_code?: number, reason = ''): void {
    if (new TextEncoder().encode(reason).length > 123) throw new SyntaxError('the reason is too long');
    this.readyState = 3;
  }

  break(code = 1006): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#emit('close', { code, reason: '' });
  }

  addEventListener(type: string, listener: (event: SocketEvent) => void): void {
    this.#listeners.push({ type, listener });
  }

  #emit(type: string, fields: Partial<SocketEvent>): void {
    const event = { code: 0, reason: '', data: undefined, ...fields };
    for (const known of this.#listeners) if (known.type === type) known.listener(event);
  }
}

const ignore = () => {};

export class FakeGateway {
  readonly sockets: FakeSocket[] = [];
  readonly calls: string[] = [];
  readonly tokens: string[] = [];
  refusing = false;
  /** Each join brings another session. */
  joins = 0;
  /** What `join` or `resume` throws, once for each. */
  readonly errors: HoldfastError[] = [];
  /** Methods that are never answered. */
  readonly silent = new Set<string>();

  readonly open = (): FakeSocket => {
    const socket = new FakeSocket(this);
    this.sockets.push(socket);
    return socket;
  };

  get last(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('no socket yet');
    return socket;
  }

  handlers(socket: FakeSocket): Handlers<typeof gatewayContract> {
    const answer = async <R>(method: string, result: R): Promise<R> => {
      if (method !== 'ping') this.calls.push(`${this.sockets.indexOf(socket)}:${method}`);
      if (this.silent.has(method)) return new Promise<R>(() => {});
      const error = method === 'join' || method === 'resume' ? this.errors.shift() : undefined;
      if (error) throw error;
      return result;
    };
    const notAsked = () => {
      throw new HoldfastError('METHOD_UNKNOWN', 'this gateway is not asked that');
    };
    return {
      join: ({ token }) => {
        this.joins += 1;
        this.tokens.push(token);
        return answer('join', { ...JOINED, resumeToken: `resume-${this.joins}` });
      },
      resume: ({ legs, resumeToken }) =>
        answer('resume', {
          meetingId: 'm',
          participantId: 'me',
          resumeToken: `${resumeToken}+`,
          legs: legs.map((leg) => ({ ...leg, participants: [], producers: [], consumers: [] })),
        }),
      leave: () => answer('leave', {}),
      'producer.pause': () => answer('producer.pause', {}),
      'producer.create': () => answer('producer.create', { producerId: 'p' }),
      'producer.resume': notAsked,
      'producer.close': notAsked,
      'leg.ready': () => answer('leg.ready', {}),
      'transport.connect': notAsked,
      'transport.restartIce': notAsked,
      'consumer.ready': notAsked,
      'consumer.pause': notAsked,
      'consumer.resume': notAsked,
      'consumer.setPreferredLayers': notAsked,
      'leg.published': ignore,
      'leg.switched': notAsked,
      'leg.path': ignore,
      ping: () => answer('ping', {}),
      'leg.renew': ({ legId }) => answer(`leg.renew ${legId}`, {}),
      'consumer.stalled': notAsked,
    };
  }
}
