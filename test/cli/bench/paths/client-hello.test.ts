import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openingOf } from '../../../../cli/bench/paths/client-hello.ts';

/** What this Node's TLS says first to a server of that name. */
async function helloFor(servername: string): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const client = connect({ port, host: '127.0.0.1', servername });
  client.on('error', () => {});
  const [socket] = await once(server, 'connection');
  const [first]: unknown[] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  server.close();
  if (!Buffer.isBuffer(first)) throw new Error('nothing was said');
  return first;
}

describe('the first bytes of a connection', () => {
  it('tell the name that TLS asks for', async () => {
    expect(openingOf(await helloFor('turn.example.org'))).toEqual({ kind: 'tls', name: 'turn.example.org' });
  });

  it('tell nothing before all of them are there', async () => {
    const hello = await helloFor('turn.example.org');
    for (let length = 0; length < hello.length; length += 1) {
      expect(openingOf(hello.subarray(0, length))).toEqual({ kind: 'partial' });
    }
  });

  it('are no TLS when they begin like STUN or HTTP', () => {
    expect(openingOf(Buffer.from([0, 3, 0, 8, 0x21, 0x12, 0xa4, 0x42]))).toEqual({ kind: 'other' });
    expect(openingOf(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toEqual({ kind: 'other' });
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (rest) => {
        const bytes = Buffer.from([22, 3, 1, 0, rest.length, 1, ...rest]);
        expect(['tls', 'other', 'partial']).toContain(openingOf(bytes).kind);
      }),
    );
  });
});
