import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { attributes, decode, encode } from '../../../cli/check/stun.ts';
import { tryPath } from '../../../cli/check/try-path.ts';
import { internalOnly, makeCredentials, render } from '../../../coturn-config-lite/index.ts';
import { someDtlsParameters } from '../../media-server/media-descriptions.ts';

const hasCoturn = spawnSync('turnserver', ['--version']).error === undefined;
if (!hasCoturn) console.warn('coturn is not installed: holdfast check is not tried with a real TURN server');

const LIMIT_MS = 700;
const password = 'password-of-the-node';
const secret = 'hR7wq2Zx9LkT4vB8nM3sD6fG1jP5yUcE';

/** A media node's transport: answers who knows its name and password, over UDP and framed over TCP. */
class FakeTransport {
  readonly udp: UdpSocket = createSocket('udp4');
  readonly tcp: Server;
  heard = 0;
  port = 0;

  constructor() {
    this.udp.on('message', (bytes, { port, address }) => {
      const answer = this.#answer(bytes);
      if (answer) this.udp.send(answer, port, address);
    });
    this.tcp = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        const answer = this.#answer(bytes.subarray(2));
        if (!answer) return;
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answer.length);
        socket.write(length);
        socket.write(answer);
      });
    });
  }

  async listen(): Promise<void> {
    this.udp.bind(0, '127.0.0.1');
    await once(this.udp, 'listening');
    this.port = this.udp.address().port;
    this.tcp.listen(this.port, '127.0.0.1');
    await once(this.tcp, 'listening');
  }

  close(): void {
    this.udp.close();
    this.tcp.close();
  }

  /** What is signed with another password is not answered, as if it had never come. */
  #answer(bytes: Buffer): Buffer | undefined {
    const message = decode(bytes);
    if (!message || String(message.attributes.get(attributes.username)).split(':')[0] !== 'node')
      return undefined;
    const covered = Buffer.from(bytes.subarray(0, bytes.length - 8 - 24));
    covered.writeUInt16BE(covered.length - 20 + 24, 2);
    const sum = createHmac('sha1', password).update(covered).digest();
    if (!message.attributes.get(attributes.messageIntegrity)?.equals(sum)) return undefined;
    if (!message.attributes.has(attributes.priority) || !message.attributes.has(attributes.fingerprint))
      return undefined;
    this.heard += 1;
    return encode({
      method: 'binding',
      kind: 'success',
      id: message.id,
      attributes: [],
      key: Buffer.from(password),
    });
  }
}

let node: FakeTransport;
beforeEach(async () => {
  node = new FakeTransport();
  await node.listen();
});
afterEach(() => node.close());

const transport = (itsPassword = password) => ({
  id: 't',
  iceParameters: { usernameFragment: 'node', password: itsPassword },
  dtlsParameters: someDtlsParameters,
  iceCandidates: (['udp', 'tcp'] as const).map((protocol) => ({
    ...{ foundation: 'f', priority: 1, ip: '127.0.0.1', address: '127.0.0.1', port: node.port },
    ...{ protocol, type: 'host' as const },
  })),
});
const straight = (path: 'udp' | 'tcp') => ({ path, host: '127.0.0.1', port: node.port });

describe('a way straight to the media node', () => {
  it.each(['udp', 'tcp'] as const)('works over %s when the node answers', async (path) => {
    const { works, roundTripMs, why } = await tryPath(straight(path), transport(), LIMIT_MS);
    expect({ works, why }).toEqual({ works: true, why: null });
    expect(roundTripMs).toBeGreaterThanOrEqual(0);
    expect(node.heard).toBe(1);
  });

  it('asks again over UDP, where a packet may be lost', async () => {
    const silent = createSocket('udp4');
    let asked = 0;
    silent.on('message', () => {
      asked += 1;
    });
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address();
    const tried = await tryPath({ path: 'udp', host: '127.0.0.1', port }, transport(), 900);
    silent.close();
    expect(tried).toEqual({ works: false, roundTripMs: null, why: 'no answer within 0.9 s' });
    expect(asked).toBeGreaterThan(1);
  });

  it('does not work for a stranger, nor where nobody listens', async () => {
    expect((await tryPath(straight('udp'), transport('wrong'), LIMIT_MS)).works).toBe(false);
    node.tcp.close();
    await once(node.tcp, 'close');
    const refused = await tryPath(straight('tcp'), transport(), LIMIT_MS);
    expect(refused).toMatchObject({ works: false, why: expect.stringContaining('ECONNREFUSED') });
  });
});

describe.runIf(hasCoturn)('a way through a real TURN server', () => {
  let folder: string;
  let server: ChildProcess;
  let port: number;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'check-turn-'));
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const address = free.address();
    port = typeof address === 'object' && address ? address.port : 0;
    free.close();
    await once(free, 'close');
    const config = {
      ...internalOnly({ realm: 'turn.example.org', secrets: [secret], port }),
      ...{ relayThreads: 1, pidfile: join(folder, 'pid'), userdb: join(folder, 'turndb') },
    };
    const file = join(folder, 'turnserver.conf');
    writeFileSync(file, render(config));
    server = spawn('turnserver', ['-c', file], { stdio: 'ignore' });
    await vi.waitFor(
      async () => {
        const socket = connect(port, '127.0.0.1');
        await once(socket, 'connect').finally(() => socket.destroy());
      },
      { timeout: 10_000 },
    );
  });
  afterEach(async () => {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  const relay = (path: 'turn-udp' | 'turn-tcp', itsSecret = secret) => {
    const made = makeCredentials({ secret: itsSecret, userId: 'check', ttlSeconds: 60, nowMs: Date.now() });
    const login = { username: made.username, credential: made.password };
    return { path, host: '127.0.0.1', port, server: { urls: [], ...login } };
  };

  it.each(['turn-udp', 'turn-tcp'] as const)('works over %s, all the way to the node', async (path) => {
    expect(await tryPath(relay(path), transport(), 5000)).toMatchObject({ works: true, why: null });
    expect(node.heard).toBeGreaterThan(0);
  });

  it('does not work with wrong credentials, and says so', async () => {
    const tried = await tryPath(relay('turn-udp', 'another secret'), transport(), 5000);
    expect(tried).toMatchObject({ works: false, why: expect.stringContaining('wrong credentials') });
  });
});
