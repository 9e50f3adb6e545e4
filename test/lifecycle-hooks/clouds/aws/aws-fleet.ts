import { AutoScalingApi } from '@holdfast/lifecycle-hooks/clouds/aws/auto-scaling-api.ts';
import type { AwsFleetDriver } from '@holdfast/lifecycle-hooks/clouds/aws/aws-fleet-driver.ts';
import type { AwsAccess } from '@holdfast/lifecycle-hooks/clouds/aws/aws-sdk.ts';
import { openAwsFleet } from '@holdfast/lifecycle-hooks/clouds/aws/open-aws-fleet.ts';
import type { Fleet, FleetDriver } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { pino } from 'pino';
import { ManualClock } from '../../../media-server/process/manual-clock.ts';
import type { FleetSize, FleetUnderTest } from '../fleet-driver-contract.ts';
import { seeded } from '../seeded-faults.ts';
import { FakeAutoScaling, type FakeGroupOptions, type Launching } from './fake-auto-scaling.ts';
import { FakeAwsApi } from './fake-aws-api.ts';
import { pass, quiet, until } from './patience.ts';

export interface AwsFleetOptions extends Partial<Omit<FakeGroupOptions, 'clock' | 'random'>> {
  readonly fleetMin?: number;
  readonly wanted?: number;
  readonly seed?: number;
  /** How long the driver has been there when the test begins, ms. */
  readonly age?: number;
  readonly timeoutMs?: number;
  /** Of the configuration, for each machine. */
  readonly workers?: number;
}

/** A driver of the fake's group, the real SDK between them. */
export class AwsFleet {
  readonly clock: ManualClock;
  readonly group: FakeAutoScaling;
  readonly api: FakeAwsApi;
  readonly driver: AwsFleetDriver;
  /** Another one, as a leader has it that has just taken over. */
  readonly newDriver: () => AwsFleetDriver;
  readonly access: AwsAccess;
  /** The calls themselves. */
  readonly calls: AutoScalingApi;
  /** Who has requests under way, and how many. */
  readonly busy: (() => number)[];
  readonly #close: () => void;

  private constructor(
    clock: ManualClock,
    group: FakeAutoScaling,
    api: FakeAwsApi,
    newDriver: () => AwsFleetDriver,
    access: AwsAccess,
    calls: AutoScalingApi,
    close: () => void,
  ) {
    this.access = access;
    this.calls = calls;
    this.clock = clock;
    this.group = group;
    this.api = api;
    this.newDriver = newDriver;
    this.busy = [() => api.open];
    this.driver = newDriver();
    this.#close = close;
  }

  static async of({
    fleetMin = 1,
    wanted = 2,
    seed = 1,
    age = 20_000,
    timeoutMs = 20_000,
    workers,
    ...options
  }: AwsFleetOptions = {}): Promise<AwsFleet> {
    const clock = new ManualClock();
    const group = new FakeAutoScaling({ clock, random: seeded(seed), ...options });
    const api = new FakeAwsApi(group);
    const access = {
      region: 'us-east-1',
      endpoint: await api.listen(),
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
      timeoutMs,
    };
    const calls = new AutoScalingApi(access);
    const opened: { close(): void }[] = [calls];
    const newDriver = () => {
      const fleet = openAwsFleet({
        group: group.name,
        min: fleetMin,
        machine: { type: group.options.machineType, market: group.options.market, workers },
        access,
        clock,
        log: pino({ level: 'silent' }),
      });
      opened.push(fleet);
      return fleet.driver;
    };
    const fleet = new AwsFleet(clock, group, api, newDriver, access, calls, () => {
      for (const each of opened) each.close();
    });
    group.setDesired(wanted);
    await fleet.until(`${wanted} in service`, () => fleet.inState('InService').length === wanted);
    await fleet.pass(age);
    return fleet;
  }

  inState(state: string): string[] {
    return [...this.group.instances.values()].filter((each) => each.state === state).map(({ id }) => id);
  }

  #open = () => this.busy.reduce((sum, open) => sum + open(), 0);

  pass(ms: number): Promise<void> {
    return pass(this.clock, this.#open, ms);
  }

  until(what: string, condition: () => boolean): Promise<void> {
    return until(this.clock, this.#open, what, condition);
  }

  /** The first in service, and the second. */
  pair(): [string, string] {
    const [first, second] = this.inState('InService');
    if (first === undefined || second === undefined) throw new Error('the group has no two members');
    return [first, second];
  }

  async close(): Promise<void> {
    this.#close();
    await quiet(this.#open);
    await this.api.close();
  }
}

/** What there is in truth, for a test to wait for. */
function truthOf(group: FakeAutoScaling, now: number): Fleet {
  const members = group.truth().map(({ make, state }) => ({
    id: make.id,
    state: /^Pending/.test(state)
      ? ('launching' as const)
      : state === 'InService'
        ? ('running' as const)
        : ('leaving' as const),
  }));
  const missing = group.desired - members.filter(({ state }) => state !== 'leaving').length;
  const launches = Array.from({ length: Math.max(0, missing) }, (_, index) => ({
    id: `not listed ${index}`,
    state: 'launching' as const,
  }));
  return {
    wanted: group.desired,
    limits: { min: 1, max: group.max },
    generation: group.version,
    asOfMs: now,
    members: [...members, ...launches].map((member) => ({
      ...member,
      generation: group.version,
      zone: null,
      machineType: group.options.machineType,
      workers: 4,
      market: 'on-demand',
      launchedAtMs: now,
      launchedBy: null,
      releasable: { ok: true },
    })),
  };
}

/** A group of AWS for the contract. `dress`: what is put around its driver. */
export async function awsFleet(
  { min, max, wanted }: FleetSize,
  options: AwsFleetOptions & {
    readonly stall?: Launching;
    readonly faults?: (fleet: AwsFleet) => void;
    /** Another driver than the right one. */
    readonly driver?: (fleet: AwsFleet) => FleetDriver;
    readonly dress?: (driver: FleetDriver, clock: ManualClock) => FleetDriver;
  } = {},
): Promise<FleetUnderTest> {
  const { stall = 'pending', faults, driver, dress = (each) => each, ...rest } = options;
  const fleet = await AwsFleet.of({ fleetMin: min, max, wanted, ...rest });
  faults?.(fleet);
  const { group, clock } = fleet;
  return {
    driver: dress(driver?.(fleet) ?? fleet.driver, clock),
    now: () => clock.now(),
    pass: (ms) => fleet.pass(ms),
    until: (what, condition) => fleet.until(what, () => condition(truthOf(group, clock.now()))),
    async letGo(memberId) {
      const instance = group.get(memberId);
      await fleet.until('its hook', () => instance.state === 'Terminating:Wait');
      instance.complete('drain', 'CONTINUE');
    },
    stall: () => {
      group.launching = stall;
    },
    close: () => fleet.close(),
  };
}
