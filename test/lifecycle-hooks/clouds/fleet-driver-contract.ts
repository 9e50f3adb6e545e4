import type { Fleet, FleetDriver } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** One group of a cloud, made for one test. */
export interface FleetUnderTest {
  readonly driver: FleetDriver;
  now(): number;
  /** Lets time pass, ms. */
  pass(ms: number): Promise<void>;
  /** Lets the cloud work until the condition holds; what it is asked of is the truth, and never old. */
  until(what: string, condition: (fleet: Fleet) => boolean): Promise<void>;
  /** The machine has nothing left to do and lets itself go, as its drain agent would. */
  letGo(memberId: string): Promise<void>;
  /** Launches from now on never arrive. */
  stall(): void;
  close(): Promise<void>;
}

export interface FleetSize {
  readonly min: number;
  readonly max: number;
  readonly wanted: number;
}

export const fleetSize: FleetSize = { min: 1, max: 4, wanted: 2 };

const running = ({ members }: Fleet) => members.filter(({ state }) => state === 'running');
const idsOf = ({ members }: Fleet) => members.map(({ id }) => id).toSorted();
const code = (expected: string) => expect.objectContaining({ code: expected });

/** Repeats a call whose effect is not known, or that may work later, as every caller must. */
async function insist<T>(fleet: FleetUnderTest, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof HoldfastError) || !error.retryable) throw error;
      await fleet.pass(error.retryAfterMs ?? 100);
    }
  }
}

/** The driver as an insisting caller has it. */
function patient(fleet: FleetUnderTest): FleetDriver {
  const { driver } = fleet;
  return {
    describe: () => insist(fleet, () => driver.describe()),
    grow: (growth) => insist(fleet, () => driver.grow(growth)),
    giveUp: (id, operationId) => insist(fleet, () => driver.giveUp(id, operationId)),
    release: (id, operationId) => insist(fleet, () => driver.release(id, operationId)),
  };
}

/** The two members that there are at the beginning. */
async function pair(driver: FleetDriver): Promise<[string, string]> {
  const [first, second] = idsOf(await driver.describe());
  if (first === undefined || second === undefined) throw new Error('the group has no two members');
  return [first, second];
}

type Rule = (fleet: FleetUnderTest, driver: FleetDriver) => Promise<void>;

