import { mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Drain } from '@holdfast/media-server/drain/drain.ts';
import { DrainSocket } from '@holdfast/media-server/drain/drain-socket.ts';
import { createLogger } from '@holdfast/media-server/process/logger.ts';
import { type DrainWait, drainStatus } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../process/manual-clock.ts';

const log = createLogger('test');
log.level = 'silent';

let directory: string;
let path: string;
let clock: ManualClock;
let load: { holds: number; people: number; waits: DrainWait[] };
let drain: Drain;
let sockets: DrainSocket[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'drain-'));
  path = join(directory, 'node.drain');
  clock = new ManualClock();
  load = { holds: 0, people: 0, waits: [] };
  drain = new Drain({
    load: { holds: () => load.holds, people: () => load.people, waits: () => load.waits },
    clock,
    log,
  });
  sockets = [];
});
afterEach(async () => {
  await Promise.all(sockets.map((socket) => socket.close()));
  rmSync(directory, { recursive: true });
});

function drainSocket(nodeId = 'node-1'): DrainSocket {
  const socket = new DrainSocket({ path, nodeId, role: 'turn', drain, clock, log, requestLimitMs: 500 });
  sockets.push(socket);
  return socket;
}

interface Answer {
  readonly status: number;
  readonly allow: string | undefined;
  readonly body: unknown;
}
function ask(method: string, url: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ socketPath: path, method, path: url, agent: false }, async (response) => {
      const text = (await response.setEncoding('utf8').toArray()).join('');
      resolve({ status: response.statusCode ?? 0, allow: response.headers.allow, body: JSON.parse(text) });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
const status = async () => drainStatus.parse((await ask('GET', '/v1/drain')).body);

describe('the drain socket', () => {
  it('is open to this user alone', async () => {
    await drainSocket().listen();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('tells how far the drain is, what holds the machine and what that waits for, whatever its role', async () => {
    await drainSocket().listen();
    load = { holds: 3, people: 2, waits: [{ why: 'room', meetings: 1, forMs: 500 }] };
    const order = JSON.stringify({ noticeId: 'n', kind: 'spot', withinMs: 30_000 });
    expect((await ask('PUT', '/v1/drain', order)).status).toBe(200);
    await clock.advance(1000);
    expect(await status()).toEqual({
      nodeId: 'node-1',
      role: 'turn',
      by: ['cloud'],
      state: 'draining',
      sinceMs: clock.now() - 1000,
      reason: 'spot',
      holds: 3,
      people: 2,
      remainingMs: 29_000,
      waitingFor: load.waits,
    });
  });

  it('replaces the file that a killed process left', async () => {
    const killed = createServer();
    await new Promise<void>((resolve) => killed.listen(`${path}.old`, resolve));
    // A server that ends in order takes its file with it, unless that has another name by then.
    renameSync(`${path}.old`, path);
    await new Promise((resolve) => killed.close(resolve));
    await expect(status()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await drainSocket().listen();
    expect(await status()).toMatchObject({ nodeId: 'node-1' });
  });

  it('is not taken from a node that is served there: the second one does not start', async () => {
    await drainSocket('node-1').listen();
    await expect(drainSocket('node-2').listen()).rejects.toThrow(/another turn server is served on/);
    expect(await status()).toMatchObject({ nodeId: 'node-1' });
  });

  it('is made again when its file was removed', async () => {
    await drainSocket().listen();
    rmSync(path);
    await expect(status()).rejects.toMatchObject({ code: 'ENOENT' });
    await clock.advance(2000);
    await clock.until(() => statSync(path, { throwIfNoEntry: false }) !== undefined, 'the file');
    expect(await status()).toMatchObject({ nodeId: 'node-1' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('leaves alone what another process serves in its place, also when it ends', async () => {
    const first = drainSocket('node-1');
    await first.listen();
    rmSync(path);
    await drainSocket('node-2').listen();
    await clock.advance(10_000);
    expect(await status()).toMatchObject({ nodeId: 'node-2' });
    await first.close();
    expect(await status()).toMatchObject({ nodeId: 'node-2' });
  });

  it('leaves no file and no timer behind', async () => {
    const socket = drainSocket();
    await socket.listen();
    await socket.close();
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  it('says which methods a path takes, and that it does not know a path', async () => {
    await drainSocket().listen();
    expect(await ask('POST', '/v1/drain')).toMatchObject({
      status: 405,
      allow: 'GET, PUT, DELETE',
      body: { error: { code: 'METHOD_UNKNOWN' } },
    });
    expect(await ask('GET', '/v1/drain/release')).toMatchObject({ status: 405, allow: 'POST' });
    expect(await ask('GET', '/v2/drain')).toMatchObject({
      status: 404,
      body: { error: { code: 'NOT_FOUND' } },
    });
  });

  it('refuses a body that is too long, no JSON, or no drain request, and drains nothing', async () => {
    await drainSocket().listen();
    const bodies = [
      JSON.stringify({ noticeId: 'n', kind: 'spot', padding: 'x'.repeat(20_000) }),
      '{',
      JSON.stringify({ noticeId: 'n', kind: 'whim' }),
    ];
    for (const body of bodies) {
      expect(await ask('PUT', '/v1/drain', body)).toMatchObject({
        status: 400,
        body: { error: { code: 'BAD_REQUEST' } },
      });
    }
    expect(await status()).toMatchObject({ state: 'active' });
  });

  it('does not wait for a request that stops in the middle', async () => {
    await drainSocket().listen();
    const half = connect(path);
    half.write('PUT /v1/drain HTTP/1.1\r\nhost: node\r\ncontent-length: 10\r\n\r\n{');
    const answer = await half.setEncoding('utf8').toArray();
    expect(answer.join('')).toMatch(/^HTTP\/1.1 408/);
  });
});
