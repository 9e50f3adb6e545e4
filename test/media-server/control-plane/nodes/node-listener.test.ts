import { dialRpc } from '@holdfast/media-server/process/rpc-socket.ts';

import {
  INTERNAL_VERSION,
  registryClientContract,
  registryContract,
} from '@holdfast/media-server/protocol/index.ts';

import { relaysNothing } from '@holdfast/media-server/registration/relays-nothing.ts';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localMachine } from '../../machine-kind.ts';
import { oneWorker, someLoad } from '../../node-facts.ts';
import { eventually, Platform, secrets } from '../platform.ts';

describe('the listener for media nodes', () => {
  let platform: Platform;
  beforeEach(async () => {
    platform = await Platform.start();
  });
  afterEach(() => platform.close());

  const dial = (token: string, path = '/internal/nodes') =>
    dialRpc(`ws://127.0.0.1:${platform.controlPlane.internalPort}${path}`, token, {
      local: registryClientContract,
      remote: registryContract,
      handlers: {
        'node.drain': () => ({ state: 'draining' as const }),
        'node.cancelDrain': () => ({ state: 'active' as const }),
        'relay.end': relaysNothing,
      },
      pingMs: 0,
    });
  const facts = {
    drain: { state: 'active' as const },
    load: someLoad(),
    meetings: [],
  };
  const registration = (nodeId: string) => ({
    nodeId,
    rpcUrl: 'ws://127.0.0.1:1/rpc',
    generation: 'g1',
    version: '1',
    startedAtMs: 1,
    ...localMachine,
    capacity: oneWorker,
    ...facts,
  });

  it('lets in whoever has the cluster token, and nobody else', async () => {
    await expect(dial('wrong')).rejects.toHaveProperty('code', 'UNAUTHENTICATED');
    await expect(dial(secrets.HOLDFAST_CLUSTER_TOKEN, '/else')).rejects.toHaveProperty(
      'code',
      'NODE_UNREACHABLE',
    );
    const socket = await dial(secrets.HOLDFAST_CLUSTER_TOKEN);
    expect(await socket.request('node.register', registration('n1'))).toEqual({
      heartbeatMs: 100,
      resumeMs: 30_000,
      protocol: INTERNAL_VERSION,
      superseded: [],
      adopt: [],
    });
    socket.close('done');
  });

  it('speaks with machines of the neighbouring version, and with no others', async () => {
    const socket = await dial(secrets.HOLDFAST_CLUSTER_TOKEN);
    const newer = { ...registration('n1'), protocol: INTERNAL_VERSION + 1 };
    await expect(socket.request('node.register', newer)).resolves.toMatchObject({
      protocol: INTERNAL_VERSION,
    });
    const tooNew = { ...registration('n1'), protocol: INTERNAL_VERSION + 2 };
    await expect(socket.request('node.register', tooNew)).rejects.toHaveProperty('code', 'BAD_REQUEST');
    socket.close('done');
  });

  it('takes what a newer machine says besides for nothing, and one that says no version for the first', async () => {
    const socket = await dial(secrets.HOLDFAST_CLUSTER_TOKEN);
    const other = { ...registration('n1'), inventedLater: { some: 'thing' } };
    await expect(socket.request('node.register', other)).resolves.toMatchObject({ heartbeatMs: 100 });
    socket.close('done');
  });

  it('sends one that it does not know back to registering', async () => {
    const socket = await dial(secrets.HOLDFAST_CLUSTER_TOKEN);
    const heartbeat = { nodeId: 'n1', ...facts };
    await expect(socket.request('node.heartbeat', heartbeat)).rejects.toHaveProperty('code', 'NODE_UNKNOWN');
    await socket.request('node.register', registration('n1'));
    await expect(socket.request('node.heartbeat', heartbeat)).resolves.toEqual({ superseded: [], adopt: [] });
    // Nobody speaks for another node.
    const foreign = socket.request('node.heartbeat', { ...heartbeat, nodeId: 'n2' });
    await expect(foreign).rejects.toHaveProperty('code', 'NODE_UNKNOWN');
    socket.close('done');
  });

  it('holds to the newest connection of a node', async () => {
    const old = await dial(secrets.HOLDFAST_CLUSTER_TOKEN);
    await old.request('node.register', registration('n1'));
    const newer = await dial(secrets.HOLDFAST_CLUSTER_TOKEN);
    await newer.request('node.register', registration('n1'));
    await old.closed;
    expect((await platform.operator('POST', '/v1/nodes/n1/drain')).status).toBe(202);
    newer.close('done');
  });

  it('cuts off a node that has fallen silent, so that it registers anew with all it holds', async () => {
    await platform.close();
    platform = await Platform.start({ timing: { nodeLostMs: 200 } });
    const socket = await dial(secrets.HOLDFAST_CLUSTER_TOKEN);
    await socket.request('node.register', registration('n1'));
    await socket.closed;
    await eventually(async () => (await platform.metric('holdfast_nodes{state="unreachable"}')) === 1);
  });

  it('forgets a node that says goodbye', async () => {
    const socket = await dial(secrets.HOLDFAST_CLUSTER_TOKEN);
    await socket.request('node.register', registration('n1'));
    socket.notify('node.leaving', { nodeId: 'n1' });
    await eventually(
      async () => (await (await platform.operator('GET', '/v1/nodes')).json()).nodes.length === 0,
    );
    socket.close('done');
  });
});
