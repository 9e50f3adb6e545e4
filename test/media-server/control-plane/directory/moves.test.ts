import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { dialRpc } from '@holdfast/media-server/process/rpc-socket.ts';
import {
  type HeldMeeting,
  registryClientContract,
  registryContract,
} from '@holdfast/media-server/protocol/index.ts';
import { relaysNothing } from '@holdfast/media-server/registration/relays-nothing.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localMachine } from '../../machine-kind.ts';
import { oneWorker, someLoad, someMeeting } from '../../node-facts.ts';
import { eventually, Platform, secrets } from '../platform.ts';

const from = { meetingId: 'm1', nodeId: 'a', epoch: 1 };
const shares = [...sharesOf(40)];
const held = someMeeting({ meetingId: 'm1', epoch: 1, shares });

describe('what a node asks the control plane in the course of a move', () => {
  let platform: Platform;
  beforeEach(async () => {
    platform = await Platform.start();
  });
  afterEach(() => platform.close());

  /** A node that does nothing but register. */
  async function register(nodeId: string, meetings: HeldMeeting[] = []) {
    const url = `ws://127.0.0.1:${platform.controlPlane.internalPort}/internal/nodes`;
    const socket = await dialRpc(url, secrets.HOLDFAST_CLUSTER_TOKEN, {
      local: registryClientContract,
      remote: registryContract,
      handlers: {
        'node.drain': () => ({ state: 'draining' as const }),
        'node.cancelDrain': () => ({ state: 'active' as const }),
        'relay.end': relaysNothing,
      },
      pingMs: 0,
    });
    await socket.request('node.register', {
      nodeId,
      rpcUrl: 'ws://127.0.0.1:1/rpc',
      generation: 'g1',
      version: '1',
      startedAtMs: 1,
      ...localMachine,
      drain: { state: 'active' },
      capacity: oneWorker,
      load: someLoad(),
      meetings,
    });
    return socket;
  }

  async function reserved() {
    const a = await register('a', [held]);
    const b = await register('b');
    expect(await a.request('move.reserve', { ...from, shares, exclude: [] })).toMatchObject({
      target: { nodeId: 'b' },
      epoch: 2,
    });
    const leave = async (target = b) => {
      target.notify('node.leaving', { nodeId: 'b' });
      await eventually(
        async () => (await (await platform.operator('GET', '/v1/nodes')).json()).nodes.length === 1,
      );
    };
    return { a, leave };
  }
  const place = { nodeId: 'b', epoch: 2, rpcUrl: 'ws://127.0.0.1:1/rpc' };

  it('a reservation whose answer was lost is found again, target and all', async () => {
    const { a } = await reserved();
    expect(await a.request('move.status', from)).toEqual({ state: 'moving', place });
  });

  it('a commit whose answer was lost is known to have been done', async () => {
    const { a } = await reserved();
    await a.request('move.commit', { ...from, target: 'b' });
    expect(await a.request('move.status', { ...from, target: 'b' })).toEqual({ state: 'committed', place });
  });

  it('a move that was given up is known as such, and can no longer be committed', async () => {
    const { a } = await reserved();
    await a.request('move.abort', { ...from, target: 'b' });
    expect(await a.request('move.status', { ...from, target: 'b' })).toEqual({ state: 'given-up' });
    const late = a.request('move.commit', { ...from, target: 'b' });
    await expect(late).rejects.toHaveProperty('code', 'EPOCH_STALE');
  });

  it('a target that is gone before anything is written is a definite no', async () => {
    const { a, leave } = await reserved();
    await leave();
    const commit = a.request('move.commit', { ...from, target: 'b' });
    await expect(commit).rejects.toMatchObject({ code: 'TARGET_LOST', retryable: false });
    expect(await a.request('move.status', { ...from, target: 'b' })).toMatchObject({ state: 'moving' });
  });

  it('a commit that was done before its target went is done, asked again', async () => {
    const { a, leave } = await reserved();
    await a.request('move.commit', { ...from, target: 'b' });
    await leave();
    await expect(a.request('move.commit', { ...from, target: 'b' })).resolves.toEqual({});
    // Where it lives is said only of a node that can be spoken to.
    expect(await a.request('move.status', { ...from, target: 'b' })).toEqual({ state: 'committed' });
  });
});
