import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Platform } from '../platform.ts';

describe('the public listener', () => {
  let webRoot: string;
  let platform: Platform;
  beforeAll(async () => {
    webRoot = mkdtempSync(join(tmpdir(), 'holdfast-pages-'));
    mkdirSync(join(webRoot, 'assets'));
    writeFileSync(join(webRoot, 'index.html'), '<title>Holdfast</title>');
    writeFileSync(join(webRoot, 'favicon.svg'), '<svg/>');
    writeFileSync(join(webRoot, 'assets', 'main-3f2a.js'), 'export {}');
    platform = await Platform.start({ config: { webRoot } });
  });
  afterAll(async () => {
    await platform.close();
    rmSync(webRoot, { recursive: true });
  });
  const get = (path: string) => platform.api('GET', path);

  it('serves the one document for every page', async () => {
    for (const path of ['/', '/m/standup', '/m/standup?name=Ada&join=1', '/operator', '/check']) {
      const response = await get(path);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^text\/html/);
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect(await response.text()).toBe('<title>Holdfast</title>');
    }
  });

  it('lets assets be kept for good, as their names carry their hash, and nothing else', async () => {
    const asset = await get('/assets/main-3f2a.js');
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(asset.headers.get('content-type')).toMatch(/javascript/);
    expect((await get('/favicon.svg')).headers.get('cache-control')).toBe('no-cache');
    expect((await get('/healthz')).headers.get('cache-control')).toBe('no-store');
  });

  it('lets the pages say that an address leads nowhere, to who wants to read it', async () => {
    const url = new URL('/nowhere', platform.baseUrl);
    const read = await fetch(url, { headers: { accept: 'text/html,*/*' } });
    expect(read.status).toBe(404);
    expect(await read.text()).toBe('<title>Holdfast</title>');
    const parsed = await fetch(url, { headers: { accept: 'application/json' } });
    expect(parsed.status).toBe(404);
    expect(await parsed.json()).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });

  it('shows nothing outside its folder', async () => {
    expect((await get('/..%2f..%2fetc/passwd')).status).toBeGreaterThanOrEqual(400);
    const missing = await get('/assets/gone.js');
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });

  it('allows scripts, connections and worklets of this origin only', async () => {
    const { headers } = await get('/');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self';");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('permissions-policy')).toContain('camera=(self)');
    expect(headers.get('strict-transport-security')).toBeNull();
  });

  it('does not start without the pages that its configuration names', async () => {
    const config = { webRoot: join(webRoot, 'assets') };
    await expect(Platform.start({ config })).rejects.toThrow(/^webRoot: there is no index.html/);
  });

  it('answers probes, and stops being ready while it closes', async () => {
    const closing = await Platform.start({ limits: { closingMs: 500 } });
    await closing.node('n1');
    const ada = await closing.participant('ada');
    expect((await closing.api('GET', '/healthz')).status).toBe(200);
    expect((await closing.api('GET', '/readyz')).status).toBe(200);
    const closed = closing.stopControlPlane();
    expect((await closing.api('GET', '/readyz')).status).toBe(503);
    expect((await closing.api('GET', '/healthz')).status).toBe(200);
    await ada.drop();
    await closed;
    await closing.close();
  });

  it('tells the public nothing of what it does, and the private network its metrics', async () => {
    expect((await get('/metrics')).status).toBe(404);
    const { internalPort } = platform.controlPlane;
    const text = await (await fetch(`http://127.0.0.1:${internalPort}/metrics`)).text();
    for (const name of [
      'joins_total',
      'refusals_total',
      'sessions',
      'legs',
      'moves_total',
      'recoveries_total',
      'nodes',
    ]) {
      expect(text).toContain(`# TYPE holdfast_${name} `);
    }
  });

  it('lives on when somebody asks for a WebSocket with a nonsensical address', async () => {
    const socket = connect(platform.port, '127.0.0.1');
    socket.write('GET // HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1.1 404/);
    socket.destroy();
    expect((await get('/healthz')).status).toBe(200);
  });

  it('refuses WebSockets anywhere but at /v1/signal', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${platform.port}/v1/else`);
    const failed = await new Promise((resolve) => {
      socket.addEventListener('error', () => resolve(true));
      socket.addEventListener('open', () => resolve(false));
    });
    expect(failed).toBe(true);
  });
});