/** What the autoscaler may rely on, whatever the cloud: a group of two, one at least and four at most. */
export const fleetDriverRules = {
  'says what is wanted, its limits, what it launches and its members': async (fleet, driver) => {
    const now = await driver.describe();
    expect(now).toMatchObject({ limits: { min: 1, max: 4 }, wanted: 2, generation: expect.any(String) });
    expect(now.asOfMs).toBeLessThanOrEqual(fleet.now());
    expect(now.members).toHaveLength(2);
    expect(new Set(idsOf(now)).size).toBe(2);
    for (const member of now.members) {
      expect(member).toMatchObject({
        state: 'running',
        releasable: { ok: true },
        generation: now.generation,
        machineType: expect.any(String),
        market: expect.stringMatching(/^(on-demand|spot)$/),
      });
      expect(member.workers).toBeGreaterThan(0);
      expect(member.launchedAtMs).toBeLessThanOrEqual(fleet.now());
    }
  },
  'grows to exactly what is asked for, and shows it from the moment it accepts': async (fleet, driver) => {
    await driver.grow({ to: 4, operationId: 'one' });
    expect(await driver.describe()).toMatchObject({ wanted: 4 });
    await fleet.until('four running members', (now) => running(now).length === 4);
    await fleet.pass(60_000);
    const now = await driver.describe();
    expect(now.wanted).toBe(4);
    expect(running(now)).toHaveLength(4);
  },
  'says which operation a member was launched by, or that it does not know': async (fleet, driver) => {
    const before = idsOf(await driver.describe());
    await driver.grow({ to: 3, operationId: 'one' });
    await fleet.until('the third', (now) => running(now).length === 3);
    await fleet.pass(60_000);
    const added = (await driver.describe()).members.find(({ id }) => !before.includes(id));
    expect(['one', null]).toContain(added?.launchedBy);
  },
  'grows once for the same operation, also when something was released in between': async (fleet, driver) => {
    await driver.grow({ to: 3, operationId: 'one' });
    await fleet.until('three running members', (now) => running(now).length === 3);
    await fleet.pass(60_000);
    const [victim] = await pair(driver);
    await driver.release(victim, 'two');
    await driver.grow({ to: 3, operationId: 'one' });
    expect(await driver.describe()).toMatchObject({ wanted: 2 });
    await fleet.pass(60_000);
    expect(await driver.describe()).toMatchObject({ wanted: 2 });
  },
  'never shrinks': async (fleet, driver) => {
    await driver.grow({ to: 1, operationId: 'one' });
    await fleet.pass(60_000);
    const now = await driver.describe();
    expect(now.wanted).toBe(2);
    expect(running(now)).toHaveLength(2);
  },
  'refuses growth above the maximum with CLOUD_QUOTA and leaves everything as it is': async (_, driver) => {
    await expect(driver.grow({ to: 5, operationId: 'one' })).rejects.toEqual(code('CLOUD_QUOTA'));
    expect(await driver.describe()).toMatchObject({ wanted: 2 });
  },
  'releases this member and no other, and wants one fewer from the moment it accepts': async (
    fleet,
    driver,
  ) => {
    const [victim, other] = await pair(driver);
    await driver.release(victim, 'one');
    const accepted = await driver.describe();
    expect(accepted.wanted).toBe(1);
    expect(accepted.members.find(({ id }) => id === victim)).toMatchObject({
      state: 'leaving',
      releasable: { ok: false },
    });
    expect(accepted.members.find(({ id }) => id === other)).toMatchObject({ state: 'running' });
    await fleet.letGo(victim);
    await fleet.until('the end of the member', (now) => !idsOf(now).includes(victim));
    await fleet.pass(60_000);
    const now = await driver.describe();
    expect(now.wanted).toBe(1);
    expect(idsOf(now)).toEqual([other]);
  },
  'releases once however often it is asked, also when the member is gone': async (fleet, driver) => {
    const [victim, other] = await pair(driver);
    await driver.grow({ to: 3, operationId: 'one' });
    await driver.release(victim, 'two');
    await driver.release(victim, 'two');
    await driver.release(victim, 'three');
    expect(await driver.describe()).toMatchObject({ wanted: 2 });
    await fleet.letGo(victim);
    await fleet.until('the end of the member', (now) => !idsOf(now).includes(victim));
    await fleet.pass(60_000);
    await driver.release(victim, 'two');
    const now = await driver.describe();
    expect(now.wanted).toBe(2);
    expect(now.members.find(({ id }) => id === other)).toMatchObject({ state: 'running' });
  },
  'refuses a release at the minimum with CLOUD_REFUSED before anything happens, and says so beforehand':
    async (fleet, driver) => {
      const [first, second] = await pair(driver);
      await driver.release(first, 'one');
      const now = await driver.describe();
      if (now.members.find(({ id }) => id === second)?.releasable.ok) {
        // What is described may be old; it must not stay so.
        await fleet.pass(60_000);
        const later = await driver.describe();
        expect(later.members.find(({ id }) => id === second)).toMatchObject({ releasable: { ok: false } });
      }
      await expect(driver.release(second, 'two')).rejects.toEqual(code('CLOUD_REFUSED'));
      expect((await driver.describe()).members.find(({ id }) => id === second)).toMatchObject({
        state: 'running',
      });
    },
  'refuses to release or give up what was never its own with NOT_FOUND': async (_, driver) => {
    await expect(driver.release('somebody-else', 'one')).rejects.toEqual(code('NOT_FOUND'));
    await expect(driver.giveUp('somebody-else', 'two')).rejects.toEqual(code('NOT_FOUND'));
    expect(await driver.describe()).toMatchObject({ wanted: 2 });
  },
  'gives up a launch that does not arrive: it goes, no other does, and one fewer is wanted': async (
    fleet,
    driver,
  ) => {
    const before = await pair(driver);
    fleet.stall();
    await driver.grow({ to: 3, operationId: 'one' });
    await fleet.until('the launch', (now) => now.members.some(({ state }) => state === 'launching'));
    await fleet.pass(60_000);
    const launch = (await driver.describe()).members.find(({ state }) => state === 'launching');
    if (!launch) throw new Error('a launch that does not arrive is not described as one');
    await driver.giveUp(launch.id, 'two');
    await driver.giveUp(launch.id, 'two');
    expect(await driver.describe()).toMatchObject({ wanted: 2 });
    await fleet.until('its end', (now) => !idsOf(now).includes(launch.id));
    await fleet.pass(60_000);
    await driver.giveUp(launch.id, 'two');
    const now = await driver.describe();
    expect(now.wanted).toBe(2);
    expect(idsOf(now)).toEqual(before);
  },
  'refuses to give up a machine that runs with CLOUD_REFUSED: it holds people': async (fleet, driver) => {
    const [first] = await pair(driver);
    await expect(driver.giveUp(first, 'one')).rejects.toEqual(code('CLOUD_REFUSED'));
    await fleet.pass(60_000);
    const now = await driver.describe();
    expect(now.wanted).toBe(2);
    expect(running(now)).toHaveLength(2);
  },
} as const satisfies Record<string, Rule>;

export type FleetDriverRule = keyof typeof fleetDriverRules;

/** Tries one rule on one group. */
export async function tryFleetDriverRule(rule: FleetDriverRule, fleet: FleetUnderTest): Promise<void> {
  await fleet.until('two running members', (now) => running(now).length === 2);
  await fleetDriverRules[rule](fleet, patient(fleet));
}

/** Every rule is a test. */
export function fleetDriverContract(cloud: string, make: (size: FleetSize) => Promise<FleetUnderTest>): void {
  describe(`fleet driver of ${cloud}`, { timeout: 20_000 }, () => {
    let fleet: FleetUnderTest;
    beforeEach(async () => {
      fleet = await make(fleetSize);
    });
    afterEach(() => fleet.close());
    for (const rule of Object.keys(fleetDriverRules) as FleetDriverRule[])
      it(rule, () => tryFleetDriverRule(rule, fleet));
  });
}
