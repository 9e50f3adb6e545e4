import { figuresOf } from '@holdfast/lifecycle-hooks/autoscaler/figures.ts';
import { describe, expect, it } from 'vitest';
import { draining, member, node, nowMs, observation } from './observations.ts';

describe('the figures of a decision', () => {
  it('count workers there are, taken and free; what is draining is taken and not free', () => {
    const figures = figuresOf(
      observation([
        node('n1', [200, 0]),
        draining('n2', [100, 0]),
        node('n3', [400, 400], { state: 'unreachable' }),
      ]),
      nowMs,
    );
    expect(figures).toMatchObject({
      wanted: 3,
      capacityWorkers: 4,
      usedWorkers: 0.75,
      freeWorkers: 1.5,
      meetings: 2,
      participants: 8,
      generation: 'g1',
    });
  });

  it('say what each machine does, whoever knows of it', () => {
    const nodes = [
      node('serves', [0]),
      draining('drains', [1]),
      draining('empty', [0], { drain: 'drained' }),
      node('silent', [0], { state: 'unreachable' }),
      node('unlisted', [0]),
    ];
    const members = [
      member('comes', { status: { state: 'launching' } }),
      member('unheard'),
      member('serves'),
      member('drains'),
      member('empty'),
      member('silent'),
      member('goes', { status: { state: 'leaving' } }),
      member('broken', {
        status: { state: 'failed', failure: { code: 'CLOUD_NO_CAPACITY', message: 'none' } },
      }),
    ];
    const { machines, machinesLeftOut } = figuresOf(observation(nodes, { fleet: { members } }), nowMs);
    expect(Object.fromEntries(machines.map(({ nodeId, doing }) => [nodeId, doing]))).toEqual({
      comes: 'launching',
      unheard: 'arriving',
      serves: 'serving',
      drains: 'draining',
      empty: 'drained',
      silent: 'unreachable',
      goes: 'leaving',
      broken: 'failed',
      unlisted: 'serving',
    });
    expect(machinesLeftOut).toBe(0);
  });

  it('name two hundred machines of many, those first that do anything but serve', () => {
    const nodes = Array.from({ length: 300 }, (_, index) => node(`n${index}`, [0]));
    const { machines, machinesLeftOut } = figuresOf(observation([...nodes, draining('last', [0])]), nowMs);
    expect(machines).toHaveLength(200);
    expect(machines[0]).toEqual({ nodeId: 'last', doing: 'draining' });
    expect(machinesLeftOut).toBe(101);
  });
});
