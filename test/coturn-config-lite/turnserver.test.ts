import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  behindNat,
  internalOnly,
  makeCredentials,
  type OptionSpec,
  options,
  publicTurn,
  render,
  type TurnServerConfig,
  turnTls443,
} from '../../coturn-config-lite/index.ts';
import { freePort } from '../../media-server/turn-server/free-port.ts';
import { TurnClient } from '../../media-server/turn-server/turn-client.ts';

const installed = spawnSync('turnserver', ['--version']).error === undefined;
if (!installed) console.warn('coturn is not installed: the presets are not tried with a real server');

const secret = 'hR7wq2Zx9LkT4vB8nM3sD6fG1jP5yUcE';
const previousSecret = 'Vt8Kp3Qz6WnY1xC5bR9mH2dL7gF4sJ0a';
const common = { realm: 'turn.example.org', secrets: [secret, previousSecret] };

let folder: string;
let server: ChildProcess | undefined;
const clients: TurnClient[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'turnserver-'));
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  if (server && server.exitCode === null) {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** The preset on loopback, with its files in a folder of this test: the rest is as the preset has it. */
async function start(preset: TurnServerConfig): Promise<{ port: number; tlsPort: number }> {
  const port = await freePort('127.0.0.1');
  let tlsPort = port;
  while (tlsPort === port) tlsPort = await freePort('127.0.0.1');
  const config: TurnServerConfig = {
    ...preset,
    listeningPort: port,
    ...(preset.tlsListeningPort === undefined ? {} : { tlsListeningPort: tlsPort }),
    listeningIp: ['127.0.0.1'],
    relayIp: ['127.0.0.1'],
    relayThreads: 1,
    pidfile: join(folder, 'pid'),
    userdb: join(folder, 'turndb'),
  };
  const file = join(folder, 'turnserver.conf');
  writeFileSync(file, render(config));
  server = spawn('turnserver', ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  server.stdout?.on('data', (data) => {
    log += data;
  });
  const awaited = preset.tlsListeningPort === undefined ? port : tlsPort;
  await vi.waitFor(
    async () => {
      const socket = connect(awaited, '127.0.0.1');
      await once(socket, 'connect').finally(() => socket.destroy());
    },
    { timeout: 10_000 },
  );
  expect(log).not.toContain('Bad configuration format');
  expect(log).not.toContain('CONFIG ERROR');
  return { port, tlsPort };
}

const credentials = (of = secret) =>
  makeCredentials({ secret: of, userId: 'ada', ttlSeconds: 600, nowMs: Date.now() });

async function client(
  port: number,
  made?: { username: string; password: string },
  how: 'udp' | 'tls' = 'udp',
) {
  const opened = await TurnClient.open({
    transport: how,
    port,
    ...(made ? { credentials: made } : {}),
  });
  clients.push(opened);
  return opened;
}

describe.runIf(installed)('a real coturn with rendered files', { timeout: 20_000 }, () => {
  it('publicTurn: relays for good credentials alone, and to no private address', async () => {
    const { port } = await start(publicTurn(common));
    expect(await (await client(port)).allocate()).toMatchObject({ error: 401 });
    expect(await (await client(port, credentials('wrong'))).allocate()).toMatchObject({ error: 401 });
    const ended = makeCredentials({ secret, userId: 'ada', ttlSeconds: 60, nowMs: Date.now() - 3_600_000 });
    expect(await (await client(port, ended)).allocate()).toMatchObject({ error: 401 });

    const ada = await client(port, credentials());
    expect(await ada.allocate()).toMatchObject({ error: 0 });
    for (const peer of [
      '10.1.2.3',
      '192.168.1.1',
      '172.20.0.1',
      '169.254.169.254',
      '168.63.129.16',
      '198.18.0.1',
      '240.0.0.1',
      '127.0.0.1',
      '224.0.0.1',
    ]) {
      expect([peer, (await ada.createPermission(peer)).error]).toEqual([peer, 403]);
    }
    expect(await ada.createPermission('203.0.113.9')).toMatchObject({ error: 0 });
  });

  it('publicTurn: takes the secret before as well, during a rotation', async () => {
    const { port } = await start(publicTurn(common));
    expect(await (await client(port, credentials(previousSecret))).allocate()).toMatchObject({ error: 0 });
  });

  it('publicTurn: holds the quota of a user', async () => {
    const { port } = await start(publicTurn({ ...common, userQuota: 2 }));
    const results = [];
    for (let index = 0; index < 3; index += 1) {
      results.push((await (await client(port, credentials())).allocate()).error);
    }
    expect(results).toEqual([0, 0, 486]);
  });

  it('turnTls443: relays for clients that come over TLS', async () => {
    const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
    const subject = ['-subj', '/CN=turn.example.org'];
    const keys = ['-keyout', files.keyFile, '-out', files.certFile];
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      ...subject,
      ...keys,
    ]);
    expect(made.status).toBe(0);
    const { port, tlsPort } = await start(turnTls443({ ...common, ...files }));
    expect(await (await client(tlsPort, credentials(), 'tls')).allocate()).toMatchObject({ error: 0 });
    expect(await (await client(port, credentials())).allocate()).toMatchObject({ error: 0 });
  });

  it('behindNat: tells the public address', async () => {
    const addresses = { publicIp: '203.0.113.7', privateIp: '127.0.0.1' };
    const { port } = await start(behindNat(publicTurn(common), addresses));
    const { error, attributes } = await (await client(port, credentials())).allocate();
    expect(error).toBe(0);
    const relayed = attributes.get(0x0016);
    expect(((relayed?.readUInt32BE(4) ?? 0) ^ 0x2112a442) >>> 0).toBe(0xcb007107);
  });

  it('internalOnly: relays on this machine', async () => {
    const { port } = await start(internalOnly(common));
    const ada = await client(port, credentials());
    expect(await ada.allocate()).toMatchObject({ error: 0 });
    expect(await ada.createPermission('127.0.0.1')).toMatchObject({ error: 0 });
  });

  it('knows every option of the table', () => {
    // It names each line that it does not know in its first pass, and ends in the second at a value that is none.
    const hidesTheLog = new Set([
      'syslog',
      'no-stdout-log',
      'log-file',
      'new-log-timestamp-format',
      'syslog-facility',
    ]);
    const table: readonly OptionSpec[] = Object.values(options);
    const names = table
      .filter(({ needs, name }) => needs === undefined && !hidesTheLog.has(name))
      .flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    const file = join(folder, 'all.conf');
    writeFileSync(file, ['log-file=stdout', 'mobility=maybe', ...names, 'no-such-option', ''].join('\n'));
    const { stdout } = spawnSync('turnserver', ['-c', file], { encoding: 'utf8', timeout: 5000 });
    const unknown = [...stdout.matchAll(/Bad configuration format: (\S+)/g)].map(([, name]) => name);
    expect(new Set(unknown)).toEqual(new Set(['no-such-option']));
  });
});
