import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { clientAddress } from '@holdfast/media-server/process/client-address.ts';
import { expect, it } from 'vitest';

function from(remoteAddress: string, forwarded?: string): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
  const request = new IncomingMessage(socket);
  if (forwarded !== undefined) request.headers['x-forwarded-for'] = forwarded;
  return request;
}

it.each([
  ['the peer, when no proxy is trusted', [], '192.0.2.1', '198.51.100.7', '192.0.2.1'],
  ['the peer, when it is not the trusted one', ['10.0.0.0/8'], '192.0.2.1', '198.51.100.7', '192.0.2.1'],
  ['what a trusted proxy says', ['10.0.0.0/8'], '10.1.2.3', '198.51.100.7', '198.51.100.7'],
  ['what it adds, not what it was sent', ['10.0.0.0/8'], '10.1.2.3', '1.1.1.1, 198.51.100.7', '198.51.100.7'],
  ['through two trusted ones', ['10.0.0.0/8'], '10.1.2.3', '198.51.100.7, 10.9.9.9', '198.51.100.7'],
  ['the proxy, when it says nothing', ['10.1.2.3'], '10.1.2.3', undefined, '10.1.2.3'],
  ['the proxy, when it says nonsense', ['10.1.2.3'], '10.1.2.3', 'unknown', '10.1.2.3'],
  ['IPv4 written as IPv6', ['10.0.0.0/8'], '::ffff:10.1.2.3', '198.51.100.7', '198.51.100.7'],
  ['IPv6 by its /64', [], '2001:db8:1:2:3:4:5:6', undefined, '2001:db8:1:2::/64'],
  ['the same /64, written short', [], '2001:0db8:1:2::9', undefined, '2001:db8:1:2::/64'],
  ['loopback', [], '::1', undefined, '0:0:0:0::/64'],
  ['behind a trusted IPv6 proxy', ['2001:db8:ffff::/48'], '2001:db8:ffff::1', '192.0.2.9', '192.0.2.9'],
])('%s', (_, trusted, peer, forwarded, expected) => {
  expect(clientAddress(trusted)(from(peer, forwarded))).toBe(expected);
});
