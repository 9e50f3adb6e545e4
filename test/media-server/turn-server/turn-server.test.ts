import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SocketNodeClient } from '@holdfast/lifecycle-hooks/agent/node-client.ts';
import { type TurnServerConfig, turnServerConfig } from '@holdfast/media-server/config/index.ts';
import { machineFacts } from '@holdfast/media-server/machine/machine-facts.ts';
import { type NodeView, nodeList } from '@holdfast/media-server/protocol/index.ts';
import { freePort } from '@holdfast/media-server/turn-server/free-port.ts';
import { TurnClient } from '@holdfast/media-server/turn-server/turn-client.ts';
import { TurnServer } from '@holdfast/media-server/turn-server/turn-server.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCredentials } from '../../../coturn-config-lite/index.ts';
import { eventually, Platform, secrets } from '../control-plane/platform.ts';
import { silentLog } from '../control-plane/silent-log.ts';

const installed = spawnSync('turnserver', ['--version']).error === undefined;
if (!installed) console.warn('coturn is not installed: the TURN server is not tried with a real one');

const turnSecrets = {
  HOLDFAST_CLUSTER_TOKEN: secrets.HOLDFAST_CLUSTER_TOKEN,
  HOLDFAST_TURN_SECRET: 'hR7wq2Zx9LkT4vB8nM3sD6fG1jP5yUcE',
  HOLDFAST_TURN_SECRET_OTHER: 'Vt8Kp3Qz6WnY1xC5bR9mH2dL7gF4sJ0a',
};

const machine = machineFacts.parse({ nodeId: 'turn-1', privateAddress: '127.0.0.1', zone: 'zone-a' });

