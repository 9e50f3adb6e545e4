import { dialRpc } from '@holdfast/media-server/process/rpc-socket.ts';
import {
  type DrainReport,
  INTERNAL_VERSION,
  type LegOpen,
  registryClientContract,
  registryContract,
} from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localMachine } from '../../machine-kind.ts';
import { ManualClock } from '../../process/manual-clock.ts';
import type { FakeClient } from '../fake-client.ts';
import { eventually, Platform, secrets } from '../platform.ts';

/** A TURN server as the control plane sees it: it registers, and is drained over the same connection. */
async function turnServer(platform: Platform, nodeId: string) {
  const ended: unknown[] = [];
  const facts = {
    load: { workers: [], processCpu: 0, egressBps: 0, rssBytes: 0, participants: 0, stress: 0 },
    meetings: [],
  };
  let drain: DrainReport = { state: 'active' };
  const socket = await dialRpc(
    `ws://127.0.0.1:${platform.controlPlane.internalPort}/internal/nodes`,
    secrets.HOLDFAST_CLUSTER_TOKEN,
    {
      local: registryClientContract,
      remote: registryContract,
      handlers: {
        'node.drain': () => {
          drain = { state: 'draining' };
          void socket.request('node.heartbeat', { nodeId, drain, ...facts });
          return drain;
        },
        'node.cancelDrain': () => drain,
        'relay.end': (whose) => {
          ended.push(whose);
          return { ended: 1 };
        },
      },
      pingMs: 0,
    },
  );
  await socket.request('node.register', {
    nodeId,
    rpcUrl: 'ws://127.0.0.1:1/rpc',
    generation: 'g1',
    version: '1',
    startedAtMs: 1,
    protocol: INTERNAL_VERSION,
    ...localMachine,
    role: 'turn',
    workers: 0,
    capacity: { workers: 1, workerStreams: 1, nodeStreams: 1, networkBps: 1e9 },
    turnUrls: [`turn:${nodeId}.example`],
    drain,
    ...facts,
  });
  return { ended, kill: () => socket.terminate('killed') };
}

const urlsOf = (servers: LegOpen['iceServers'] | undefined) => servers?.flatMap(({ urls }) => urls).sort();
const told = (client: FakeClient) => client.iceServers.map(({ iceServers }) => urlsOf(iceServers));

describe('the ICE servers of a leg', () => {
  let platform: Platform;
  beforeEach(async () => {
    platform = await Platform.start({
      config: {
        iceServers: [{ urls: 'stun:stun.example' }],
        turn: { urls: ['turn:fixed.example'], credentialSeconds: 3600 },
      },
      secrets: { HOLDFAST_TURN_SECRET: 'turn-secret-of-the-tests' },
    });
    await platform.node('n1');
  });
  afterEach(() => platform.close());

  it('are given with it, and again with every ICE restart', async () => {
    const ada = await platform.participant('ada');
    const [leg] = ada.legs.values();
    const [stun, turn] = leg?.iceServers ?? [];
    expect(stun).toEqual({ urls: 'stun:stun.example' });
    expect(turn).toMatchObject({
      urls: ['turn:fixed.example'],
      username: expect.stringMatching(/:m1\/ada$/),
    });
    const restarted = await ada.rpc.request('transport.restartIce', {
      legId: String(leg?.legId),
      transportId: String(leg?.sendTransport.id),
    });
    expect(restarted.iceServers).toEqual(leg?.iceServers);
  });

  it('change while it lives: a TURN server that drains is left for another, which is told to its people alone', async () => {
    const people = await Promise.all(['ada', 'bob', 'cy', 'dee'].map((name) => platform.participant(name)));
    await Promise.all([turnServer(platform, 't1'), turnServer(platform, 't2')]);
    for (const client of people) await eventually(() => client.iceServers.length === 1);
    const withT1 = people.filter((client) => told(client)[0]?.includes('turn:t1.example'));
    expect(withT1.length, 'names spread over both').toBeGreaterThan(0);
    expect(withT1.length, 'names spread over both').toBeLessThan(people.length);
    expect((await platform.operator('POST', '/v1/nodes/t1/drain')).status).toBe(202);
    for (const client of withT1) await eventually(() => client.iceServers.length === 2);
    for (const client of withT1) {
      expect(told(client)[1]).toEqual(['stun:stun.example', 'turn:fixed.example', 'turn:t2.example']);
    }
    expect(people.filter((client) => client.iceServers.length === 2)).toEqual(withT1);
  });

  it('are others within a second when a TURN server is gone, though its heartbeat is not overdue yet', async () => {
    const people = await Promise.all(['ada', 'bob', 'cy', 'dee'].map((name) => platform.participant(name)));
    const [t1] = await Promise.all([turnServer(platform, 't1'), turnServer(platform, 't2')]);
    for (const client of people) await eventually(() => client.iceServers.length === 1);
    const withT1 = people.filter((client) => told(client)[0]?.includes('turn:t1.example'));
    expect(withT1.length, 'names spread over both').toBeGreaterThan(0);
    t1.kill();
    for (const client of withT1)
      await eventually(() => told(client)[1]?.includes('turn:t2.example') === true);
  });

  it('relay nothing more for somebody who was put out, on whichever of them', async () => {
    const ada = await platform.participant('ada');
    await platform.participant('bob');
    const servers = await Promise.all([turnServer(platform, 't1'), turnServer(platform, 't2')]);
    await eventually(() => ada.iceServers.length === 1);
    const path = '/v1/meetings/m1/participants/ada';
    expect((await platform.api('DELETE', path, secrets.HOLDFAST_API_KEY)).status).toBeLessThan(300);
    for (const { ended } of servers) {
      await eventually(() => ended.length === 1);
      expect(ended).toEqual([{ user: 'm1/ada', untilMs: expect.any(Number) }]);
    }
  });
});

describe('the credentials of a leg', () => {
  const endOf = (servers: LegOpen['iceServers'] | undefined) => Number(servers?.[0]?.username?.split(':')[0]);
  const clock = new ManualClock();
  let platform: Platform;
  beforeEach(async () => {
    platform = await Platform.start({
      clock,
      config: { turn: { urls: ['turn:fixed.example'], credentialSeconds: 60 } },
      secrets: { HOLDFAST_TURN_SECRET: 'turn-secret-of-the-tests' },
    });
    await platform.node('n1');
  });
  afterEach(() => platform.close());

  it('are replaced before they end', async () => {
    const ada = await platform.participant('ada');
    const first = endOf([...ada.legs.values()][0]?.iceServers);
    await clock.advance(46_000);
    await eventually(() => ada.iceServers.length === 1);
    expect(endOf(ada.iceServers[0]?.iceServers)).toBeGreaterThan(first + 30);
  });

  it('are told to somebody who was away when they were replaced, after coming back', async () => {
    const ada = await platform.participant('ada');
    const first = endOf([...ada.legs.values()][0]?.iceServers);
    await ada.drop();
    await clock.advance(46_000);
    await ada.connect(platform.port);
    await ada.resume();
    await clock.until(() => ada.iceServers.length === 1, 'the new credentials');
    expect(endOf(ada.iceServers[0]?.iceServers)).toBeGreaterThan(first + 30);
  });
});
