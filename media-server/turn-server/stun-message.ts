import { createHash, createHmac } from 'node:crypto';

/** Method numbers of RFC 8489 and RFC 8656. */
export const methods = { allocate: 0x003, refresh: 0x004, send: 0x006, createPermission: 0x008 } as const;
export const attributes = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  lifetime: 0x000d,
  xorPeerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedTransport: 0x0019,
} as const;
/** Added to the method of a message that nobody answers. */
const INDICATION = 0x010;
const COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
const INTEGRITY_BYTES = 24;

export interface StunAnswer {
  /** 0: success. */
  readonly error: number;
  readonly attributes: ReadonlyMap<number, Buffer>;
}

export interface Signature {
  readonly username: string;
  readonly password: string;
  readonly realm: string;
  readonly nonce: Buffer;
}

export interface Endpoint {
  /** IPv4. */
  readonly address: string;
  readonly port: number;
}

/** A request, signed with long-term credentials (RFC 8489, 9.2) when there is a signature. */
export function stunRequest(
  method: number,
  transactionId: Buffer,
  own: readonly Buffer[],
  signature?: Signature,
): Buffer {
  if (!signature) {
    const body = Buffer.concat(own);
    return Buffer.concat([header(method, body.length, transactionId), body]);
  }
  const { username, password, realm, nonce } = signature;
  const body = Buffer.concat([
    ...own,
    stunAttribute(attributes.username, Buffer.from(username)),
    stunAttribute(attributes.realm, Buffer.from(realm)),
    stunAttribute(attributes.nonce, nonce),
  ]);
  const key = createHash('md5').update(`${username}:${realm}:${password}`).digest();
  const covered = Buffer.concat([header(method, body.length + INTEGRITY_BYTES, transactionId), body]);
  const integrity = createHmac('sha1', key).update(covered).digest();
  return Buffer.concat([covered, stunAttribute(attributes.messageIntegrity, integrity)]);
}

/** A message that nobody answers. */
export function stunIndication(method: number, transactionId: Buffer, own: readonly Buffer[]): Buffer {
  return stunRequest(method | INDICATION, transactionId, own);
}

export function stunAttribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + padded(value.length));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** An XOR-PEER-ADDRESS of IPv4. */
export function peerAddress({ address, port }: Endpoint): Buffer {
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const value = Buffer.alloc(8);
  value.writeUInt8(1, 1);
  value.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  value.writeUInt32BE((number ^ COOKIE) >>> 0, 4);
  return stunAttribute(attributes.xorPeerAddress, value);
}

/** Whose answer this is. */
export const transactionIdOf = (message: Buffer): string => message.toString('hex', 8, HEADER_BYTES);

/** How long the first message in these bytes of a stream is; undefined: they do not tell yet. */
export function stunLength(bytes: Buffer): number | undefined {
  return bytes.length < 4 ? undefined : HEADER_BYTES + bytes.readUInt16BE(2);
}

/** @returns undefined for bytes that are no answer to a STUN request */
export function readStunAnswer(message: Buffer): StunAnswer | undefined {
  if (message.length < HEADER_BYTES || message.readUInt32BE(4) !== COOKIE) return undefined;
  const found = new Map<number, Buffer>();
  for (let at = HEADER_BYTES; at + 4 <= message.length; ) {
    const length = message.readUInt16BE(at + 2);
    found.set(message.readUInt16BE(at), message.subarray(at + 4, at + 4 + length));
    at += 4 + padded(length);
  }
  const code = found.get(attributes.errorCode);
  if (code && code.length < 4) return undefined;
  return { error: code ? code.readUInt8(2) * 100 + code.readUInt8(3) : 0, attributes: found };
}

function header(type: number, length: number, transactionId: Buffer): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(length, 2);
  bytes.writeUInt32BE(COOKIE, 4);
  return Buffer.concat([bytes, transactionId]);
}

const padded = (length: number) => Math.ceil(length / 4) * 4;
