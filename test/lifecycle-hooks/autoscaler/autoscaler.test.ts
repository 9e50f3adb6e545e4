import { Autoscaler, type Step } from '@holdfast/lifecycle-hooks/autoscaler/autoscaler.ts';
import { MemoryLease } from '@holdfast/lifecycle-hooks/autoscaler/memory-lease.ts';
import type { FleetDriver } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { HoldfastError, scalingReport } from '@holdfast/media-server/protocol/index.ts';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../media-server/process/manual-clock.ts';
import { onABadDay, seeded } from '../clouds/seeded-faults.ts';
import {
  type Around,
  autoscaler,
  changing,
  expectGoodDay,
  LEASE_MS,
  live,
  quick,
  TURN_MS,
} from './scaling-day.ts';
import { ScalingWorld, WORKERS } from './scaling-world.ts';

function worldWithLease() {
  const world = new ScalingWorld(1);
  const lease = new MemoryLease({ now: () => world.nowMs, after: () => () => {} });
  return { world, lease };
}

const quiet = (step: Promise<Step>) => step.catch(() => undefined);

describe('autoscaler', { timeout: 60_000 }, () => {
  it('launches when load rises, and empties and releases the surplus when it falls', async () => {
    const { world, lease } = worldWithLease();
    const leader = autoscaler(world, lease, 'a');
    const { atNoon } = await live(world, () => leader.step());
    expectGoodDay(world, atNoon);
  });

  it('that is dry decides the same and does nothing, and takes no lead from anybody', async () => {
    const { world, lease } = worldWithLease();
    const dry = autoscaler(world, lease, 'dry', { dryRun: true });
    await live(world, () => dry.step());
    expect(world.reports.map(({ decision }) => decision.type)).toContain('grow');
    expect(new Set(world.reports.map(({ fence }) => fence))).toEqual(new Set([null]));
    expect(world.done).toEqual([]);
    expect(await lease.take('real', LEASE_MS)).toMatchObject({ held: true, fence: 1 });
  });

  it('stands by while another leads, and takes over when that one is gone', async () => {
    const { world, lease } = worldWithLease();
    const [a, b] = [autoscaler(world, lease, 'a'), autoscaler(world, lease, 'b')];
    await a.step();
    expect(await b.step()).toEqual({ did: 'stood by', leader: 'a' });
    world.pass(LEASE_MS);
    expect((await b.step()).did).not.toBe('stood by');
    expect(await a.step()).toEqual({ did: 'stood by', leader: 'b' });
  });

  /** Counts the changing calls of a day without trouble. */
  const changes = async () => {
    const { world, lease } = worldWithLease();
    let count = 0;
    const leader = autoscaler(world, lease, 'a', {
      around: (name, call) => {
        if (changing.includes(name)) count += 1;
        return call();
      },
    });
    await live(world, () => leader.step());
    return count;
  };

  it('killed before or after any call that changes something: its successor goes on, with no machine too many and no wrong victim', async () => {
    const count = await changes();
    expect(count).toBeGreaterThanOrEqual(15);
    for (let killed = 0; killed < count; killed += 1) {
      for (const effect of [false, true]) {
        const { world, lease } = worldWithLease();
        let calls = 0;
        let holder = 0;
        const around: Around = async (name, call) => {
          if (!changing.includes(name)) return call();
          calls += 1;
          if (calls - 1 !== killed) return call();
          if (effect) await call();
          throw new Killed();
        };
        let leader = autoscaler(world, lease, 'a', { around });
        const { atNoon } = await live(world, async () => {
          try {
            await leader.step();
          } catch (error) {
            if (!(error instanceof Killed)) return;
          }
          if (calls > killed && holder === 0) {
            holder += 1;
            leader = autoscaler(world, lease, `b${holder}`);
          }
        });
        expectGoodDay(world, atNoon);
      }
    }
  });

  it('killed at any calls at all, again and again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 6 }),
        fc.boolean(),
        async (gaps, effect) => {
          const { world, lease } = worldWithLease();
          const left = [...gaps];
          let until = left.shift() ?? Infinity;
          let dead = false;
          const around: Around = async (_name, call) => {
            until -= 1;
            if (until > 0) return call();
            until = left.shift() ?? Infinity;
            dead = true;
            if (effect) await call();
            throw new Killed();
          };
          let born = 0;
          let leader = autoscaler(world, lease, 'a', { around });
          const { atNoon } = await live(world, async () => {
            await quiet(leader.step());
            if (dead) {
              dead = false;
              born += 1;
              leader = autoscaler(world, lease, `b${born}`, { around });
            }
          });
          expectGoodDay(world, atNoon);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('stopped with its clock in the middle of any call: what it does late is refused or changes nothing', async () => {
    const count = await changes();
    for (let held = 0; held < count; held += 1) {
      const { world, lease } = worldWithLease();
      let calls = 0;
      let stoppedAtMs: number | undefined;
      const gate = Promise.withResolvers<void>();
      const first = autoscaler(world, lease, 'a', {
        now: () => stoppedAtMs ?? world.nowMs,
        around: async (name, call) => {
          if (changing.includes(name)) {
            calls += 1;
            if (calls - 1 === held) {
              stoppedAtMs = world.nowMs;
              await gate.promise;
            }
          }
          return call();
        },
      });
      const second = autoscaler(world, lease, 'b');
      let late: Promise<unknown> | undefined;
      let stoppedTurn = Infinity;
      const { atNoon } = await live(world, async (turn) => {
        if (stoppedAtMs === undefined) {
          const step = quiet(first.step());
          await settled(step, () => stoppedAtMs !== undefined);
          if (stoppedAtMs !== undefined) [late, stoppedTurn] = [step, turn];
          return;
        }
        await quiet(second.step());
        // It wakes up in the middle of what its successor does, and goes on as if nothing had been.
        if (turn === stoppedTurn + 5) {
          gate.resolve();
          await late;
        }
        if (turn > stoppedTurn + 5) await quiet(first.step());
      });
      gate.resolve();
      await late;
      expectGoodDay(world, atNoon);
    }
  });

  describe('that was about to drain a machine when it was stopped', () => {
    /** The first leader hangs in its order for n2; then n2 gets a meeting, and the second leader would rather take n3. */
    const twoLeaders = async (aroundSecond: (wakeFirst: () => Promise<unknown>) => Around) => {
      const world = new ScalingWorld(3);
      const lease = new MemoryLease({ now: () => world.nowMs, after: () => () => {} });
      world.begin('m0', 24);
      const gate = Promise.withResolvers<void>();
      let stopped = false;
      const first = autoscaler(world, lease, 'a', {
        around: async (name, call) => {
          if (name === 'drain') {
            stopped = true;
            await gate.promise;
          }
          return call();
        },
      });
      let hanging: Promise<unknown> = Promise.resolve();
      for (let turn = 0; !stopped; turn += 1) {
        if (turn > 20) throw new Error('it never drained');
        hanging = first.step().catch((error: unknown) => error);
        await settled(hanging, () => stopped);
        world.pass(TURN_MS);
      }
      world.meetings.set('late', { streams: 112, nodeId: 'n2', worker: 0 });
      world.pass(LEASE_MS);
      const wakeFirst = () => {
        gate.resolve();
        return hanging;
      };
      const second = autoscaler(world, lease, 'b', { around: aroundSecond(wakeFirst) });
      for (let turn = 0; turn < 8; turn += 1) {
        await second.step();
        world.pass(TURN_MS / 2);
        if (world.victims.length > 0) break;
        world.pass(TURN_MS / 2);
      }
      return { world, outcome: await wakeFirst() };
    };
    const lost = expect.objectContaining({ code: 'LEASE_LOST' });

    it('is refused when it wakes just before its successor drains another', async () => {
      const { world, outcome } = await twoLeaders((wakeFirst) => async (name, call) => {
        if (name === 'drain') await wakeFirst();
        return call();
      });
      expect(outcome).toEqual(lost);
      expect(world.victims).toEqual(['n3']);
      expect(world.violations).toEqual([]);
    });

    it('is refused when it wakes after that', async () => {
      const { world, outcome } = await twoLeaders(() => (_name, call) => call());
      expect(outcome).toEqual(lost);
      expect(world.victims).toEqual(['n3']);
      expect(world.violations).toEqual([]);
    });
  });

  it('finishes what its predecessor began under the same name: a cloud that launches for every new name launches once', async () => {
    const { world, lease } = worldWithLease();
    for (const id of ['m0', 'm1']) world.begin(id, 400);
    const names: string[] = [];
    const driver: FleetDriver = {
      ...world.driver,
      // What it describes does not show yet what it was told.
      describe: async () => ({ ...world.fleet(), wanted: 1, members: world.fleet().members.slice(0, 1) }),
      grow: async (growth) => {
        names.push(growth.operationId);
        await world.driver.grow(growth);
      },
    };
    const around: Around = async (name, call) => {
      const result = await call();
      if (name === 'grow') throw new Killed();
      return result;
    };
    // Killed: it is never asked again.
    await quiet(autoscaler(world, lease, 'a', { driver, around }).step());
    world.pass(LEASE_MS);
    expect(await autoscaler(world, lease, 'b', { driver }).step()).toMatchObject({ did: 'acted' });
    expect(names).toHaveLength(2);
    expect(new Set(names).size).toBe(1);
  });

  it('does not finish a release when the node was given work again meanwhile', async () => {
    const world = new ScalingWorld(3);
    const lease = new MemoryLease({ now: () => world.nowMs, after: () => () => {} });
    world.begin('m0', 24);
    let killed = false;
    const around: Around = async (name, call) => {
      if (name !== 'release') return call();
      killed = true;
      throw new HoldfastError('CLOUD_UNREACHABLE', 'no answer');
    };
    const first = autoscaler(world, lease, 'a', { around });
    while (!killed) {
      await first.step();
      world.pass(TURN_MS);
    }
    // An operator takes the drain back.
    world.drains.clear();
    world.pass(LEASE_MS);
    const second = autoscaler(world, lease, 'b');
    expect(await second.step()).toMatchObject({
      did: 'waited',
      why: expect.stringContaining('not right any more'),
    });
    expect(world.done.filter((what) => what.startsWith('release'))).toEqual([]);
  });

  it('with a cloud on a bad day comes to the same, in the end', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const { world, lease } = worldWithLease();
      const bad = onABadDay(world.driver, seeded(seed), () => world.nowMs);
      const leader = autoscaler(world, lease, 'a', { driver: bad });
      await live(world, () => quiet(leader.step()));
      expect(world.violations).toEqual([]);
      expect(world.wanted).toBeLessThanOrEqual(2);
      expect([...world.meetings.keys()]).toEqual(['m0']);
    }
  });

  it('waits when the cloud throttles, as long as it says, and keeps its lead', async () => {
    const { world, lease } = worldWithLease();
    world.begin('m0', 400);
    world.begin('m1', 400);
    let throttled = true;
    const leader = autoscaler(world, lease, 'a', {
      driver: {
        ...world.driver,
        grow: async (growth) => {
          if (throttled) throw new HoldfastError('CLOUD_THROTTLED', 'too many', { retryAfterMs: 30_000 });
          await world.driver.grow(growth);
        },
      },
    });
    expect(await leader.step()).toMatchObject({ did: 'failed', code: 'CLOUD_THROTTLED', unsure: false });
    throttled = false;
    for (let turn = 0; turn < 2; turn += 1) {
      world.pass(TURN_MS);
      expect(await leader.step()).toMatchObject({ did: 'waited' });
    }
    world.pass(TURN_MS);
    expect(await leader.step()).toMatchObject({ did: 'acted', decision: { type: 'grow', to: 2 } });
  });

  it('tries another zone when one has no capacity, and repeats under the same name what it is unsure of', async () => {
    const { world, lease } = worldWithLease();
    world.begin('m0', 400);
    world.begin('m1', 400);
    const asked: (string | undefined)[] = [];
    const names: string[] = [];
    const leader = autoscaler(world, lease, 'a', {
      policy: {
        ...quick,
        choices: ['zone-1', 'zone-2'].map((zone) => ({ zone, machineType: 'local', workers: WORKERS })),
      },
      driver: {
        ...world.driver,
        grow: async ({ operationId, prefer, to }) => {
          asked.push(prefer?.zone);
          names.push(operationId);
          if (prefer?.zone === 'zone-1') throw new HoldfastError('CLOUD_NO_CAPACITY', 'none left');
          await world.driver.grow({ operationId, to });
          if (names.length === 2) throw new HoldfastError('CLOUD_UNREACHABLE', 'no answer');
        },
      },
    });
    expect(await leader.step()).toMatchObject({ code: 'CLOUD_NO_CAPACITY' });
    expect(await leader.step()).toMatchObject({ code: 'CLOUD_UNREACHABLE', unsure: true });
    expect(await leader.step()).toMatchObject({ did: 'acted' });
    expect(asked).toEqual(['zone-1', 'zone-2', 'zone-2']);
    expect(names[2]).toBe(names[1]);
    expect(world.wanted).toBe(2);
  });

  it('tells what failed however long the cloud’s answer is', async () => {
    const { world, lease } = worldWithLease();
    world.begin('m0', 400);
    world.begin('m1', 400);
    const page = '<p>sorry</p>'.repeat(1000);
    const leader = autoscaler(world, lease, 'a', {
      driver: {
        ...world.driver,
        grow: async () => {
          throw new HoldfastError('CLOUD_REFUSED', page);
        },
      },
    });
    expect(await leader.step()).toMatchObject({ did: 'failed', code: 'CLOUD_REFUSED' });
    const report = world.reports.at(-1);
    expect(report).toMatchObject({ outcome: 'failed', failure: { code: 'CLOUD_REFUSED' } });
    expect(scalingReport.safeParse(report).success).toBe(true);
  });

  it('works on through what fails, and lets another lead at once when it is stopped', async () => {
    const clock = new ManualClock();
    const world = new ScalingWorld(1);
    const lease = new MemoryLease(clock);
    let asked = 0;
    const leader = new Autoscaler({
      holder: 'a',
      driver: world.driver,
      controlPlane: {
        ...world.controlPlane,
        observe: async () => {
          asked += 1;
          if (asked === 1) throw new HoldfastError('CONNECTION_CLOSED', 'the control plane is away');
          return { ...world.platform(), asOfMs: clock.now() };
        },
      },
      lease,
      policy: quick,
      clock,
      log: pino({ level: 'silent' }),
    });
    const stop = new AbortController();
    const running = leader.run(stop.signal);
    await clock.until(() => asked === 3);
    expect(await lease.take('b', LEASE_MS)).toEqual({ held: false, by: 'a' });
    stop.abort();
    await running;
    expect(await lease.take('b', LEASE_MS)).toMatchObject({ held: true });
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not plan from what is older than its own last order', async () => {
    const { world, lease } = worldWithLease();
    const old = await world.controlPlane.observe();
    world.pass(TURN_MS);
    world.controlPlane.observe = async () => old;
    const blind = autoscaler(world, lease, 'b');
    expect(await blind.step()).toMatchObject({ did: 'waited' });
    world.controlPlane.observe = async () => world.platform();
    expect(await blind.step()).toMatchObject({ did: 'decided' });
  });
});

class Killed extends Error {}

/** Resolves when the step is over, or when it hangs where it was stopped. */
async function settled(step: Promise<unknown>, stopped: () => boolean): Promise<void> {
  let over = false;
  void step.then(() => {
    over = true;
  });
  while (!over && !stopped()) await new Promise(setImmediate);
}
