import { createLogger } from '@holdfast/media-server/process/logger.ts';
import { ProbeServer, type Readiness } from '@holdfast/media-server/process/probe-server.ts';
import { NODE_ID_HEADER } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const log = createLogger('test');
log.level = 'silent';

let readiness: Readiness;
let metrics: () => Promise<{ contentType: string; body: string }>;
let server: ProbeServer;
let port: number;

beforeEach(async () => {
  readiness = { ready: true };
  metrics = async () => ({ contentType: 'text/plain; version=0.0.4', body: 'one 1\n' });
  server = new ProbeServer({
    nodeId: 'turn-1',
    role: 'turn',
    readiness: () => readiness,
    metrics: () => metrics(),
    log,
    alsoServes: 'the WebSocket /rpc',
  });
  port = await server.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => server.close());

const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);

describe('the probes of a machine', () => {
  it('say on every answer which machine it is: a port may have been another’s before', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/else']) {
      expect((await ask(path)).headers.get(NODE_ID_HEADER)).toBe('turn-1');
    }
  });

  it('say what its role is, whether it is ready, and if not why', async () => {
    expect(await (await ask('/readyz')).json()).toEqual({ nodeId: 'turn-1', role: 'turn', ready: true });
    readiness = { ready: false, why: 'not registered yet' };
    const answer = await ask('/readyz');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ ready: false, why: 'not registered yet' });
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('tell metrics as they come, and live on when they cannot be told', async () => {
    const answer = await ask('/metrics');
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual([
      'text/plain; version=0.0.4',
      'one 1\n',
    ]);
    metrics = () => Promise.reject(new Error('told to fail'));
    expect((await ask('/metrics')).status).toBe(500);
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('name what there is to somebody who asks for something else', async () => {
    const answer = await ask('/else?x');
    expect([answer.status, await answer.text()]).toEqual([
      404,
      'there is /healthz, /readyz, /metrics and the WebSocket /rpc\n',
    ]);
  });

  it('say that an address is taken', async () => {
    const second = new ProbeServer({ nodeId: 't', role: 'turn', readiness: () => readiness, metrics, log });
    await expect(second.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await second.close();
  });
});
