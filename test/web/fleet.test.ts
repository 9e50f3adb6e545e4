import { describe, expect, it } from 'vitest';
import { fleetEvents } from '../../media-server/web/lib/fleet-events.ts';
import { noHistory, withSample } from '../../media-server/web/lib/load-history.ts';
import {
  drainForecast,
  machineWords,
  meaningOf,
  nodeStateOf,
  pollIntervalMs,
  waitWords,
} from '../../media-server/web/lib/node-state.ts';
import { meeting, node } from './fakes.ts';

const held = (meetingId: string, role: 'home' | 'incoming' | 'outgoing', participants: number) => ({
  meetingId,
  epoch: 1,
  role,
  participants,
  shares: [{ streams: 40, egressBps: 0 }],
  workers: [0],
});

describe('a node on the page', () => {
  it('is unreachable whatever it said last', () => {
    expect(nodeStateOf(node('n1', { reachable: false, drain: { state: 'draining' } }))).toBe('unreachable');
    expect(nodeStateOf(node('n1', { drain: { state: 'drained' } }))).toBe('drained');
  });

  it('says what kind of machine it is, as far as that is known', () => {
    expect(machineWords(node('n1', { zone: null, machineType: 'local' }))).toBe('local');
    const spot = { zone: 'eu-central-1a', machineType: 'c7g.medium', market: 'spot' } as const;
    expect(machineWords(node('n1', spot))).toBe('c7g.medium, eu-central-1a, spot');
  });

  it('is looked at more often while something moves', () => {
    expect(pollIntervalMs([node('n1')])).toBe(1000);
    expect(pollIntervalMs([node('n1'), node('n2', { drain: { state: 'draining' } })])).toBe(400);
  });

  it('says why meetings are still on a node that is being drained, and for how long', () => {
    expect(waitWords({ why: 'room', meetings: 2, forMs: 41_000 })).toBe(
      '2 meetings: no other node has room (for 41 s)',
    );
    expect(waitWords({ why: 'turn', meetings: 1, forMs: 0 })).toBe('1 meeting: others are moved first');
  });

  it('says before a drain how many meetings and people move, and to how many nodes they could', () => {
    const draining = node('n1', {
      meetings: [held('a', 'home', 4), held('b', 'home', 2), held('c', 'outgoing', 3)],
    });
    const nodes = [
      draining,
      node('n2'),
      node('n3', { reachable: false }),
      node('n4', { drain: { state: 'drained' } }),
    ];
    expect(drainForecast(draining, nodes)).toEqual({ relays: false, meetings: 2, people: 6, targets: 1 });
  });

  it('says before the drain of a TURN server whom it relays for, and to how many TURN servers they could go', () => {
    const relay = {
      healthy: true,
      allocations: 12,
      users: 3,
      maxAllocations: 100,
      toClientsBytes: 0,
      fromClientsBytes: 0,
    };
    const turn = node('turn-1', { role: 'turn', relay });
    const nodes = [turn, node('n1'), node('turn-2', { role: 'turn', relay })];
    expect(drainForecast(turn, nodes)).toEqual({ relays: true, meetings: 0, people: 3, targets: 1 });
  });

  it('says of a TURN server what its state means for those whom it relays for', () => {
    const facts = { drain: { state: 'draining' as const } };
    expect(meaningOf(node('n1', facts))).toContain('moves those it has to other nodes');
    expect(meaningOf(node('turn-1', { role: 'turn', ...facts }))).toContain('go to another TURN server');
  });
});

describe('withSample', () => {
  it('takes one sample a second, however often the page looks', () => {
    const first = withSample(noHistory, [node('n1')], 0);
    expect(withSample(first, [node('n1')], 400)).toBe(first);
    expect(withSample(first, [node('n1')], 1000).history.get('n1')?.stress).toEqual([0.25, 0.25]);
  });

  it('keeps the last minute, with what was not known as not known', () => {
    let sample = noHistory;
    for (let second = 0; second < 80; second += 1) sample = withSample(sample, [node('n1')], second * 1000);
    const unknown = node('n1', { load: { ...node('n1').load, stress: null } });
    const stress = withSample(sample, [unknown], 80_000).history.get('n1')?.stress;
    expect(stress).toHaveLength(60);
    expect(stress?.at(-1)).toBeNull();
  });

  it('forgets nodes that are gone', () => {
    const both = withSample(noHistory, [node('n1'), node('n2')], 0);
    expect([...withSample(both, [node('n2')], 1000).history.keys()]).toEqual(['n2']);
  });
});

describe('fleetEvents', () => {
  it('tells what a drain does, step by step', () => {
    const before = { nodes: [node('n1'), node('n2')], meetings: [meeting('m')] };
    const draining = node('n1', {
      drain: { state: 'draining', reason: 'spot' },
      meetings: [held('m', 'home', 2)],
    });
    expect(fleetEvents(before, { ...before, nodes: [draining, node('n2')] })).toEqual([
      'n1 is draining 1 meeting (spot)',
    ]);
    const moved = { nodes: [node('n2')], meetings: [meeting('m', { nodeId: 'n2', epoch: 2 })] };
    expect(fleetEvents(before, moved)).toEqual(['n1 has left the fleet', 'm moved from n1 to n2']);
  });

  it('does not call a first home a move', () => {
    const before = { nodes: [], meetings: [meeting('m', { nodeId: null })] };
    expect(fleetEvents(before, { nodes: [], meetings: [meeting('m')] })).toEqual([]);
  });
});

describe('the load of a silent node', () => {
  it('is not known, whatever it said last', () => {
    const silent = node('n1', { reachable: false });
    expect(withSample(noHistory, [silent], 0).history.get('n1')).toEqual({
      stress: [null],
      workers: [[null]],
    });
  });
});
