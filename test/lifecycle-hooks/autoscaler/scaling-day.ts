import { Autoscaler, type AutoscalerOptions } from '@holdfast/lifecycle-hooks/autoscaler/autoscaler.ts';
import type { ControlPlanePort } from '@holdfast/lifecycle-hooks/autoscaler/control-plane-port.ts';
import type { Lease } from '@holdfast/lifecycle-hooks/autoscaler/lease.ts';
import type { ScalingPolicy } from '@holdfast/lifecycle-hooks/autoscaler/policy.ts';
import type { FleetDriver } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { pino } from 'pino';
import { expect } from 'vitest';
import { policy } from './observations.ts';
import { type ScalingWorld, WORKERS } from './scaling-world.ts';

export const TURN_MS = 10_000;
export const LEASE_MS = 20_000;
export const quick: ScalingPolicy = {
  ...policy,
  maxNodes: 6,
  slackWorkers: 0.5,
  surplusForMs: 60_000,
  graceMs: 60_000,
  launchDeadlineMs: 300_000,
  restMs: 60_000,
  choices: [{ machineType: 'local', workers: WORKERS }],
};

/** The calls by which an autoscaler changes something outside. */
export const changing = ['write', 'grow', 'giveUp', 'release', 'drain', 'cancelDrain'];

/** Stands around every call of one autoscaler. Returns the call, or does something else with it. */
export type Around = <T>(name: string, call: () => Promise<T>) => Promise<T>;

export function autoscaler(
  world: ScalingWorld,
  lease: Lease,
  holder: string,
  about: { readonly around?: Around; readonly now?: () => number } & Partial<AutoscalerOptions> = {},
): Autoscaler {
  const { around = (_name, call) => call(), now = () => world.nowMs, ...options } = about;
  const driver = options.driver ?? world.driver;
  const controlPlane = options.controlPlane ?? world.controlPlane;
  const wrappedDriver: FleetDriver = {
    describe: () => around('describe', () => driver.describe()),
    grow: (growth) => around('grow', () => driver.grow(growth)),
    giveUp: (id, op) => around('giveUp', () => driver.giveUp(id, op)),
    release: (id, op) => around('release', () => driver.release(id, op)),
  };
  const wrappedPlane: ControlPlanePort = {
    observe: () => around('observe', () => controlPlane.observe()),
    drain: (id, order) => around('drain', () => controlPlane.drain(id, order)),
    cancelDrain: (id, order) => around('cancelDrain', () => controlPlane.cancelDrain(id, order)),
    report: (report) => around('report', () => controlPlane.report(report)),
  };
  const wrappedLease: Lease = {
    take: (name, ttlMs) => around('take', () => lease.take(name, ttlMs)),
    write: (fence, journal) => around('write', () => lease.write(fence, journal)),
    resign: (fence) => lease.resign(fence),
  };
  return new Autoscaler({
    holder,
    lease: wrappedLease,
    policy: quick,
    clock: { now, after: () => () => {} },
    log: pino({ level: 'silent' }),
    leaseMs: LEASE_MS,
    ...options,
    controlPlane: wrappedPlane,
    driver: wrappedDriver,
  });
}

/** People arrive, stay, and leave again. What is asked for has to be there in the end, and to be gone after it. */
const day = {
  turns: 90,
  meetings(world: ScalingWorld, turn: number): void {
    for (let index = 0; index < 5; index += 1) {
      const id = `m${index}`;
      if (turn >= 2 && turn < 45 && !world.meetings.has(id)) world.begin(id, index === 0 ? 112 : 264);
      if (turn === 45 && index > 0) world.end(id);
    }
  },
};

/** Lives through the day; whoever `act` runs is a leader at work. */
export async function live(
  world: ScalingWorld,
  act: (turn: number) => Promise<unknown>,
): Promise<{ readonly atNoon: number }> {
  let atNoon = 0;
  for (let turn = 0; turn < day.turns; turn += 1) {
    day.meetings(world, turn);
    await act(turn);
    world.pass(TURN_MS);
    if (turn === 44) atNoon = world.wanted;
  }
  return { atNoon };
}

/** What any such day must have come to, whatever happened to the leaders. */
export function expectGoodDay(world: ScalingWorld, atNoon: number): void {
  expect(world.violations).toEqual([]);
  // Four or five workers' worth of meetings and one free: three machines, and no double launch.
  expect(atNoon).toBe(3);
  expect(world.done.filter((what) => what.startsWith('grow')).at(-1)).toBe('grow 3');
  expect(world.machines.size).toBe(1);
  expect(world.wanted).toBe(1);
  expect([...world.meetings.keys()]).toEqual(['m0']);
  expect(world.done.filter((what) => what.startsWith('release'))).toHaveLength(2);
}
