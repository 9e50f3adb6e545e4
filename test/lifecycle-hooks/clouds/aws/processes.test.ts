import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@holdfast/media-server/process/clock.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeNode } from '../../agent/fake-node.ts';
import { seeded } from '../seeded-faults.ts';
import { FakeAutoScaling } from './fake-auto-scaling.ts';
import { FakeAwsApi } from './fake-aws-api.ts';
import { FakeImds } from './fake-imds.ts';
import type { FakeInstance } from './fake-instance.ts';

const main = fileURLToPath(import.meta.resolve('@holdfast/lifecycle-hooks/agent/main.ts'));
const patiently = { timeout: 30_000, interval: 20 };

describe('the drain agent of a machine of AWS, as a process', { timeout: 60_000 }, () => {
  let directory: string;
  let group: FakeAutoScaling;
  let api: FakeAwsApi;
  let instance: FakeInstance;
  let imds: FakeImds;
  let node: FakeNode;
  let agent: ChildProcess;
  let said: string;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'aws-process-'));
    group = new FakeAutoScaling({
      clock: systemClock,
      random: seeded(1),
      deregistrationMs: 10,
      launch: { listedAfterMs: 0, inServiceAfterMs: 0 },
    });
    group.setDesired(1);
    instance = await vi.waitFor(() => {
      const [first] = group.instances.values();
      if (first?.state !== 'InService') throw new Error('not in service yet');
      return first;
    }, patiently);
    api = new FakeAwsApi(group);
    imds = await new FakeImds(instance).listen();
    node = new FakeNode(join(directory, 'drain'));
    await node.start();
    node.holds = 1;
    const config = join(directory, 'agent.json');
    writeFileSync(
      config,
      JSON.stringify({
        role: 'drain-agent',
        machine: { from: 'aws', metadataEndpoint: imds.endpoint },
        drainSocket: node.socketPath,
        nodeHealthUrl: node.healthUrl,
        cloud: {
          kind: 'aws',
          region: 'us-east-1',
          group: group.name,
          hook: 'drain',
          heartbeatTimeoutMs: 300_000,
          memoryFile: join(directory, 'termination.json'),
          endpoint: await api.listen(),
          metadataEndpoint: imds.endpoint,
        },
      }),
    );
    said = '';
    agent = spawn(process.execPath, [main, '--config', config], {
      env: {
        PATH: process.env.PATH,
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'a secret that is in no log',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [agent.stdout, agent.stderr])
      stream?.on('data', (text) => {
        said += text;
      });
  });
  afterEach(async () => {
    if (agent.exitCode === null) {
      agent.kill('SIGKILL');
      await once(agent, 'close');
    }
    await imds.close();
    await api.close();
    await node.crash();
    rmSync(directory, { recursive: true });
  });

  it('finds out who it is, holds the cloud back, lets go when the node is empty, and ends on SIGTERM', async () => {
    await vi.waitFor(() => expect(said).toContain('agent.listening'), patiently);
    expect(said).toContain(instance.id);
    group.terminate(instance.id, true);
    await vi.waitFor(() => expect(instance.heartbeats).toBeGreaterThan(0), patiently);
    await vi.waitFor(() => expect(node.state).toBe('draining'), patiently);
    node.empty();
    await vi.waitFor(() => expect(instance.dead).toBe(true), patiently);
    expect(instance.completions).toBe(1);
    agent.kill('SIGTERM');
    expect(await once(agent, 'close')).toEqual([0, null]);
    expect(said).not.toContain('a secret that is in no log');
  });
});
