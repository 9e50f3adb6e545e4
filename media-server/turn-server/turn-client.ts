import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  attributes,
  type Endpoint,
  methods,
  peerAddress,
  readStunAnswer,
  type Signature,
  type StunAnswer,
  stunAttribute,
  stunIndication,
  stunLength,
  stunRequest,
  transactionIdOf,
  uint32,
} from './stun-message.ts';

export type TurnTransport = 'udp' | 'tcp' | 'tls';

export interface TurnClientOptions {
  readonly transport: TurnTransport;
  readonly port: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Of each answer, ms. Default 3000. */
  readonly timeoutMs?: number;
}

/** Carries messages and knows where one ends. */
interface Carrier {
  send(message: Buffer): void;
  onMessage(listener: (message: Buffer) => void): void;
  onBroken(listener: (error: Error) => void): void;
  close(): void;
  /** May lose messages, so requests are repeated. */
  readonly lossy: boolean;
}

const UDP_PROTOCOL = 17;
/** RFC 8489, 6.2.1. */
const REPEAT_MS = 500;
const UNAUTHORISED = 401;

/** The least TURN client that can show what a server grants: an allocation, permissions on it, and what it relays. */
export class TurnClient {
  readonly #carrier: Carrier;
  readonly #options: TurnClientOptions;
  readonly #waiting = new Map<string, (answer: StunAnswer) => void>();
  readonly #broken: Promise<never>;
  #challenge: Pick<Signature, 'realm' | 'nonce'> | undefined;

  private constructor(carrier: Carrier, options: TurnClientOptions) {
    this.#carrier = carrier;
    this.#options = options;
    this.#broken = new Promise((_, reject) => carrier.onBroken(reject));
    this.#broken.catch(() => {});
    carrier.onMessage((message) => {
      const answer = readStunAnswer(message);
      if (answer) this.#waiting.get(transactionIdOf(message))?.(answer);
    });
  }

  /** Rejects when there is nobody to connect to. */
  static async open(options: TurnClientOptions): Promise<TurnClient> {
    return new TurnClient(await carrierTo(options), options);
  }

  /** Asks for a relay address; answers the challenge when there are credentials. */
  async allocate(): Promise<StunAnswer> {
    const transport = stunAttribute(attributes.requestedTransport, Buffer.from([UDP_PROTOCOL, 0, 0, 0]));
    const first = await this.#request(methods.allocate, [transport]);
    if (first.error !== UNAUTHORISED || !this.#options.credentials) return first;
    this.#challenge = {
      realm: String(first.attributes.get(attributes.realm) ?? ''),
      nonce: first.attributes.get(attributes.nonce) ?? Buffer.alloc(0),
    };
    return this.#request(methods.allocate, [transport]);
  }

  /** Asks to be allowed to send to this IPv4 address. */
  createPermission(address: string): Promise<StunAnswer> {
    return this.#request(methods.createPermission, [peerAddress({ address, port: 9 })]);
  }

  /** Through the relay, to a peer that there is a permission for. Nobody says whether it arrived. */
  relay(peer: Endpoint, data: Buffer): void {
    const id = randomBytes(12);
    this.#carrier.send(
      stunIndication(methods.send, id, [peerAddress(peer), stunAttribute(attributes.data, data)]),
    );
  }

  /** Gives the allocation back at once, instead of when its lifetime is over. */
  release(): Promise<StunAnswer> {
    return this.#request(methods.refresh, [stunAttribute(attributes.lifetime, uint32(0))]);
  }

  close(): void {
    this.#carrier.close();
  }

  async #request(method: number, own: readonly Buffer[]): Promise<StunAnswer> {
    const { credentials, timeoutMs = 3000 } = this.#options;
    const id = randomBytes(12);
    const signature = credentials && this.#challenge && { ...credentials, ...this.#challenge };
    const message = stunRequest(method, id, own, signature);
    const key = transactionIdOf(message);
    const { promise, resolve, reject } = Promise.withResolvers<StunAnswer>();
    this.#waiting.set(key, resolve);
    const limit = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const repeat = this.#carrier.lossy
      ? setInterval(() => this.#carrier.send(message), REPEAT_MS)
      : undefined;
    try {
      this.#carrier.send(message);
      return await Promise.race([promise, this.#broken]);
    } finally {
      clearTimeout(limit);
      clearInterval(repeat);
      this.#waiting.delete(key);
    }
  }
}

function carrierTo(options: TurnClientOptions): Promise<Carrier> {
  const { transport, host = '127.0.0.1', port, timeoutMs = 3000 } = options;
  switch (transport) {
    case 'udp':
      return datagrams(host, port);
    case 'tcp':
      return stream(connect({ host, port }), 'connect', timeoutMs);
    case 'tls':
      // Who asks is on the same machine: this is about whether it relays, not about who it is.
      return stream(connectTls({ host, port, rejectUnauthorized: false }), 'secureConnect', timeoutMs);
  }
}

async function datagrams(host: string, port: number): Promise<Carrier> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const { promise: broken, reject } = Promise.withResolvers<never>();
  broken.catch(() => {});
  socket.on('error', reject);
  // A connected socket hears that nobody listens.
  socket.connect(port, host);
  await Promise.race([once(socket, 'connect'), broken]);
  return {
    lossy: true,
    send: (message) => socket.send(message),
    onMessage: (listener) => socket.on('message', listener),
    onBroken: (listener) => void broken.catch(listener),
    close: () => socket.close(),
  };
}

async function stream(socket: Socket, ready: string, timeoutMs: number): Promise<Carrier> {
  const { promise: broken, reject } = Promise.withResolvers<never>();
  broken.catch(() => {});
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the server has closed the connection')));
  try {
    await Promise.race([once(socket, ready, { signal: AbortSignal.timeout(timeoutMs) }), broken]);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return {
    lossy: false,
    send: (message) => void socket.write(message),
    onMessage: (listener) => {
      let heard = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        heard = Buffer.concat([heard, chunk]);
        for (let length = stunLength(heard); length && heard.length >= length; length = stunLength(heard)) {
          listener(heard.subarray(0, length));
          heard = heard.subarray(length);
        }
      });
    },
    onBroken: (listener) => void broken.catch(listener),
    close: () => socket.destroy(),
  };
}
