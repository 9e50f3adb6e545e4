import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../media-server/process/manual-clock.ts';
import { seeded } from '../seeded-faults.ts';
import { FakeAutoScaling, type FakeGroupOptions } from './fake-auto-scaling.ts';
import type { FakeHook, FakeInstance } from './fake-instance.ts';

let clock: ManualClock;
beforeEach(() => {
  clock = new ManualClock();
});

const hook = (name: string, over: Partial<FakeHook> = {}): FakeHook => ({
  name,
  heartbeatTimeoutS: 300,
  defaultResult: 'CONTINUE',
  ...over,
});

async function groupOf(count: number, options: Partial<FakeGroupOptions> = {}): Promise<FakeAutoScaling> {
  const group = new FakeAutoScaling({ clock, random: seeded(1), ...options });
  group.setDesired(count);
  await clock.advance(30_000);
  return group;
}

const states = (group: FakeAutoScaling) => [...group.instances.values()].map(({ state }) => state);
const first = (group: FakeAutoScaling): FakeInstance => {
  const [instance] = group.instances.values();
  if (!instance) throw new Error('the group is empty');
  return instance;
};

describe('the fake of an Auto Scaling group', () => {
  it('launches what is wanted, evenly over its zones, and only after a while', async () => {
    const group = new FakeAutoScaling({ clock, random: seeded(1) });
    group.setDesired(4);
    await clock.advance(5000);
    expect(states(group)).toEqual([]);
    await clock.advance(5000);
    expect(states(group)).toEqual(['Pending', 'Pending', 'Pending', 'Pending']);
    await clock.advance(20_000);
    expect([...group.instances.values()].map(({ make }) => make.zone).toSorted()).toEqual([
      'us-east-1a',
      'us-east-1a',
      'us-east-1b',
      'us-east-1b',
    ]);
  });

  it('ends machines that nothing protects when its size is lowered, and stays larger where all are', async () => {
    const bare = await groupOf(3, { protect: false });
    bare.setDesired(1);
    expect(states(bare).filter((state) => state === 'Terminating')).toHaveLength(2);
    const safe = await groupOf(3);
    safe.setDesired(1);
    await clock.advance(60_000);
    expect(states(safe)).toEqual(['InService', 'InService', 'InService']);
  });

  it('changes what is wanted when its limits leave no room for it', async () => {
    const group = await groupOf(3, { protect: false });
    group.update({ max: 2 });
    expect(group.desired).toBe(2);
    expect(states(group).filter((state) => state === 'Terminating')).toHaveLength(1);
    group.update({ min: 2, max: 4 });
    expect(() => group.setDesired(1)).toThrow(/below min/);
    expect(() => group.setDesired(5)).toThrow(/above max/);
  });

  it('holds a machine until all of its hooks are done, and no longer when one is abandoned', async () => {
    const group = await groupOf(2, { hooks: [hook('drain'), hook('logs')] });
    const [one, two] = [...group.instances.values()];
    for (const instance of [one, two]) if (instance) group.terminate(instance.id, true);
    await clock.advance(1000);
    one?.complete('drain', 'CONTINUE');
    two?.complete('drain', 'ABANDON');
    expect([one?.state, two?.state]).toEqual(['Terminating:Wait', 'Terminating:Proceed']);
    one?.complete('logs', 'CONTINUE');
    expect(one?.state).toBe('Terminating:Proceed');
    await clock.advance(2000);
    expect(group.instances.size).toBe(0);
  });

  it('lets a hook that says nothing end by itself, and no heartbeat hold it beyond a hundred of them', async () => {
    const group = await groupOf(1, { hooks: [hook('drain', { heartbeatTimeoutS: 30 })] });
    const instance = first(group);
    group.terminate(instance.id, true);
    await clock.advance(500);
    for (let beat = 0; beat < 200 && instance.heartbeat('drain'); beat += 1) await clock.advance(20_000);
    expect(instance.heartbeats).toBe(150);
    expect(instance.state).not.toBe('Terminating:Wait');
  });

  it('has no hook for a machine that began to end before the hook was made', async () => {
    const group = await groupOf(1, { hooks: [] });
    group.terminate(first(group).id, true);
    await clock.advance(600);
    group.hooks.push(hook('drain'));
    await clock.advance(2000);
    expect(group.instances.size).toBe(0);
  });

  it('replaces a machine that ends without one fewer being wanted', async () => {
    const group = await groupOf(1);
    group.terminate(first(group).id, false);
    await clock.advance(30_000);
    expect(states(group)).toEqual(['Terminating:Wait', 'InService']);
  });

  it('tries again and again what it cannot launch, and writes down each try', async () => {
    const group = new FakeAutoScaling({ clock, random: seeded(1) });
    group.launching = 'no-capacity';
    group.setDesired(1);
    await clock.advance(130_000);
    expect(group.activities.map(({ status }) => status)).toEqual(['Failed', 'Failed', 'Failed']);
    group.launching = 'works';
    await clock.advance(90_000);
    expect(states(group)).toEqual(['InService']);
  });

  it('lists its members as they were some seconds ago, and what it wants as it is', async () => {
    const group = await groupOf(2, { staleMs: 9000 });
    await clock.advance(20_000);
    group.terminate(first(group).id, true);
    const looks: string[] = [];
    for (let look = 0; look < 12; look += 1) {
      looks.push(group.listed()[0]?.state ?? 'gone');
      await clock.advance(1000);
    }
    expect(group.desired).toBe(1);
    expect(looks[0]).toBe('InService');
    expect(looks.at(-1)).toBe('Terminating:Wait');
  });

  it('answers the same token as the first time, and another request under it not at all', async () => {
    const group = await groupOf(1);
    const request = { count: 2, token: 'one', zones: ['us-east-1b'] };
    const answer = group.launchInstances(request);
    expect(group.launchInstances(request)).toEqual(answer);
    expect(group.desired).toBe(3);
    expect(() => group.launchInstances({ ...request, count: 1 })).toThrow(/do not match/);
  });
});
