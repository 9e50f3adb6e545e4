import { isIP } from 'node:net';

/** An address as a number of its family. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface AddressRange {
  readonly first: Address;
  readonly last: Address;
}

/** @returns undefined for what is no address. A scope ("%eth0") is none of an address that peers could have. */
export function parseAddress(text: string): Address | undefined {
  if (text.includes('%')) return undefined;
  switch (isIP(text)) {
    case 4:
      return { family: 4, value: fromV4(text) };
    case 6:
      return { family: 6, value: fromV6(text) };
    default:
      return undefined;
  }
}

/** `a` or `a-b`, as peers are given. @returns undefined for what is none, or runs backwards */
export function parseRange(text: string): AddressRange | undefined {
  const [from = '', to = from, ...more] = text.split('-');
  const first = parseAddress(from);
  const last = parseAddress(to);
  if (!first || !last || more.length > 0 || first.family !== last.family || first.value > last.value) {
    return undefined;
  }
  return { first, last };
}

/** Whether these ranges together hold all of `wanted`. */
export function covers(ranges: readonly AddressRange[], wanted: AddressRange): boolean {
  let next = wanted.first.value;
  const same = ranges
    .filter(({ first }) => first.family === wanted.first.family)
    .sort((a, b) => (a.first.value < b.first.value ? -1 : 1));
  for (const { first, last } of same) {
    if (first.value > next) return false;
    if (last.value >= next) next = last.value + 1n;
    if (next > wanted.last.value) return true;
  }
  return false;
}

export function overlap(a: AddressRange, b: AddressRange): boolean {
  return a.first.family === b.first.family && a.first.value <= b.last.value && b.first.value <= a.last.value;
}

/** `ip`, `ip:port` or `[ip6]:port`. */
export function parseEndpoint(text: string): { address: Address; port: number | undefined } | undefined {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const plain = /^([^:[\]]+)(?::(\d{1,5}))?$/.exec(text);
  const [, host = text, port] = bracketed ?? plain ?? [];
  const address = parseAddress(host);
  if (!address || (bracketed && address.family !== 6)) return undefined;
  if (port === undefined) return { address, port: undefined };
  const number = Number(port);
  return number >= 1 && number <= 65_535 ? { address, port: number } : undefined;
}

/** `public` or `public/private`. */
export function parseMapping(text: string): { external: Address; internal: Address | undefined } | undefined {
  const [external = '', internal, ...more] = text.split('/');
  const outside = parseAddress(external);
  if (!outside || more.length > 0) return undefined;
  if (internal === undefined) return { external: outside, internal: undefined };
  const inside = parseAddress(internal);
  return inside && { external: outside, internal: inside };
}

function fromV4(text: string): bigint {
  return text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function fromV6(text: string): bigint {
  // The last two groups may be written as an IPv4 address.
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const tail = dotted ? fromV4(dotted[2] ?? '') : 0n;
  const written = dotted
    ? `${dotted[1]}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`
    : text;
  const [head = '', rest] = written.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const left = groups(head);
  const right = rest === undefined ? [] : groups(rest);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}
