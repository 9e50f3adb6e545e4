import { afterEach, describe, expect, it } from 'vitest';
import { AwsAgent } from './aws-agent.ts';
import type { FakeHook } from './fake-instance.ts';

let agent: AwsAgent;
afterEach(() => agent.close());

const group = () => agent.machine.fleet.group;
const instance = () => agent.machine.instance;
const now = () => agent.machine.fleet.clock.now();
const gone = () => agent.machine.until('the end of the machine', () => !group().instances.has(instance().id));
const drains = () => agent.machine.until('the drain', () => agent.node.state === 'draining');
const completions = () => agent.metric('holdfast_agent_notices_completed_total');
const hook: FakeHook = {
  name: 'drain',
  heartbeatTimeoutS: 60,
  defaultResult: 'CONTINUE',
};

/** A machine with meetings, of a group of two. */
async function busy(options: Parameters<typeof AwsAgent.of>[0] = {}): Promise<void> {
  agent = await AwsAgent.of({ hooks: [hook], ...options });
  agent.node.holds = 2;
}

/** Each way, and how many machines are wanted after it. */
const ways: Record<string, { readonly wanted: number; readonly go: () => unknown }> = {
  'is released by the autoscaler': {
    wanted: 1,
    go: () => agent.machine.fleet.driver.release(instance().id),
  },
  'is terminated from the console of the group': {
    wanted: 2,
    go: () => group().terminate(instance().id, false),
  },
  'is replaced because a health check failed': {
    wanted: 2,
    go: () => group().replaceUnhealthy(instance().id),
  },
  'is replaced by an instance refresh': { wanted: 2, go: () => group().refresh('4') },
};

describe('a machine of AWS with meetings that', () => {
  for (const [what, { wanted, go }] of Object.entries(ways))
    it(`${what} is held for as long as they need, goes when it is empty, and ${wanted} are wanted`, async () => {
      await busy();
      await go();
      await drains();
      // More than the hook's patience.
      await agent.machine.pass(150_000);
      expect(instance().state).toBe('Terminating:Wait');
      const heldMs = now();
      agent.node.empty();
      await gone();
      expect(now() - heldMs).toBeLessThan(5000);
      expect(instance().completions).toBe(1);
      expect(agent.node.state).toBe('released');
      await agent.machine.pass(60_000);
      expect(group().desired).toBe(wanted);
      expect(agent.machine.fleet.inState('InService')).toHaveLength(wanted);
      expect(await agent.metric('holdfast_agent_participants_cut_total')).toBe(0);
    });

  it('is interrupted has the whole two minutes but the margin, and hears of it within one poll', async () => {
    await busy({ market: 'spot' });
    const beginMs = now();
    group().interrupt(instance().id);
    await drains();
    expect(now() - beginMs).toBeLessThanOrEqual(2500);
    const withinMs = [...agent.node.told.values()][0] ?? 0;
    expect(withinMs).toBeGreaterThan(112_000);
    expect(now() + withinMs).toBeLessThanOrEqual(beginMs + 120_000 - 1000);
    agent.node.empty();
    await agent.machine.until('the empty node', () => agent.phase === 'drained');
    await agent.machine.until('the end', () => instance().dead);
    expect(await completions()).toBe(0);
  });

  it('is interrupted while its hook holds it follows the earlier of the two', async () => {
    await busy({ market: 'spot', hooks: [{ ...hook, heartbeatTimeoutS: 3600 }] });
    await agent.machine.fleet.driver.release(instance().id);
    await drains();
    const atMs = group().interrupt(instance().id);
    await agent.machine.until('both notices', () => agent.node.told.size === 2);
    const withinMs = Math.min(...[...agent.node.told.values()].map((ms) => ms ?? Infinity));
    expect(now() + withinMs).toBeLessThanOrEqual(atMs);
  });

  it('is to be maintained is empty before, and takes meetings again when that is called off', async () => {
    await busy();
    const event = {
      id: 'instance-event-1',
      code: 'system-reboot',
      notBeforeMs: now() + 660_000,
      state: 'active' as 'active' | 'canceled',
    };
    instance().maintenance.push(event);
    await agent.machine.pass(30_000);
    expect(agent.node.state).toBe('active');
    await drains();
    agent.node.empty();
    await agent.machine.until('the empty node', () => agent.phase === 'drained');
    event.state = 'canceled';
    await agent.machine.until('the node in service', () => agent.node.state === 'active');
  });

  it('is advised to go stays: nothing happens to it', async () => {
    await busy({ market: 'spot' });
    instance().rebalanceAtMs = now();
    await agent.machine.pass(60_000);
    expect(agent.node.state).toBe('active');
    expect(await agent.metric('holdfast_agent_notices_total')).toBe(1);
  });

  it('is killed by EC2 gets no notice at all, and the group launches another', async () => {
    await busy();
    group().killed(instance().id);
    await agent.stop();
    await gone();
    await agent.machine.until('two again', () => agent.machine.fleet.inState('InService').length === 2);
    expect(group().desired).toBe(2);
  });

  it('leaves while Auto Scaling is throttled for a minute loses nobody and is completed afterwards', async () => {
    await busy();
    await agent.machine.fleet.driver.release(instance().id);
    await drains();
    await agent.machine.until('the hook', () => instance().heartbeats > 0);
    agent.machine.fleet.api.fault = () => 'throttled';
    agent.node.empty();
    await agent.machine.pass(30_000);
    expect(instance().completions).toBe(0);
    agent.machine.fleet.api.fault = () => undefined;
    await gone();
    expect(instance().completions).toBe(1);
    expect(group().desired).toBe(1);
  });

  it('has its agent killed between heartbeat and completion is held and completed once by the next one', async () => {
    await busy();
    await agent.machine.fleet.driver.release(instance().id);
    await drains();
    await agent.machine.until('a heartbeat', () => instance().heartbeats > 0);
    await agent.stop();
    await agent.machine.pass(20_000);
    agent.start();
    await agent.machine.pass(120_000);
    expect(instance().state).toBe('Terminating:Wait');
    agent.node.empty();
    await gone();
    expect(instance().completions).toBe(1);
    expect(group().desired).toBe(1);
  });

  it('cannot be emptied in all the time that AWS gives cuts off who is left, and says how many', async () => {
    await busy({ hooks: [{ ...hook, heartbeatTimeoutS: 30, globalTimeoutS: 150 }] });
    const beginMs = now();
    await agent.machine.fleet.driver.release(instance().id);
    await gone();
    expect(now() - beginMs).toBeGreaterThan(150_000 - 10_000);
    expect(instance().completions).toBe(1);
    expect(await agent.metric('holdfast_agent_participants_cut_total')).toBe(6);
  });
});
