import { AwsFleetDriver, type GroupApi } from '@holdfast/lifecycle-hooks/clouds/aws/aws-fleet-driver.ts';
import { MachineCatalogue } from '@holdfast/lifecycle-hooks/clouds/aws/machine-catalogue.ts';
import type { Clock } from '@holdfast/media-server/process/clock.ts';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { type FleetDriverRule, fleetSize, tryFleetDriverRule } from '../fleet-driver-contract.ts';
import { type AwsFleet, awsFleet } from './aws-fleet.ts';

/** A mistake that is easily made with AWS, and the rule of the contract that finds it on the fake. */
interface Mistake {
  readonly rule: FleetDriverRule;
  readonly api?: (right: GroupApi) => Partial<GroupApi>;
  readonly clock?: (right: Clock) => Clock;
}

const mistakes: Record<string, Mistake> = {
  'sends a termination again whose answer was lost, as the SDK would by itself': {
    rule: 'releases this member and no other, and wants one fewer from the moment it accepts',
    api: (right) => ({
      terminate: (id, wantOneFewer) =>
        right.terminate(id, wantOneFewer).catch(() => right.terminate(id, wantOneFewer)),
    }),
  },
  'takes what the group lists for what there is': {
    rule: 'releases this member and no other, and wants one fewer from the moment it accepts',
    // By this clock everything was long ago, and must have shown.
    clock: (right) => {
      let calls = 0;
      return {
        now: () => {
          calls += 1;
          return right.now() + calls * 20_000;
        },
        after: (ms, run) => right.after(ms, run),
      };
    },
  },
  'releases by lowering the size': {
    rule: 'releases this member and no other, and wants one fewer from the moment it accepts',
    api: (right) => ({
      terminate: async () => {
        const { DesiredCapacity } = await right.group('media');
        await right.setDesired('media', DesiredCapacity - 1);
      },
    }),
  },
  'terminates and wants as many as before': {
    rule: 'releases this member and no other, and wants one fewer from the moment it accepts',
    api: (right) => ({ terminate: (id) => right.terminate(id, false) }),
  },
  'sets the size to what is asked for, however large it is': {
    rule: 'refuses growth above the maximum with CLOUD_QUOTA and leaves everything as it is',
    api: (right) => ({
      group: async (name) => ({ ...(await right.group(name)), MaxSize: 100 }),
      setDesired: async () => {},
    }),
  },
};

function wrongDriver(fleet: AwsFleet, { api, clock }: Mistake): AwsFleetDriver {
  const right: GroupApi = {
    group: (name) => fleet.calls.group(name),
    activities: (group) => fleet.calls.activities(group),
    isRefreshing: (group) => fleet.calls.isRefreshing(group),
    setDesired: (group, capacity) => fleet.calls.setDesired(group, capacity),
    launch: (options) => fleet.calls.launch(options),
    terminate: (id, wantOneFewer) => fleet.calls.terminate(id, wantOneFewer),
  };
  const log = pino({ level: 'silent' });
  return new AwsFleetDriver({
    group: 'media',
    min: 1,
    machine: { type: 'c7i.xlarge', market: 'on-demand', workers: 4 },
    api: { ...right, ...api?.(right) },
    catalogue: new MachineCatalogue({ machines: async () => new Map(), vcpus: async () => 4 }, log),
    clock: clock?.(fleet.clock) ?? fleet.clock,
    log,
  });
}

/** Three answers of terminations are lost. */
function losesAnswers({ api }: AwsFleet): void {
  let lost = 0;
  api.fault = (action) => {
    if (!action.startsWith('Terminate') || lost >= 3) return undefined;
    lost += 1;
    return 'lost-answer';
  };
}

const tried = async (mistake: Mistake) => {
  const fleet = await awsFleet(fleetSize, {
    staleMs: 9000,
    secondTermination: 'lowers the wish again',
    faults: losesAnswers,
    driver: (under) => wrongDriver(under, mistake),
  });
  try {
    await tryFleetDriverRule(mistake.rule, fleet);
  } finally {
    await fleet.close();
  }
};

describe('the fake of AWS shows the contract a driver that', () => {
  for (const [what, mistake] of Object.entries(mistakes))
    it(what, async () => {
      await expect(tried(mistake)).rejects.toThrow();
    });

  it('is right, on the same day', async () => {
    for (const { rule } of Object.values(mistakes)) await tried({ rule });
  });
});
