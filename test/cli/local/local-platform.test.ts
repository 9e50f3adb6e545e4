import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { LocalPlatform, type LocalPlatformOptions } from '../../../cli/local/local-platform.ts';
import { freePort } from '../../../cli/local/ports.ts';
import { removeStale } from '../../../cli/local/run-directory.ts';
import { eventually, fakePrograms, isAlive } from './fake-programs.ts';

const ownDirectories = () =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`holdfast-local-${process.pid}-`));
const start = (options: LocalPlatformOptions = {}) =>
  LocalPlatform.start({ nodes: 1, programs: fakePrograms, ...options });

describe('local platform', { timeout: 60_000 }, () => {
  // One platform for one life after the other: each start takes a second.
  describe('from its start to its end', () => {
    let platform: LocalPlatform;
    let port: number;

    beforeAll(async () => {
      port = await freePort('127.0.0.1');
      const env = { ...process.env, HOLDFAST_OPERATOR_TOKEN: 'a token of 16 and more', HOLDFAST_API_KEY: '' };
      platform = await start({ nodes: 2, port, env });
    }, 60_000);
    afterAll(() => platform.close());

    const pids = () =>
      [
        platform.controlPlanePid,
        ...platform.cloud.describe().members.flatMap(({ id }) => Object.values(platform.cloud.pids(id))),
      ].filter((pid) => pid !== undefined);

    it('listens where it is told to, and every node is registered when it has started', async () => {
      expect(platform.baseUrl).toBe(`http://127.0.0.1:${port}`);
      expect((await platform.nodes()).map(({ nodeId }) => nodeId).toSorted()).toEqual(['node-1', 'node-2']);
    });

    it('keeps its run directory to this user', () => {
      expect(statSync(platform.directory).mode & 0o777).toBe(0o700);
    });

    it('uses the secrets of the environment, and makes up those that are missing', () => {
      expect(platform.operatorToken).toBe('a token of 16 and more');
      expect(platform.apiKey.length).toBeGreaterThanOrEqual(16);
      expect([...platform.madeSecrets].toSorted()).toEqual([
        'HOLDFAST_API_KEY',
        'HOLDFAST_CLUSTER_TOKEN',
        'HOLDFAST_SCALING_TOKEN',
        'HOLDFAST_SIGNING_KEY',
        'HOLDFAST_TURN_SECRET',
      ]);
    });

    it('starts the control plane again on the same ports, and the nodes come back to it', async () => {
      const before = platform.controlPlanePid;
      await platform.restartControlPlane();
      expect(platform.controlPlanePid).not.toBe(before);
      expect((await fetch(`${platform.baseUrl}/readyz`)).status).toBe(200);
      expect(await platform.nodes()).toHaveLength(2);
    });

    it('ends a node only after its drain agent has emptied it and completed the notice', async () => {
      const ending = Object.values(platform.cloud.pids('node-1'));
      const { ended, gone } = platform.cloud.terminate('node-1');
      expect(await ended).toMatchObject({ how: 'completed' });
      await gone;
      expect(ending.filter((pid) => pid !== undefined && isAlive(pid))).toEqual([]);
      expect(platform.cloud.describe().members.map(({ id }) => id)).toEqual(['node-2']);
    });

    it('leaves nothing when it is closed, once or twice', async () => {
      const running = pids();
      expect(running).toHaveLength(3);
      await Promise.all([platform.close(), platform.close()]);
      expect(running.filter(isAlive)).toEqual([]);
      expect(existsSync(platform.directory)).toBe(false);
    });
  });

  it('starts a control plane again that has died, tells of both and keeps the logs', async () => {
    const platform = await start({ nodes: 0 });
    const crash = once(platform, 'crash');
    const restarted = once(platform, 'restarted');
    const pid = platform.controlPlanePid ?? 0;
    process.kill(pid, 'SIGKILL');
    expect(await crash).toEqual([
      expect.objectContaining({ name: 'control-plane', end: { code: null, signal: 'SIGKILL' } }),
    ]);
    expect(await restarted).toEqual([{ name: 'control-plane' }]);
    expect(platform.controlPlanePid).not.toBe(pid);
    expect((await fetch(`${platform.baseUrl}/readyz`)).status).toBe(200);
    await platform.close();
    expect(existsSync(join(platform.directory, 'control-plane.log'))).toBe(true);
    rmSync(platform.directory, { recursive: true });
  });

  it('leaves a control plane down that was killed on purpose, until it is wanted again', async () => {
    const platform = await start({ nodes: 1 });
    const crashes: unknown[] = [];
    platform.on('crash', (crash) => crashes.push(crash));
    await platform.killControlPlane();
    expect(platform.controlPlanePid).toBeUndefined();
    await expect(platform.nodes()).rejects.toThrow();
    await platform.restartControlPlane();
    expect(await platform.nodes()).toHaveLength(1);
    expect(crashes).toEqual([]);
    await platform.close();
    expect(existsSync(platform.directory)).toBe(false);
  });

  it('says in one line which port is taken, and starts nothing', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await expect(start({ port })).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`);
    server.close();
    expect(ownDirectories()).toEqual([]);
  });

  it('fails with the words of the node that does not come up, names the logs and leaves no process', async () => {
    const env = { ...process.env, FAKE_NODE_FAILS: '1' };
    const failure = await start({ env }).catch((error: unknown) => error);
    const message = failure instanceof Error ? failure.message : '';
    expect(message).toMatch(
      /node-1\.media-node ended while it started \(exit code 1\): media-node: told to fail\. Logs: /,
    );
    const directory = message.split('Logs: ')[1] ?? '';
    expect(readdirSync(directory)).toContain('node-1.media-node.log');
    rmSync(directory, { recursive: true });
  });

  it('leaves nothing when its start is aborted', async () => {
    const stop = new AbortController();
    const starting = start({ signal: stop.signal });
    starting.catch(() => {});
    await eventually('the run directory', () => ownDirectories().length > 0);
    stop.abort(new Error('no longer wanted'));
    await expect(starting).rejects.toThrow('no longer wanted');
    expect(ownDirectories()).toEqual([]);
  });

  it('leaves neither process nor directory when its own process is killed', async () => {
    const parent = spawn(process.execPath, [fileURLToPath(new URL('orphan-maker.ts', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(parent.stdout.setEncoding('utf8'), 'data');
    const { directory, pids } = z
      .object({ directory: z.string(), pids: z.array(z.number()) })
      .parse(JSON.parse(String(line)));
    // One that hangs cannot notice by itself that its parent is gone.
    process.kill(pids[1] ?? 0, 'SIGSTOP');
    parent.kill('SIGKILL');
    await eventually('the end of every process', () => !pids.some(isAlive));
    await eventually('the end of the directory', () => !existsSync(directory));
  });
});

describe('stale run directories', () => {
  it('are removed when their process is gone, and kept when it lives', async () => {
    const base = mkdtempSync(join(tmpdir(), 'stale-'));
    const ended = spawn('/bin/sh', ['-c', 'exit 0']);
    await once(ended, 'exit');
    const stale = mkdtempSync(join(base, `holdfast-local-${ended.pid}-`));
    const live = mkdtempSync(join(base, `holdfast-local-${process.ppid}-`));
    removeStale(base);
    expect(existsSync(stale)).toBe(false);
    expect(existsSync(live)).toBe(true);
    rmSync(base, { recursive: true });
  });

  it('are kept for a day when they were kept for their logs', async () => {
    const base = mkdtempSync(join(tmpdir(), 'stale-'));
    const ended = spawn('/bin/sh', ['-c', 'exit 0']);
    await once(ended, 'exit');
    const kept = mkdtempSync(join(base, `holdfast-local-${ended.pid}-`));
    writeFileSync(join(kept, 'kept'), '');
    removeStale(base);
    expect(existsSync(kept)).toBe(true);
    removeStale(base, Date.now() + 25 * 3_600_000);
    expect(existsSync(kept)).toBe(false);
    rmSync(base, { recursive: true });
  });
});
