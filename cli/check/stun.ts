import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { crc32 } from 'node:zlib';

/** STUN messages (RFC 8489) and the attributes of TURN (RFC 8656) and ICE (RFC 8445) that are needed here. */
export const methods = { binding: 1, allocate: 3, send: 6, data: 7, createPermission: 8 } as const;
export type Method = keyof typeof methods;
const classes = { request: 0x000, indication: 0x010, success: 0x100, error: 0x110 } as const;
export type MessageClass = keyof typeof classes;

export const attributes = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  xorPeerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  requestedAddressFamily: 0x0017,
  requestedTransport: 0x0019,
  priority: 0x0024,
  fingerprint: 0x8028,
  iceControlling: 0x802a,
} as const;

const COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
const INTEGRITY_BYTES = 24;
const FINGERPRINT_BYTES = 8;
const FINGERPRINT_XOR = 0x5354554e;

export interface Outgoing {
  readonly method: Method;
  readonly kind: MessageClass;
  /** 12 bytes. */
  readonly id: Buffer;
  readonly attributes: readonly (readonly [type: number, value: Buffer])[];
  /** Signs it. */
  readonly key?: Buffer;
  readonly fingerprint?: boolean;
}

export function encode(message: Outgoing): Buffer {
  const { attributes: own, key, fingerprint = false } = message;
  let bytes = Buffer.concat([header(message), ...own.map(([type, value]) => attribute(type, value))]);
  if (key) {
    setLength(bytes, bytes.length + INTEGRITY_BYTES);
    const sum = createHmac('sha1', key).update(bytes).digest();
    bytes = Buffer.concat([bytes, attribute(attributes.messageIntegrity, sum)]);
  }
  if (fingerprint) {
    setLength(bytes, bytes.length + FINGERPRINT_BYTES);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE((crc32(bytes) ^ FINGERPRINT_XOR) >>> 0);
    bytes = Buffer.concat([bytes, attribute(attributes.fingerprint, sum)]);
  }
  setLength(bytes, bytes.length);
  return bytes;
}

export interface Incoming {
  readonly method: number;
  readonly kind: MessageClass;
  readonly id: Buffer;
  readonly attributes: ReadonlyMap<number, Buffer>;
  /** 0: none. */
  readonly error: number;
}

/** @returns undefined for what is no STUN message */
export function decode(bytes: Buffer): Incoming | undefined {
  const length = messageLength(bytes);
  if (length === undefined || bytes.length < length || bytes.readUInt32BE(4) !== COOKIE) return undefined;
  const type = bytes.readUInt16BE(0);
  const kind = kindOf(type & 0x110);
  if (!kind) return undefined;
  const found = new Map<number, Buffer>();
  for (let at = HEADER_BYTES; at + 4 <= length; ) {
    const size = bytes.readUInt16BE(at + 2);
    if (at + 4 + size > length) return undefined;
    found.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + size));
    at += 4 + padded(size);
  }
  const code = found.get(attributes.errorCode);
  const error = code && code.length >= 4 ? code.readUInt8(2) * 100 + code.readUInt8(3) : 0;
  return { method: type & 0xf, kind, id: bytes.subarray(8, HEADER_BYTES), attributes: found, error };
}

/** Of the message that begins here, with its header; undefined: too few bytes to tell, or none. */
export function messageLength(bytes: Buffer): number | undefined {
  if (bytes.length < HEADER_BYTES || (bytes.readUInt8(0) & 0xc0) !== 0) return undefined;
  return HEADER_BYTES + padded(bytes.readUInt16BE(2));
}

/** XOR-PEER-ADDRESS and its like. */
export function xorAddress(host: string, port: number, id: Buffer): Buffer {
  const address = addressBytes(host);
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(COOKIE);
  id.copy(mask, 4);
  const value = Buffer.alloc(4 + address.length);
  value.writeUInt8(isIPv6(host) ? 2 : 1, 1);
  value.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  for (const [index, byte] of address.entries()) value.writeUInt8(byte ^ (mask[index] ?? 0), 4 + index);
  return value;
}

function addressBytes(host: string): Buffer {
  if (!isIPv6(host)) return Buffer.from(host.split('.').map(Number));
  // The URL parser writes every IPv6 address in the same form: hexadecimal groups, one gap at most.
  const written = new URL(`http://[${host}]`).hostname.slice(1, -1);
  const [front = '', back = ''] = written.split('::');
  const groups = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(front), groups(back)];
  const gap = Array.from({ length: 8 - first.length - last.length }, () => 0);
  return Buffer.from([...first, ...gap, ...last].flatMap((group) => [group >> 8, group & 255]));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function kindOf(bits: number): MessageClass | undefined {
  const known: readonly MessageClass[] = ['request', 'indication', 'success', 'error'];
  return known.find((kind) => classes[kind] === bits);
}

function header({ method, kind, id }: Outgoing): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16BE(methods[method] | classes[kind], 0);
  bytes.writeUInt32BE(COOKIE, 4);
  return Buffer.concat([bytes, id]);
}

/** The length that a sum covers is that of the message up to and with the sum. */
function setLength(bytes: Buffer, total: number): void {
  bytes.writeUInt16BE(total - HEADER_BYTES, 2);
}

function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + padded(value.length));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

const padded = (size: number) => Math.ceil(size / 4) * 4;
