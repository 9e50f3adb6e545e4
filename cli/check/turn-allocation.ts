import { createHash, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { Exchange } from './exchange.ts';
import { attributes, decode, encode, type Incoming, type Method, methods, xorAddress } from './stun.ts';
import type { Wire } from './wire.ts';

export interface TurnCredentials {
  readonly username: string;
  readonly credential: string;
}

const UDP = 17;
const FAMILY = { 4: 1, 6: 2 } as const;
const UNAUTHENTICATED = 401;
const STALE_NONCE = 438;

/** What a TURN server refuses, in its own number. */
export class TurnRefusal extends Error {
  override readonly name = 'TurnRefusal';

  constructor(what: string, error: number) {
    super(`the TURN server refuses ${what} (${error}${reasons[error] ?? ''})`);
  }
}

const reasons: Readonly<Record<number, string>> = {
  401: ': wrong credentials',
  403: ': forbidden',
  440: ': not this family of addresses',
  486: ': quota reached',
  508: ': no port is free',
};

/** A relay address at a TURN server, as long as the wire to it is open. */
export class TurnAllocation {
  readonly #wire: Wire;
  readonly #credentials: TurnCredentials;
  readonly #exchange: Exchange;
  #realm = Buffer.alloc(0);
  #nonce = Buffer.alloc(0);
  /** What a peer has sent. */
  onData: (data: Buffer) => void = () => {};

  private constructor(wire: Wire, credentials: TurnCredentials) {
    this.#wire = wire;
    this.#credentials = credentials;
    this.#exchange = new Exchange(wire);
    wire.onMessage = (bytes) => {
      if (this.#exchange.heard(bytes)) return;
      const message = decode(bytes);
      const data = message?.method === methods.data ? message.attributes.get(attributes.data) : undefined;
      if (data) this.onData(data);
    };
  }

  /** @throws TurnRefusal; what the signal says when there is no answer */
  static async make(
    wire: Wire,
    options: { readonly credentials: TurnCredentials; readonly peer: string; readonly signal: AbortSignal },
  ): Promise<TurnAllocation> {
    const { credentials, peer, signal } = options;
    const allocation = new TurnAllocation(wire, credentials);
    const wanted: [number, Buffer][] = [
      [attributes.requestedTransport, Buffer.from([UDP, 0, 0, 0])],
      [attributes.requestedAddressFamily, Buffer.from([isIPv6(peer) ? FAMILY[6] : FAMILY[4], 0, 0, 0])],
    ];
    await allocation.#authenticated('allocate', 'an allocation', wanted, signal);
    return allocation;
  }

  /** From now on this peer may send, and is sent to. */
  async permit(peer: string, signal: AbortSignal): Promise<void> {
    const own = (id: Buffer): [number, Buffer][] => [[attributes.xorPeerAddress, xorAddress(peer, 0, id)]];
    await this.#authenticated('createPermission', `sending to ${peer}`, own, signal);
  }

  send(peer: string, port: number, data: Buffer): void {
    const id = randomBytes(12);
    const own: [number, Buffer][] = [
      [attributes.xorPeerAddress, xorAddress(peer, port, id)],
      [attributes.data, data],
    ];
    this.#wire.send(encode({ method: 'send', kind: 'indication', id, attributes: own }));
  }

  async #authenticated(
    method: Method,
    what: string,
    own: readonly [number, Buffer][] | ((id: Buffer) => readonly [number, Buffer][]),
    signal: AbortSignal,
  ): Promise<void> {
    // The first request is answered with what the second must carry.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const { answer } = await this.#ask(method, own, signal);
      if (answer.kind === 'success') return;
      const challenged = answer.error === STALE_NONCE || (answer.error === UNAUTHENTICATED && attempt === 0);
      if (!challenged) throw new TurnRefusal(what, answer.error);
      this.#learn(answer);
    }
    throw new TurnRefusal(what, STALE_NONCE);
  }

  #ask(
    method: Method,
    own: readonly [number, Buffer][] | ((id: Buffer) => readonly [number, Buffer][]),
    signal: AbortSignal,
  ) {
    const id = randomBytes(12);
    const listed = typeof own === 'function' ? own(id) : own;
    if (this.#nonce.length === 0) return this.#exchange.request({ method, id, attributes: listed }, signal);
    const { username, credential } = this.#credentials;
    const key = createHash('md5').update(`${username}:${this.#realm}:${credential}`).digest();
    const login: [number, Buffer][] = [
      [attributes.username, Buffer.from(username)],
      [attributes.realm, this.#realm],
      [attributes.nonce, this.#nonce],
    ];
    return this.#exchange.request({ method, id, attributes: [...listed, ...login], key }, signal);
  }

  #learn({ attributes: told }: Incoming): void {
    this.#realm = Buffer.from(told.get(attributes.realm) ?? this.#realm);
    this.#nonce = Buffer.from(told.get(attributes.nonce) ?? this.#nonce);
  }
}
