import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeConfigInput } from '@holdfast/media-server/config/index.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeRegistry } from './fake-registry.ts';
import { clusterToken, TestGateway } from './test-gateway.ts';

const program = fileURLToPath(new URL('../../media-server/media-node/main.ts', import.meta.url));

let registry: FakeRegistry;
let gateway: TestGateway;
let directory: string;
const processes = new Map<string, ChildProcess>();

const nodeEnvironment = (nodeId: string) => ({
  ...process.env,
  HOLDFAST_NODE_ID: nodeId,
  HOLDFAST_PRIVATE_ADDRESS: '127.0.0.1',
  HOLDFAST_CLUSTER_TOKEN: clusterToken,
});

/** A media node in a process of its own. */
async function startNode(nodeId: string, graceMs: number): Promise<void> {
  const config: NodeConfigInput = {
    role: 'media-node',
    machine: { from: 'environment' },
    drainSocket: join(directory, `${nodeId}.sock`),
    controlPlane: { urls: [registry.url] },
    media: { workers: 1 },
    handover: { meetingDeadlineMs: 3000, publishSpacingMs: 0 },
    stop: { graceMs },
  };
  const file = join(directory, `${nodeId}.json`);
  await writeFile(file, JSON.stringify(config));
  const child = spawn(process.execPath, [program, '--config', file], {
    env: { ...nodeEnvironment(nodeId), HOLDFAST_PARENT_WATCH: '1' },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  processes.set(nodeId, child);
  await vi.waitFor(() => registry.node(nodeId), 15_000);
}

function nodeProcess(nodeId: string): ChildProcess {
  const child = processes.get(nodeId);
  if (!child) throw new Error(`${nodeId} was never started`);
  return child;
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  registry = await FakeRegistry.start();
  gateway = new TestGateway((nodeId) => registry.node(nodeId).rpcUrl);
});
afterEach(async () => {
  gateway.close();
  for (const child of processes.values()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  processes.clear();
  await registry.close();
  await rm(directory, { recursive: true });
});

describe('a media node that is told to end (SIGTERM)', () => {
  it('moves its meetings to another node first, loses nobody, and ends', async () => {
    await startNode('a', 20_000);
    await startNode('b', 20_000);
    for (const meeting of ['m1', 'm2', 'm3']) {
      for (const person of ['ada', 'ben']) await gateway.join('a', meeting, 1, person, ['microphone']);
    }
    const ended = once(nodeProcess('a'), 'exit');
    nodeProcess('a').kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    await vi.waitFor(
      () =>
        expect(registry.node('b').meetings).toMatchObject(
          Array.from({ length: 3 }, () => ({ epoch: 2, role: 'home', participants: 2 })),
        ),
      10_000,
    );
    expect([...registry.homes.values()]).toEqual(
      Array.from({ length: 3 }, () => ({ nodeId: 'b', epoch: 2 })),
    );
    // Everybody was told of the commit before the old legs went; nothing was closed under anybody.
    expect(gateway.heard('a', 'handover.commit')).toHaveLength(3);
    expect(gateway.heard('a', 'consumer.closed')).toEqual([]);
    expect(gateway.heard('a', 'meeting.lost')).toEqual([]);
    expect(registry.nodes.has('a')).toBe(false);
  });

  it('tells at once that nobody can take them, keeps its meetings meanwhile, and ends when its time is over', async () => {
    await startNode('a', 5000);
    await gateway.join('a', 'm', 1, 'ada', ['microphone']);
    const ended = once(nodeProcess('a'), 'exit');
    nodeProcess('a').kill('SIGTERM');
    await vi.waitFor(() =>
      expect(registry.node('a').drain).toMatchObject({
        state: 'draining',
        waitingFor: [{ why: 'room', meetings: 1 }],
      }),
    );
    expect(registry.node('a').meetings).toMatchObject([{ meetingId: 'm', participants: 1 }]);
    expect(await ended).toEqual([0, null]);
  });

  it('ends at once when it is told twice', async () => {
    await startNode('a', 600_000);
    await gateway.join('a', 'm', 1, 'ada', ['microphone']);
    const ended = once(nodeProcess('a'), 'exit');
    nodeProcess('a').kill('SIGTERM');
    await vi.waitFor(() => expect(registry.node('a').drain.state).toBe('draining'));
    nodeProcess('a').kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  });

  it('ends at once when nothing is there', async () => {
    await startNode('a', 600_000);
    const ended = once(nodeProcess('a'), 'exit');
    nodeProcess('a').kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});

it('a second media node does not take the socket of a living one', async () => {
  await startNode('a', 0);
  const child = spawn(process.execPath, [program, '--config', join(directory, 'a.json')], {
    env: nodeEnvironment('a'),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  processes.set('second', child);
  const ended = once(child, 'exit');
  const said = (await child.stderr.setEncoding('utf8').toArray()).join('');
  expect(said).toMatch(/another media server is served on .*a\.sock/);
  expect(await ended).toEqual([1, null]);
});
