import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FleetService } from '@holdfast/lifecycle-hooks/clouds/local/fleet-service.ts';
import { LocalFleetDriver } from '@holdfast/lifecycle-hooks/clouds/local/local-fleet-driver.ts';
import { systemClock } from '@holdfast/media-server/process/clock.ts';
import { decisionList } from '@holdfast/media-server/protocol/index.ts';
import { afterAll, describe, expect, it } from 'vitest';
import { eventually, Platform, secrets } from '../../media-server/control-plane/platform.ts';
import { LocalCloudFixture } from '../clouds/local/local-cloud-fixture.ts';

const main = fileURLToPath(import.meta.resolve('@holdfast/lifecycle-hooks/autoscaler/main.ts'));
const folder = mkdtempSync(join(tmpdir(), 'holdfast-autoscaler-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(
  config: object,
  env: NodeJS.ProcessEnv = { HOLDFAST_SCALING_TOKEN: secrets.HOLDFAST_SCALING_TOKEN },
) {
  const file = join(folder, `${Math.random()}.json`);
  writeFileSync(file, JSON.stringify({ role: 'autoscaler', ...config }));
  const child = spawn(process.execPath, [main, '--config', file], {
    env: { PATH: process.env.PATH, ...env },
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

const logged = (out: { stdout: string }, event: string) =>
  out.stdout
    .split('\n')
    .filter((line) => line.includes(`"${event}"`))
    .map((line): Record<string, unknown> => JSON.parse(line));

/** A control plane, and a cloud of fake machines behind its socket. */
async function surroundings() {
  const platform = await Platform.start();
  const fixture = await new LocalCloudFixture({ clock: systemClock }).running(1);
  const service = new FleetService(new LocalFleetDriver(fixture.cloud));
  const socket = join(folder, `fleet-${Math.random()}`);
  await service.listen(socket);
  const config = {
    intervalMs: 100,
    controlPlane: { urls: [`ws://127.0.0.1:${platform.controlPlane.internalPort}/internal/scaling`] },
    fleet: { kind: 'local', socket },
    policy: { minNodes: 2, choices: [{ machineType: 'local', workers: 1 }] },
  };
  const decisions = async () =>
    decisionList.parse(await (await platform.operator('GET', '/v1/decisions')).json());
  return {
    platform,
    fixture,
    config,
    decisions,
    async close() {
      await service.close();
      await fixture.close();
      await platform.close();
    },
  };
}

describe('the process of the autoscaler', () => {
  it('leads, does what is to be done, says why to operators, and on SIGTERM lets another lead at once', async () => {
    const { platform, fixture, config, decisions, close } = await surroundings();
    const { child, out, exit } = run(config);
    try {
      await eventually(() => fixture.cloud.describe().wanted === 2);
      await eventually(async () => (await decisions()).decisions.some(({ outcome }) => outcome === 'done'));
      const { leader, decisions: kept } = await decisions();
      expect(kept.find(({ decision }) => decision.type === 'grow')).toMatchObject({
        holder: leader,
        dryRun: false,
        decision: { to: 2, reason: expect.stringContaining('below its minimum of 2') },
      });
      const [listening] = logged(out, 'scaling.listening');
      const probe = async (path: string) => fetch(`http://127.0.0.1:${listening?.port}${path}`);
      await eventually(async () => (await probe('/readyz')).status === 200);
      expect(await (await probe('/readyz')).json()).toMatchObject({ role: 'autoscaler', leads: true });
      const metrics = await (await probe('/metrics')).text();
      expect(metrics).toContain('holdfast_autoscaler_decisions_total{type="grow",outcome="done"} 1');
      expect(metrics).toContain('holdfast_autoscaler_leads 1');
      expect(await platform.metric('holdfast_scaling_decisions_total{type="grow",outcome="done"}')).toBe(1);
      expect(await platform.metric(`holdfast_scaling_leader{holder="${leader}"}`)).toBe(1);
      child.kill('SIGTERM');
      expect(await exit).toBe(0);
      expect((await decisions()).leader).toBeNull();
      expect(out.stdout).not.toContain(secrets.HOLDFAST_SCALING_TOKEN);
    } finally {
      child.kill('SIGKILL');
      await close();
    }
  });

  it('in a dry run shows the same decision, and does nothing', async () => {
    const { fixture, config, decisions, close } = await surroundings();
    const { child } = run({ ...config, dryRun: true });
    try {
      await eventually(async () =>
        (await decisions()).decisions.some(({ decision }) => decision.type === 'grow'),
      );
      const { leader, decisions: kept } = await decisions();
      expect(leader).toBeNull();
      expect(kept[0]).toMatchObject({ dryRun: true, outcome: 'begun', decision: { type: 'grow', to: 2 } });
      expect(fixture.cloud.describe().wanted).toBe(1);
    } finally {
      child.kill('SIGKILL');
      await close();
    }
  });

  it('is told from another of the same name: a stopped one and its replacement never both lead', async () => {
    const { config, decisions, close } = await surroundings();
    const named = { ...config, name: 'scaler', intervalMs: 100, leaseMs: 1000 };
    const first = run(named);
    try {
      await eventually(async () => (await decisions()).leader !== null);
      const { leader } = await decisions();
      expect(leader).toMatch(/^scaler-/);
      first.child.kill('SIGSTOP');
      const second = run(named);
      try {
        await eventually(async () => {
          const now = (await decisions()).leader;
          return now !== null && now !== leader;
        });
        first.child.kill('SIGCONT');
        const { leader: present } = await decisions();
        expect(present).toMatch(/^scaler-/);
        await eventually(() => logged(second.out, 'scaling.leads').length === 1);
      } finally {
        second.child.kill('SIGKILL');
      }
    } finally {
      first.child.kill('SIGCONT');
      first.child.kill('SIGKILL');
      await close();
    }
  });

  it('is not ready while it sees nothing, and says why', async () => {
    const nowhere = {
      controlPlane: { urls: ['ws://127.0.0.1:1/internal/scaling'] },
      fleet: { kind: 'local', socket: '/nowhere' },
    };
    const { child, out } = run({ ...nowhere, policy: { choices: [{ machineType: 'local', workers: 1 }] } });
    try {
      await eventually(() => logged(out, 'scaling.step_failed').length > 0);
      const [listening] = logged(out, 'scaling.listening');
      const answer = await fetch(`http://127.0.0.1:${listening?.port}/readyz`);
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({
        ready: false,
        failure: expect.stringContaining('NODE_UNREACHABLE'),
      });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it.each([
    { what: 'configuration', config: { policy: {} }, env: undefined, says: /must say|controlPlane|choices/ },
    {
      what: 'secret',
      config: {
        controlPlane: { urls: ['ws://127.0.0.1:1/'] },
        fleet: { kind: 'local', socket: '/nowhere' },
        policy: { choices: [{ machineType: 'local', workers: 1 }] },
      },
      env: {},
      says: /HOLDFAST_SCALING_TOKEN/,
    },
  ])('ends with 78 and says what is wrong with its $what', async ({ config, env, says }) => {
    const { exit, out } = run(config, env);
    expect(await exit).toBe(78);
    expect(out.stderr).toMatch(says);
  });
});
