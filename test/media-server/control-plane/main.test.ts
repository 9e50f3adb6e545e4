import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { eventually, Platform, secrets } from './platform.ts';

const main = fileURLToPath(import.meta.resolve('@holdfast/media-server/control-plane/main.ts'));
const folder = mkdtempSync(join(tmpdir(), 'holdfast-main-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(config: unknown) {
  const file = join(folder, `${Math.random()}.json`);
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(process.execPath, [main, '--config', file], {
    env: { PATH: process.env.PATH, ...secrets },
  });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    out.stdout += text;
  });
  child.stderr.on('data', (text) => {
    out.stderr += text;
  });
  return { child, out, exit: once(child, 'close').then(([code]) => code) };
}

describe('a control plane that is closed', () => {
  it('leaves nothing open', async () => {
    const open = (type: string) =>
      process.getActiveResourcesInfo().filter((name) => name.startsWith(type)).length;
    const before = { sockets: open('TCP'), timers: open('Timeout') };
    const platform = await Platform.start();
    await platform.node('n1');
    const ada = await platform.participant('ada');
    await platform.participant('bob');
    await ada.drop();
    expect(open('TCP')).toBeGreaterThan(before.sockets);
    expect(open('Timeout')).toBeGreaterThan(before.timers);
    await platform.close();
    await eventually(() => open('TCP') <= before.sockets);
    expect(open('Timeout')).toBeLessThanOrEqual(before.timers);
  });
});

describe('the process', () => {
  it('starts, says where it listens, and ends cleanly on SIGTERM', async () => {
    const { child, out, exit } = run({ role: 'control-plane', http: { port: 0 }, internal: { port: 0 } });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    const listening = out.stdout.split('\n').find((line) => line.includes('control_plane.listening'));
    expect(JSON.parse(listening ?? '{}')).toMatchObject({
      publicPort: expect.any(Number),
      internalPort: expect.any(Number),
    });
    for (const secret of Object.values(secrets)) expect(out.stdout).not.toContain(secret);
  });

  it('says in one line what to do when its port is taken', async () => {
    const platform = await Platform.start();
    const taken = run({ role: 'control-plane', http: { port: platform.port }, internal: { port: 0 } });
    expect(await taken.exit).toBe(1);
    expect(taken.out.stderr).toMatch(/^control-plane: .*EADDRINUSE.*choose another port\.\n$/);
    await platform.close();
  });
});
