import type { Fleet, FleetDriver } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { describe, expect, it } from 'vitest';
import {
  type FleetDriverRule,
  fleetDriverRules,
  fleetSize,
  tryFleetDriverRule,
} from './fleet-driver-contract.ts';
import type { LocalCloudFixture } from './local/local-cloud-fixture.ts';
import { localFleet } from './local/local-fleet.ts';

/** A mistake that a driver of a real cloud could make, made with the local one. */
type Mistake = (right: FleetDriver, fixture: LocalCloudFixture) => Partial<FleetDriver>;

const wantedAs = (right: FleetDriver, change: (fleet: Fleet) => number) => async () => {
  const fleet = await right.describe();
  return { ...fleet, wanted: change(fleet) };
};
const swallowed = async (call: Promise<void>) => {
  await call.catch(() => {});
};
let operations = 0;
const fresh = () => `operation ${operations++}`;

const mistakes: Record<FleetDriverRule, Record<string, Mistake>> = {
  'says what is wanted, its limits, what it launches and its members': {
    'counts what runs as what is wanted, when one is missing': (right) => ({
      describe: wantedAs(right, ({ members }) => members.length - 1),
    }),
    'lists a member twice': (right) => ({
      describe: async () => {
        const fleet = await right.describe();
        return {
          ...fleet,
          members: fleet.members.map((each) => ({ ...each, id: fleet.members[0]?.id ?? '' })),
        };
      },
    }),
    'claims to know the future': (right) => ({
      describe: async () => ({ ...(await right.describe()), asOfMs: Infinity }),
    }),
  },
  'grows to exactly what is asked for, and shows it from the moment it accepts': {
    'describes what it knew before': (right) => {
      let before: Fleet | undefined;
      return {
        describe: async () => {
          before ??= await right.describe();
          return before;
        },
      };
    },
    'launches one too few': (right) => ({ grow: (growth) => right.grow({ ...growth, to: growth.to - 1 }) }),
  },
  'says which operation a member was launched by, or that it does not know': {
    'takes all for launched by another': (right) => ({
      describe: async () => {
        const fleet = await right.describe();
        return { ...fleet, members: fleet.members.map((each) => ({ ...each, launchedBy: 'another' })) };
      },
    }),
  },
  'grows once for the same operation, also when something was released in between': {
    'takes each call for a new operation': (right) => ({
      grow: (growth) => right.grow({ ...growth, operationId: fresh() }),
    }),
  },
  'never shrinks': {
    'sets the size as it is told': (right) => ({
      grow: async ({ to, operationId }) => {
        const { wanted, members } = await right.describe();
        if (to < wanted) await right.release(members[0]?.id ?? '', operationId);
        else await right.grow({ to, operationId });
      },
    }),
  },
  'refuses growth above the maximum with CLOUD_QUOTA and leaves everything as it is': {
    'grows as far as it can': (right) => ({
      grow: (growth) => right.grow({ ...growth, to: Math.min(4, growth.to) }),
    }),
    'throws what its SDK throws': (right) => ({
      grow: (growth) =>
        right.grow(growth).catch(() => {
          throw new Error('ValidationError: New SetDesiredCapacity value 5 is above max value 4');
        }),
    }),
  },
  'releases this member and no other, and wants one fewer from the moment it accepts': {
    'lowers the size and lets the cloud choose': (right) => ({
      release: async (id, operationId) => {
        const { members } = await right.describe();
        await right.release(members.find((each) => each.id !== id)?.id ?? id, operationId);
      },
    }),
    'keeps the wish, so that the cloud launches another': (right) => ({
      release: async (id, operationId) => {
        const { wanted } = await right.describe();
        await right.release(id, operationId);
        await right.grow({ to: wanted, operationId: fresh() });
      },
    }),
  },
  'releases once however often it is asked, also when the member is gone': {
    'lowers the wish with each call': (right) => {
      let calls = 0;
      return {
        release: async (id, operationId) => {
          calls += 1;
          await right.release(id, operationId);
        },
        describe: wantedAs(right, ({ wanted }) => wanted - Math.max(0, calls - 1)),
      };
    },
    'takes a member that is gone for one that never was': (right) => ({
      release: async (id, operationId) => {
        if (!(await right.describe()).members.some((each) => each.id === id))
          throw new HoldfastError('NOT_FOUND', 'No managed instance found');
        await right.release(id, operationId);
      },
    }),
  },
  'refuses a release at the minimum with CLOUD_REFUSED before anything happens, and says so beforehand': {
    'takes the refusal for a release': (right) => ({ release: (id, op) => swallowed(right.release(id, op)) }),
    'says that all can be released': (right) => ({
      describe: async () => {
        const fleet = await right.describe();
        return {
          ...fleet,
          members: fleet.members.map((each) => ({ ...each, releasable: { ok: true } as const })),
        };
      },
    }),
    'has one code for everything': (right) => ({
      release: (id, op) =>
        right.release(id, op).catch(() => {
          throw new HoldfastError('INTERNAL', 'it did not work');
        }),
    }),
  },
  'refuses to release or give up what was never its own with NOT_FOUND': {
    'takes it for done': (right) => ({ release: (id, op) => swallowed(right.release(id, op)) }),
    'takes a launch that never was for given up': (right) => ({
      giveUp: (id, op) => swallowed(right.giveUp(id, op)),
    }),
  },
  'gives up a launch that does not arrive: it goes, no other does, and one fewer is wanted': {
    'keeps the wish': (right) => ({
      giveUp: async (id, operationId) => {
        const { wanted } = await right.describe();
        await right.giveUp(id, operationId);
        await right.grow({ to: wanted, operationId: fresh() });
      },
    }),
    'shows launches as running': (right) => ({
      describe: async () => {
        const fleet = await right.describe();
        return { ...fleet, members: fleet.members.map((each) => ({ ...each, state: 'running' as const })) };
      },
    }),
  },
  'refuses to give up a machine that runs with CLOUD_REFUSED: it holds people': {
    'ends it': (right) => ({ giveUp: (id, operationId) => right.release(id, operationId) }),
    'says yes and does nothing': (right) => ({ giveUp: (id, op) => swallowed(right.giveUp(id, op)) }),
  },
};

describe('the contract of fleet drivers finds a driver that', { timeout: 20_000 }, () => {
  for (const rule of Object.keys(fleetDriverRules) as FleetDriverRule[]) {
    for (const [what, mistake] of Object.entries(mistakes[rule])) {
      it(`${what} (${rule})`, async () => {
        const fleet = await localFleet(fleetSize, (right, fixture) => ({
          describe: () => right.describe(),
          grow: (growth) => right.grow(growth),
          giveUp: (id, operationId) => right.giveUp(id, operationId),
          release: (id, operationId) => right.release(id, operationId),
          ...mistake(right, fixture),
        }));
        try {
          await expect(tryFleetDriverRule(rule, fleet)).rejects.toThrow();
        } finally {
          await fleet.close();
        }
      });
    }
  }
});
