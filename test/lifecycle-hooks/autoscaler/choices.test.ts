import {
  isResting,
  pendingNode,
  presentChoice,
  restChoices,
} from '@holdfast/lifecycle-hooks/autoscaler/choices.ts';
import { emptyMemory, type Memory } from '@holdfast/lifecycle-hooks/autoscaler/memory.ts';
import { choiceKey, type LaunchChoice } from '@holdfast/lifecycle-hooks/autoscaler/policy.ts';
import { describe, expect, it } from 'vitest';
import { member, nowMs, policy } from './observations.ts';

const choice = (about: Partial<LaunchChoice>): LaunchChoice => ({
  machineType: 'c-4',
  workers: 4,
  ...about,
});
const [one, two] = [choice({ zone: 'zone-1' }), choice({ zone: 'zone-2' })];
const inZones = { ...policy, choices: [one, two] };
const resting = (until: readonly (readonly [LaunchChoice, number])[]): Memory => ({
  ...emptyMemory,
  restsUntilMs: new Map(until.map(([each, ms]) => [choiceKey(each), ms])),
});

describe('what is launched next', () => {
  it('is the first choice, and the next one while that rests', () => {
    expect(presentChoice(inZones, emptyMemory, nowMs)).toBe(one);
    expect(presentChoice(inZones, resting([[one, nowMs + 1]]), nowMs)).toBe(two);
  });

  it('is the first choice again as soon as its rest is over, though another has never failed', () => {
    expect(presentChoice(inZones, resting([[one, nowMs]]), nowMs)).toBe(one);
    expect(isResting(resting([[one, nowMs]]), choiceKey(one), nowMs)).toBe(false);
  });

  it('is the one that failed first when all have, a minute after it did, and nothing until then', () => {
    const failedAt = (oneMs: number, twoMs: number) =>
      resting([
        [one, oneMs + policy.restMs],
        [two, twoMs + policy.restMs],
      ]);
    expect(presentChoice(inZones, failedAt(nowMs - 1000, nowMs - 60_000), nowMs)).toBe(two);
    expect(presentChoice(inZones, failedAt(nowMs - 60_000, nowMs - 1000), nowMs)).toBe(one);
    expect(presentChoice(inZones, failedAt(nowMs - 59_999, nowMs - 1000), nowMs)).toBeUndefined();
  });

  it('is nothing where no choice is given', () => {
    expect(presentChoice({ ...policy, choices: [] }, emptyMemory, nowMs)).toBeUndefined();
  });
});

describe('a launch that came to nothing lets rest', () => {
  const restingAfter = (
    choices: readonly LaunchChoice[],
    launched: Parameters<typeof member>[1],
    before = emptyMemory,
  ) => {
    const after = restChoices(before, member('m', launched), { ...policy, choices }, nowMs);
    return new Map(choices.map((each) => [each, after.restsUntilMs.get(choiceKey(each))]));
  };
  const untilMs = nowMs + policy.restMs;

  it('the choice that it was, by type, zone and market', () => {
    const large = choice({ machineType: 'c-8', zone: 'zone-1' });
    expect(restingAfter([one, two, large], { machineType: 'c-4', zone: 'zone-1' })).toEqual(
      new Map([
        [one, untilMs],
        [two, undefined],
        [large, undefined],
      ]),
    );
    const spot = choice({ market: 'spot' });
    const onDemand = choice({ market: 'on-demand' });
    expect(restingAfter([spot, onDemand], { machineType: 'c-4', market: 'on-demand' })).toEqual(
      new Map([
        [spot, undefined],
        [onDemand, untilMs],
      ]),
    );
  });

  it('every choice that it may have been, when the cloud had not said where', () => {
    expect(restingAfter([one, two], { machineType: 'c-4', zone: null })).toEqual(
      new Map([
        [one, untilMs],
        [two, untilMs],
      ]),
    );
    const anywhere = choice({});
    expect(restingAfter([anywhere], { machineType: 'c-4', zone: 'zone-7' })).toEqual(
      new Map([[anywhere, untilMs]]),
    );
  });

  it('none longer that rests already', () => {
    const before = resting([[one, nowMs + 1]]);
    expect(restingAfter([one], { machineType: 'c-4', zone: 'zone-1' }, before)).toEqual(
      new Map([[one, nowMs + 1]]),
    );
  });
});

it('a machine that is not there yet is an empty, open node of its type', () => {
  expect(pendingNode('m', { machineType: 'c-4', workers: 2, zone: 'zone-1' }, 'g2')).toMatchObject({
    nodeId: 'm',
    generation: 'g2',
    zone: 'zone-1',
    state: 'open',
    machine: { workers: 2, networkBps: 2e9 },
    workers: [
      { cpu: 0, streams: 0 },
      { cpu: 0, streams: 0 },
    ],
    meetings: [],
  });
  expect(pendingNode('m', { machineType: 'c-4', workers: 1 }, 'g2').zone).toBeNull();
});
