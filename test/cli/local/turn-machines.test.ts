import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { LocalPlatform } from '../../../cli/local/local-platform.ts';
import { eventually } from '../../media-server/control-plane/platform.ts';

const installed = spawnSync('turnserver', ['--version']).error === undefined;
if (!installed) console.warn('coturn is not installed: no TURN machine is started');

let platform: LocalPlatform | undefined;
afterEach(() => platform?.close());

describe.runIf(installed)('TURN machines of the local platform', () => {
  it('register, go when they are empty as their cloud tells them, and are missed when they are killed', async () => {
    platform = await LocalPlatform.start({
      nodes: 0,
      turnServers: 2,
      cloud: { replaceFailedAfterMs: 'never' },
    });
    const view = async (id: string) => (await platform?.nodes())?.find(({ nodeId }) => nodeId === id);
    expect(platform.lacksCoturn).toBe(false);
    for (const id of ['turn-1', 'turn-2']) {
      await eventually(async () => (await view(id))?.relay?.healthy === true);
      expect(await view(id)).toMatchObject({ role: 'turn', zone: 'local', drain: { state: 'active' } });
    }
    const { ended, gone } = platform.turnCloud.terminate('turn-1');
    expect(await ended).toMatchObject({ how: 'completed' });
    await gone;
    expect(await view('turn-1')).toBeUndefined();
    await platform.turnCloud.kill('turn-2');
    await eventually(async () => (await view('turn-2'))?.reachable === false);
  }, 60_000);
});

describe('a machine without coturn', () => {
  it('runs the platform all the same, and says what it lacks', async () => {
    // Node itself is started by its full path.
    platform = await LocalPlatform.start({
      nodes: 0,
      turnServers: 1,
      env: { ...process.env, PATH: '/nowhere' },
    });
    expect(platform.lacksCoturn).toBe(true);
    expect(await platform.nodes()).toEqual([]);
  }, 60_000);
});
