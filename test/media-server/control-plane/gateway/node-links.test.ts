import { once } from 'node:events';
import { NodeLinks } from '@holdfast/media-server/control-plane/gateway/node-links.ts';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { refuseAll } from '../refuse-all.ts';
import { silentLog } from '../silent-log.ts';

describe('the link to a node', () => {
  it('is gone when three pings in a row are not answered, and its requests fail at once', async () => {
    // Speaks like a node until it hangs: autoPong is off, as when the whole machine stands still.
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
    await once(server, 'listening');
    server.on('connection', (socket) => {
      socket.once('message', (text) => {
        const { id } = JSON.parse(String(text));
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: { nodeId: 'n1' } }));
      });
    });
    const address = server.address();
    const rpcUrl = `ws://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/rpc`;
    const gone = Promise.withResolvers<string>();
    const links = new NodeLinks({
      replicaId: 'r1',
      clusterToken: 'cluster-token',
      pingMs: 20,
      handlers: () => refuseAll,
      onGone: (nodeId, reason) => gone.resolve(`${nodeId}: ${reason}`),
      log: silentLog,
    });
    const socket = await links.get({ nodeId: 'n1', rpcUrl });
    const waiting = socket.request('leg.close', { legId: 'n1:1' });
    await expect(waiting).rejects.toHaveProperty('code', 'CONNECTION_CLOSED');
    expect(await gone.promise).toMatch(/^n1: no answer to 3 pings/);
    expect(links.linked('n1')).toBeUndefined();
    await links.close();
    server.close();
  });

  it('is not made with whoever else answers at that address', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    server.on('connection', (socket) => {
      socket.once('message', (text) => {
        const { id } = JSON.parse(String(text));
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: { nodeId: 'n7' } }));
      });
    });
    const address = server.address();
    const rpcUrl = `ws://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/rpc`;
    const links = new NodeLinks({
      replicaId: 'r1',
      clusterToken: 'cluster-token',
      pingMs: 0,
      handlers: () => refuseAll,
      onGone: () => {},
      log: silentLog,
    });
    await expect(links.get({ nodeId: 'n1', rpcUrl })).rejects.toMatchObject({
      code: 'NODE_UNREACHABLE',
      message: expect.stringContaining('n7 answers there'),
    });
    await links.close();
    server.close();
  });
});
