import type { Autoscaler } from '@holdfast/lifecycle-hooks/autoscaler/autoscaler.ts';
import type { ControlPlaneLink } from '@holdfast/lifecycle-hooks/autoscaler/control-plane-link.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { Channel } from './channel.ts';
import { type Around, autoscaler, changing, expectGoodDay, LEASE_MS, live, TURN_MS } from './scaling-day.ts';
import { ScalingWorld } from './scaling-world.ts';

const channels: Channel[] = [];
afterEach(async () => {
  await Promise.all(channels.splice(0).map((channel) => channel.close()));
});

async function worldBehindChannel(machines = 1) {
  const world = new ScalingWorld(machines);
  const channel = await Channel.open(world);
  channels.push(channel);
  /** A process: its own connection, and the autoscaler that uses it. */
  const process = (holder: string, about: { around?: Around; now?: () => number } = {}) => {
    const link: ControlPlaneLink = channel.link();
    return { link, autoscaler: autoscaler(world, link, holder, { ...about, controlPlane: link }) };
  };
  return { world, channel, process };
}

class Killed extends Error {}
const outcomeOf = (step: Promise<unknown>) => step.catch((error: unknown) => error);

async function changesOfADay(): Promise<number> {
  const { world, process } = await worldBehindChannel();
  let count = 0;
  const { autoscaler: leader } = process('a', {
    around: (name, call) => {
      if (changing.includes(name)) count += 1;
      return call();
    },
  });
  const { atNoon } = await live(world, () => leader.step());
  expectGoodDay(world, atNoon);
  return count;
}

describe('autoscalers over the real channel', { timeout: 120_000 }, () => {
  it('killed between any two steps, connection and all: no double launch, no wrong victim', async () => {
    const count = await changesOfADay();
    expect(count).toBeGreaterThanOrEqual(15);
    for (let killed = 0; killed < count; killed += 1) {
      for (const effect of [false, true]) {
        const { world, process } = await worldBehindChannel();
        let calls = 0;
        const first = process('a', {
          around: async (name, call) => {
            if (!changing.includes(name)) return call();
            calls += 1;
            if (calls - 1 !== killed) return call();
            if (effect) await call();
            throw new Killed();
          },
        });
        let leader = first;
        const { atNoon } = await live(world, async () => {
          await outcomeOf(leader.autoscaler.step());
          if (calls > killed && leader === first) {
            await first.link.close();
            leader = process('b');
          }
        });
        expectGoodDay(world, atNoon);
      }
    }
  });

  it('stopped with its clock at any step, and awake again beside its successor: what it does late is refused', async () => {
    const count = await changesOfADay();
    for (let held = 0; held < count; held += 1) {
      const { world, process } = await worldBehindChannel();
      let calls = 0;
      let stoppedAtMs: number | undefined;
      const gate = Promise.withResolvers<void>();
      const stopped = Promise.withResolvers<void>();
      const first = process('a', {
        now: () => stoppedAtMs ?? world.nowMs,
        around: async (name, call) => {
          if (changing.includes(name)) {
            calls += 1;
            if (calls - 1 === held) {
              stoppedAtMs = world.nowMs;
              stopped.resolve();
              await gate.promise;
            }
          }
          return call();
        },
      }).autoscaler;
      const second: Autoscaler = process('b').autoscaler;
      let late: Promise<unknown> | undefined;
      let stoppedTurn = Infinity;
      const { atNoon } = await live(world, async (turn) => {
        if (stoppedAtMs === undefined) {
          const step = outcomeOf(first.step());
          await Promise.race([step, stopped.promise]);
          if (stoppedAtMs !== undefined) [late, stoppedTurn] = [step, turn];
          return;
        }
        await outcomeOf(second.step());
        if (turn === stoppedTurn + 5) {
          gate.resolve();
          await late;
        }
        if (turn > stoppedTurn + 5) await outcomeOf(first.step());
      });
      gate.resolve();
      await late;
      expectGoodDay(world, atNoon);
    }
  });

  it('stopped in its order for a victim: awake again it is refused, whom its successor chose goes and no other', async () => {
    const { world, process } = await worldBehindChannel(3);
    world.begin('m0', 24);
    const gate = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    let hangs = false;
    const first = process('a', {
      around: async (name, call) => {
        if (name === 'drain') {
          hangs = true;
          stopped.resolve();
          await gate.promise;
        }
        return call();
      },
    }).autoscaler;
    let late: Promise<unknown> = Promise.resolve();
    for (let turn = 0; !hangs; turn += 1) {
      if (turn > 20) throw new Error('it never drained');
      late = outcomeOf(first.step());
      await Promise.race([late, stopped.promise]);
      world.pass(TURN_MS);
    }
    // The victim gets work meanwhile, and the successor would rather take another.
    world.meetings.set('late', { streams: 112, nodeId: 'n2', worker: 0 });
    world.pass(LEASE_MS);
    const second = process('b').autoscaler;
    for (let turn = 0; world.victims.length === 0; turn += 1) {
      if (turn > 20) throw new Error('its successor never drained');
      await second.step();
      world.pass(TURN_MS / 2);
    }
    gate.resolve();
    expect(await late).toEqual(expect.objectContaining({ code: 'LEASE_LOST' }));
    expect(world.victims).toEqual(['n3']);
    expect(world.violations).toEqual([]);
  });

  it('a hostile one with the secret gives no orders and writes no journal under a token of its own making', async () => {
    const { world, channel, process } = await worldBehindChannel();
    await process('a').autoscaler.step();
    const hostile = channel.link();
    const lost = expect.objectContaining({ code: 'LEASE_LOST' });
    for (const fence of [1, world.nowMs + 1, Number.MAX_SAFE_INTEGER]) {
      const order = { operationId: 'x', fence, reason: 'because' };
      await expect(hostile.drain('n1', order)).rejects.toEqual(lost);
      await expect(hostile.cancelDrain('n1', order)).rejects.toEqual(lost);
      await expect(hostile.write(fence, { id: 'x', sequence: 1, intent: null })).rejects.toEqual(lost);
    }
    expect(world.done).toEqual([]);
    expect(await hostile.take('hostile', LEASE_MS)).toEqual({ held: false, by: 'a' });
  });

  it('never take back a drain of somebody else', async () => {
    const { world, process } = await worldBehindChannel();
    const { autoscaler: leader } = process('a');
    world.drains.set('n1', 'others');
    world.begin('m0', 400);
    for (let turn = 0; turn < 30; turn += 1) {
      await leader.step();
      world.pass(TURN_MS);
    }
    expect(world.done.filter((what) => what.startsWith('cancel'))).toEqual([]);
    expect(world.drains.get('n1')).toBe('others');
  });

  it('leave behind what they decided and why, each decision once with what became of it', async () => {
    const { world, channel, process } = await worldBehindChannel();
    const { autoscaler: leader } = process('a');
    const { atNoon } = await live(world, () => leader.step());
    expectGoodDay(world, atNoon);
    const { decisions, samples, machines } = await channel.decisions.look({ limit: 300, samplesSinceMs: 0 });
    const acts = decisions.filter(({ decision }) => decision.type !== 'hold');
    expect(acts.map(({ decision }) => decision.type).filter((type) => type === 'release')).toHaveLength(2);
    expect(acts.length).toBe(world.done.length);
    for (const act of acts)
      expect(act).toMatchObject({ outcome: 'done', figures: { wanted: expect.any(Number) } });
    expect(samples.length).toBeGreaterThan(50);
    expect(machines.map(({ nodeId }) => nodeId)).toEqual(['n1', 'n2', 'n3']);
  });
});