describe.runIf(installed)('a TURN server with a real coturn', () => {
  let folder: string;
  let platform: Platform;
  let server: TurnServer;
  let config: TurnServerConfig;
  let probePort: number;
  const clients: TurnClient[] = [];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'turn-server-'));
    const { HOLDFAST_TURN_SECRET } = turnSecrets;
    platform = await Platform.start({ secrets: { HOLDFAST_TURN_SECRET } });
    probePort = await freePort('127.0.0.1');
    config = turnServerConfig.parse({
      role: 'turn-server',
      http: { port: probePort },
      drainSocket: join(folder, 'drain'),
      controlPlane: { urls: [`ws://127.0.0.1:${platform.controlPlane.internalPort}/internal/nodes`] },
      turn: { realm: 'turn.example.org', port: 0 },
      workDirectory: join(folder, 'coturn'),
    });
    server = await TurnServer.start({
      config,
      machine,
      secrets: turnSecrets,
      version: '1',
      log: silentLog,
    });
    await eventually(async () => (await view())?.relay?.healthy === true);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await server.close('test over');
    await platform.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function view(): Promise<NodeView | undefined> {
    const answer = await platform.operator('GET', '/v1/nodes');
    return nodeList.parse(await answer.json()).nodes.find(({ nodeId }) => nodeId === 'turn-1');
  }

  /** Somebody with an allocation here. */
  async function participant(
    userId: string,
    secret = turnSecrets.HOLDFAST_TURN_SECRET,
    ttlSeconds = 600,
  ): Promise<TurnClient> {
    return allocated(makeCredentials({ secret, userId, ttlSeconds, nowMs: Date.now() }));
  }

  async function allocated({ username, password }: { username: string; password: string }) {
    const port = Number(/:(\d+)\?/.exec(server.turnUrls[0] ?? '')?.[1]);
    const client = await TurnClient.open({ transport: 'udp', port, credentials: { username, password } });
    clients.push(client);
    expect(await client.allocate()).toMatchObject({ error: 0 });
    return client;
  }

  it('tells the control plane what it is, how it is reached and what it carries', async () => {
    await participant('m1/ada');
    await participant('m1/ben', turnSecrets.HOLDFAST_TURN_SECRET_OTHER);
    await eventually(async () => (await view())?.relay?.allocations === 2);
    expect(await view()).toMatchObject({
      role: 'turn',
      workers: 0,
      zone: 'zone-a',
      reachable: true,
      meetings: [],
      load: { participants: 2 },
      relay: { healthy: true, users: 2 },
    });
  });

  it('counts each byte that it has relayed when the allocation is over', async () => {
    const sink = createSocket('udp4').bind(0, '127.0.0.1');
    await once(sink, 'listening');
    const heard: Buffer[] = [];
    sink.on('message', (data) => heard.push(data));
    const ada = await participant('m1/ada');
    await ada.createPermission('127.0.0.1');
    await eventually(() => {
      ada.relay({ address: '127.0.0.1', port: sink.address().port }, Buffer.alloc(1000));
      return heard.length >= 20;
    });
    await ada.release();
    sink.close();
    await eventually(() => server.facts.allocations === 0);
    expect(server.facts.fromClientsBytes).toBeGreaterThan(20_000);
    const metrics = await fetch(`http://127.0.0.1:${probePort}/metrics`);
    expect(await metrics.text()).toMatch(
      /holdfast_turn_relayed_bytes_total\{direction="from_clients",node="turn-1"\} [2-9]\d{4}/,
    );
  });

  it('is drained over its socket when the last allocation was given back, and not before', async () => {
    const ada = await participant('m1/ada');
    const agent = new SocketNodeClient({
      nodeId: 'turn-1',
      socketPath: config.drainSocket,
      healthUrl: 'http://127.0.0.1:1/healthz',
    });
    await eventually(() => server.facts.allocations === 1);
    const answer = await agent.drain({ noticeId: 'n1', kind: 'scale-in' }, 2000);
    expect(answer).toMatchObject({ status: { role: 'turn', state: 'draining', holds: 1, people: 1 } });
    await eventually(async () => (await view())?.drain.state === 'draining');
    // The old allocation still works.
    expect(await ada.createPermission('127.0.0.1')).toMatchObject({ error: 0 });
    expect(await agent.release(false, 2000)).toMatchObject({ kind: 'refused', code: 'CONFLICT' });
    await ada.release();
    await eventually(async () => (await view())?.drain.state === 'drained');
    expect(await agent.release(false, 2000)).toMatchObject({ status: { state: 'released' } });
  });

  it('says at once that coturn has died, starts it again, and is well when allocations can be had', async () => {
    await participant('m1/ada');
    await eventually(async () => (await view())?.relay?.allocations === 1);
    const before = server.coturnPid ?? 0;
    const seen: (boolean | undefined)[] = [];
    process.kill(before, 'SIGKILL');
    await eventually(async () => {
      seen.push((await view())?.relay?.healthy);
      return seen.includes(false) && seen.at(-1) === true;
    });
    expect(server.coturnPid).not.toBe(before);
    expect(server.facts.allocations).toBe(0);
    await participant('m1/ada');
  });

  it('finds by its allocations that a coturn which stands still does not relay', async () => {
    const pid = server.coturnPid ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      await eventually(async () => (await view())?.relay?.healthy === false);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await eventually(async () => (await view())?.relay?.healthy === true);
  });

  it('relays for somebody in a meeting, and no longer when put out, whatever credentials there still are', async () => {
    await platform.node('n1');
    const ada = await platform.participant('ada');
    await participant('m1/ben');
    const told = () => [
      ...[...ada.legs.values()].flatMap((leg) => leg.iceServers),
      ...(ada.iceServers[0]?.iceServers ?? []),
    ];
    await eventually(() => told().length > 0);
    const [given] = told();
    expect(given?.urls).toEqual(server.turnUrls);
    const credentials = { username: given?.username ?? '', password: given?.credential ?? '' };
    const first = await allocated(credentials);
    await eventually(() => server.facts.allocations === 2);
    const path = '/v1/meetings/m1/participants/ada';
    expect((await platform.api('DELETE', path, secrets.HOLDFAST_API_KEY)).status).toBeLessThan(300);
    await eventually(() => server.facts.allocations === 1);
    expect(await first.createPermission('127.0.0.1')).not.toMatchObject({ error: 0 });

    const second = await allocated(credentials);
    await eventually(async () => (await second.createPermission('127.0.0.1')).error !== 0);
    expect(server.facts.allocations).toBe(1);

    const letInAgain = await participant('m1/ada', undefined, 7200);
    expect(await letInAgain.createPermission('127.0.0.1')).toMatchObject({ error: 0 });
  });

  it('keeps its configuration, which has the secrets, from others', () => {
    expect(statSync(join(config.workDirectory, 'turnserver.conf')).mode & 0o777).toBe(0o600);
  });
});
