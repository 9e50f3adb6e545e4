import type { Fleet, FleetDriver } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** One group of a cloud, made for one test. */
export interface FleetUnderTest {
  readonly driver: FleetDriver;
  /** Lets the cloud work until the condition holds. */
  until(what: string, condition: (fleet: Fleet) => boolean): Promise<void>;
  /** The machine has nothing left to do and lets itself go, as its drain agent would. */
  letGo(memberId: string): Promise<void>;
  close(): Promise<void>;
}

export interface FleetSize {
  readonly min: number;
  readonly max: number;
  readonly wanted: number;
}

/** What the autoscaler may rely on, whatever the cloud. */
export function fleetDriverContract(cloud: string, make: (size: FleetSize) => Promise<FleetUnderTest>): void {
  describe(`fleet driver of ${cloud}`, { timeout: 20_000 }, () => {
    let fleet: FleetUnderTest;
    const running = ({ members }: Fleet) => members.filter(({ state }) => state === 'running');
    const idsOf = ({ members }: Fleet) => members.map(({ id }) => id).toSorted();

    beforeEach(async () => {
      fleet = await make({ min: 1, max: 4, wanted: 2 });
      await fleet.until('two running members', (now) => running(now).length === 2);
    });
    afterEach(() => fleet.close());

    /** The two members there are at the beginning. */
    const pair = async (): Promise<[string, string]> => {
      const [first, second] = idsOf(await fleet.driver.describe());
      if (first === undefined || second === undefined) throw new Error('the group has no two members');
      return [first, second];
    };

    it('says what is wanted, its limits and its members', async () => {
      const now = await fleet.driver.describe();
      expect(now).toMatchObject({ limits: { min: 1, max: 4 }, wanted: 2 });
      expect(now.members).toHaveLength(2);
      for (const member of now.members) {
        expect(member).toMatchObject({
          state: 'running',
          releasable: { ok: true },
          generation: expect.any(String),
        });
      }
    });

    it('grows to exactly what is asked for', async () => {
      await fleet.driver.grow({ to: 4, operationId: 'one' });
      await fleet.until('four running members', (now) => running(now).length === 4);
      expect(await fleet.driver.describe()).toMatchObject({ wanted: 4 });
    });

    it('grows once for the same operation, also when something was released in between', async () => {
      await fleet.driver.grow({ to: 3, operationId: 'one' });
      await fleet.until('three running members', (now) => running(now).length === 3);
      const [victim] = await pair();
      await fleet.driver.release(victim, 'release');
      await fleet.driver.grow({ to: 3, operationId: 'one' });
      expect(await fleet.driver.describe()).toMatchObject({ wanted: 2 });
    });

    it('never shrinks', async () => {
      await fleet.driver.grow({ to: 1, operationId: 'one' });
      expect(await fleet.driver.describe()).toMatchObject({ wanted: 2 });
      expect(running(await fleet.driver.describe())).toHaveLength(2);
    });

    it('rejects growth above the maximum and leaves everything as it is', async () => {
      await expect(fleet.driver.grow({ to: 5, operationId: 'one' })).rejects.toThrow();
      expect(await fleet.driver.describe()).toMatchObject({ wanted: 2 });
    });

    it('releases this member and no other, and wants one fewer from the moment it accepts', async () => {
      const [victim, other] = await pair();
      await fleet.driver.release(victim, 'release');
      const accepted = await fleet.driver.describe();
      expect(accepted.wanted).toBe(1);
      expect(accepted.members.find(({ id }) => id === victim)).toMatchObject({
        state: 'leaving',
        releasable: { ok: false },
      });
      await fleet.letGo(victim);
      await fleet.until('the end of the member', (now) => !idsOf(now).includes(victim));
      expect(idsOf(await fleet.driver.describe())).toEqual([other]);
    });

    it('releases once however often it is asked, also when the member is gone', async () => {
      const [victim, other] = await pair();
      await fleet.driver.grow({ to: 3, operationId: 'one' });
      await fleet.driver.release(victim, 'release');
      await fleet.driver.release(victim, 'release');
      expect(await fleet.driver.describe()).toMatchObject({ wanted: 2 });
      await fleet.letGo(victim);
      await fleet.until('the end of the member', (now) => !idsOf(now).includes(victim));
      await fleet.driver.release(victim, 'release');
      const now = await fleet.driver.describe();
      expect(now.wanted).toBe(2);
      expect(now.members.find(({ id }) => id === other)).toMatchObject({ state: 'running' });
    });

    it('refuses a release below the minimum before anything happens to the member, and says so beforehand', async () => {
      const [first, second] = await pair();
      await fleet.driver.release(first, 'release');
      const now = await fleet.driver.describe();
      expect(now.members.find(({ id }) => id === second)).toMatchObject({ releasable: { ok: false } });
      await expect(fleet.driver.release(second, 'release')).rejects.toThrow();
      expect((await fleet.driver.describe()).members.find(({ id }) => id === second)).toMatchObject({
        state: 'running',
      });
    });

    it('refuses to release what was never its own', async () => {
      await expect(fleet.driver.release('somebody-else', 'release')).rejects.toThrow();
      expect(await fleet.driver.describe()).toMatchObject({ wanted: 2 });
    });
  });
}
