import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';

/** Method numbers of RFC 8489 and RFC 8656. */
const methods = { allocate: 0x003, createPermission: 0x008 } as const;
const attributes = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  xorPeerAddress: 0x0012,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedTransport: 0x0019,
} as const;
const COOKIE = 0x2112a442;
const UDP_PROTOCOL = 17;

export interface Answer {
  /** 0: success. */
  readonly error: number;
  readonly attributes: ReadonlyMap<number, Buffer>;
}

/** The least TURN client that can show what a server grants: an allocation, and permissions on it. */
export class TurnClient {
  readonly #exchange: (request: Buffer) => Promise<Buffer>;
  readonly #credentials: { readonly username: string; readonly password: string } | undefined;
  readonly #close: () => void;
  #realm = '';
  #nonce: Buffer = Buffer.alloc(0);

  private constructor(
    exchange: (request: Buffer) => Promise<Buffer>,
    close: () => void,
    credentials: { readonly username: string; readonly password: string } | undefined,
  ) {
    this.#exchange = exchange;
    this.#close = close;
    this.#credentials = credentials;
  }

  static async udp(port: number, credentials?: { username: string; password: string }): Promise<TurnClient> {
    const socket = createSocket('udp4');
    const exchange = async (request: Buffer): Promise<Buffer> => {
      const answered = once(socket, 'message', { signal: AbortSignal.timeout(3000) });
      socket.send(request, port, '127.0.0.1');
      const [message]: unknown[] = await answered;
      if (!Buffer.isBuffer(message)) throw new Error('no message');
      return message;
    };
    return new TurnClient(exchange, () => socket.close(), credentials);
  }

  static async tls(port: number, credentials?: { username: string; password: string }): Promise<TurnClient> {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(3000) });
    const exchange = async (request: Buffer): Promise<Buffer> => {
      const answered = once(socket, 'data', { signal: AbortSignal.timeout(3000) });
      socket.write(request);
      const [message]: unknown[] = await answered;
      if (!Buffer.isBuffer(message)) throw new Error('no message');
      return message;
    };
    return new TurnClient(exchange, () => socket.destroy(), credentials);
  }

  /** Asks for a relay address; answers the challenge when there are credentials. */
  async allocate(): Promise<Answer> {
    const transport = attribute(attributes.requestedTransport, Buffer.from([UDP_PROTOCOL, 0, 0, 0]));
    const first = await this.#request(methods.allocate, [transport]);
    if (first.error !== 401 || !this.#credentials) return first;
    this.#realm = String(first.attributes.get(attributes.realm) ?? '');
    this.#nonce = first.attributes.get(attributes.nonce) ?? this.#nonce;
    return this.#request(methods.allocate, [transport]);
  }

  /** Asks to be allowed to send to this IPv4 address. */
  createPermission(peer: string): Promise<Answer> {
    const address = peer.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    const value = Buffer.alloc(8);
    value.writeUInt8(1, 1);
    value.writeUInt16BE(9 ^ (COOKIE >>> 16), 2);
    value.writeUInt32BE((address ^ COOKIE) >>> 0, 4);
    return this.#request(methods.createPermission, [attribute(attributes.xorPeerAddress, value)]);
  }

  close(): void {
    this.#close();
  }

  async #request(method: number, own: readonly Buffer[]): Promise<Answer> {
    const id = randomBytes(12);
    const signed = this.#credentials && this.#nonce.length > 0 ? this.#credentials : undefined;
    const body = Buffer.concat([
      ...own,
      ...(signed
        ? [
            attribute(attributes.username, Buffer.from(signed.username)),
            attribute(attributes.realm, Buffer.from(this.#realm)),
            attribute(attributes.nonce, this.#nonce),
          ]
        : []),
    ]);
    if (!signed) return decode(await this.#exchange(Buffer.concat([header(method, body.length, id), body])));
    const key = createHash('md5').update(`${signed.username}:${this.#realm}:${signed.password}`).digest();
    const covered = Buffer.concat([header(method, body.length + 24, id), body]);
    const integrity = attribute(
      attributes.messageIntegrity,
      createHmac('sha1', key).update(covered).digest(),
    );
    return decode(await this.#exchange(Buffer.concat([covered, integrity])));
  }
}

function header(method: number, length: number, id: Buffer): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16BE(method, 0);
  bytes.writeUInt16BE(length, 2);
  bytes.writeUInt32BE(COOKIE, 4);
  return Buffer.concat([bytes, id]);
}

function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

function decode(message: Buffer): Answer {
  const found = new Map<number, Buffer>();
  for (let at = 20; at + 4 <= message.length; ) {
    const length = message.readUInt16BE(at + 2);
    found.set(message.readUInt16BE(at), message.subarray(at + 4, at + 4 + length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  const code = found.get(attributes.errorCode);
  return { error: code ? code.readUInt8(2) * 100 + code.readUInt8(3) : 0, attributes: found };
}
