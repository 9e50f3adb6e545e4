import { once } from 'node:events';
import { NodeLinks } from '@holdfast/media-server/control-plane/gateway/node-links.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { refuseAll } from '../refuse-all.ts';
import { silentLog } from '../silent-log.ts';

describe('the link to a node', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  /** Answers the hello and nothing else. */
  async function serve(nodeId: string, options: { autoPong: boolean }) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
    ends.push(() => server.close());
    await once(server, 'listening');
    server.on('connection', (socket) => {
      socket.once('message', (text) => {
        const { id } = JSON.parse(String(text));
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: { nodeId } }));
      });
    });
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    return { nodeId: 'n1', rpcUrl: `ws://127.0.0.1:${port}/rpc` };
  }

  function links(pingMs: number) {
    const gone = Promise.withResolvers<string>();
    const made = new NodeLinks({
      replicaId: 'r1',
      clusterToken: 'cluster-token',
      pingMs,
      handlers: () => refuseAll,
      onOpen: () => {},
      onGone: (nodeId, reason) => gone.resolve(`${nodeId}: ${reason}`),
      log: silentLog,
    });
    ends.push(() => made.close());
    return { made, gone: gone.promise };
  }

  it('is gone when three pings in a row are not answered, and its requests fail at once', async () => {
    const node = await serve('n1', { autoPong: false });
    const { made, gone } = links(20);
    const socket = await made.get(node);
    await expect(socket.request('leg.close', { legId: 'n1:1' })).rejects.toHaveProperty(
      'code',
      'CONNECTION_CLOSED',
    );
    expect(await gone).toMatch(/^n1: no answer to 3 pings/);
    expect(made.linked('n1')).toBeUndefined();
  });

  it('is one for everybody who asks for it', async () => {
    const node = await serve('n1', { autoPong: true });
    const { made } = links(0);
    const [first, second] = await Promise.all([made.get(node), made.get(node)]);
    expect(first).toBe(second);
    expect(await made.get(node)).toBe(first);
  });

  it('that broke is reported even when it was dialled anew before that was noticed', async () => {
    const node = await serve('n1', { autoPong: true });
    const { made, gone } = links(0);
    const first = await made.get(node);
    first.close('begins to close');
    const second = await made.get(node);
    expect(second).not.toBe(first);
    expect(await gone).toMatch(/^n1: /);
    expect(made.linked('n1')).toBe(second);
  });

  it('is not made with whoever else answers at that address', async () => {
    const node = await serve('n7', { autoPong: true });
    await expect(links(0).made.get(node)).rejects.toMatchObject({
      code: 'NODE_UNREACHABLE',
      message: expect.stringContaining('n7 answers there'),
    });
  });
});
