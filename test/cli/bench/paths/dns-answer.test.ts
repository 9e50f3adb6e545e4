import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dnsAnswer } from '../../../../cli/bench/paths/dns-answer.ts';

const table = new Map([
  ['turn.example.org', '198.51.100.20'],
  ['six.example.org', '2001:db8:51::20'],
]);
const socket = createSocket('udp4', (query, { port, address }) => {
  const answer = dnsAnswer(query, table);
  if (answer) socket.send(answer, port, address);
});
const resolver = new Resolver({ tries: 1, timeout: 5000 });
beforeAll(async () => {
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
});
afterAll(() => socket.close());

describe('the name server of the bed', () => {
  it('knows the addresses of its table', async () => {
    expect(await resolver.resolve4('turn.example.org')).toEqual(['198.51.100.20']);
    expect(await resolver.resolve6('six.example.org')).toEqual(['2001:db8:51::20']);
  });

  it('says at once what is not there', async () => {
    await expect(resolver.resolve6('turn.example.org')).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolver.resolve4('elsewhere.example.org')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('hears anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        dnsAnswer(Buffer.from(bytes), table);
      }),
    );
  });
});
