import { type PlacementNode, place } from '@holdfast/media-server/control-plane/capacity/placement.ts';
import { outstandingLoad } from '@holdfast/media-server/control-plane/capacity/reservations.ts';
import type { Reservation } from '@holdfast/media-server/control-plane/store/records.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const nowMs = 1_000_000;

function node(nodeId: string, stress: number | null, more: Partial<PlacementNode> = {}): PlacementNode {
  return {
    nodeId,
    generation: 'g1',
    startedAtMs: 0,
    reachable: true,
    drain: { state: 'active' },
    load: { workers: [], processCpu: 0, rssBytes: 0, participants: 0, stress },
    meetings: [],
    ...more,
  };
}

function reserved(nodeId: string, load: number, more: Partial<Reservation> = {}): Reservation {
  const untilMs = nowMs + 60_000;
  return { meetingId: 'other', nodeId, purpose: 'expected', load, madeAtMs: nowMs, untilMs, ...more };
}

const small = { load: 0.1, exclude: [] };
const chosen = (nodes: PlacementNode[], request = small, reservations: Reservation[] = []) => {
  const placement = place(nodes, request, reservations, nowMs);
  return placement.placed ? placement.nodeId : undefined;
};

describe('placement', () => {
  it('packs: the fullest node that has room is taken', () => {
    expect(chosen([node('a', 0.2), node('b', 0.7), node('c', 0.95)])).toBe('b');
  });

  it('fills a node exactly to its target and not beyond', () => {
    expect(chosen([node('a', 0.75)], { load: 0.25, exclude: [] })).toBe('a');
    expect(chosen([node('a', 0.76)], { load: 0.25, exclude: [] })).toBeUndefined();
  });

  it('counts what is promised to others', () => {
    expect(chosen([node('a', 0.5), node('b', 0.1)], small, [reserved('a', 0.45)])).toBe('b');
  });

  it('counts a promise only as far as its meeting does not yet use it', () => {
    const holder = node('a', 0.5, {
      meetings: [{ meetingId: 'other', epoch: 1, role: 'home', participants: 4, load: 0.4 }],
    });
    expect(chosen([holder], small, [reserved('a', 0.45)])).toBe('a');
  });

  it('leaves out nodes that drain, are unreachable or excluded, and says so', () => {
    const nodes = [
      node('a', 0, { drain: { state: 'draining' } }),
      node('b', 0, { drain: { state: 'drained' } }),
      node('c', 0, { reachable: false }),
      node('d', 0),
      node('e', 1),
    ];
    expect(place(nodes, { load: 0.1, exclude: ['d'] }, [], nowMs)).toEqual({
      placed: false,
      code: 'NO_CAPACITY',
      reason: '5 nodes: 1 full, 2 draining, 1 unreachable, 1 excluded',
    });
  });

  it('prefers the current generation to a fuller node of an old one, and an old one to nothing', () => {
    const old = node('old', 0.7, { generation: 'g1', startedAtMs: 1 });
    const current = node('new', 0.1, { generation: 'g2', startedAtMs: 2 });
    const full = node('new', 1, { generation: 'g2', startedAtMs: 2 });
    expect(chosen([old, current])).toBe('new');
    expect(chosen([old, full])).toBe('old');
  });

  it('takes a node of unknown load only if no known one has room', () => {
    expect(chosen([node('a', null), node('b', 0.3)])).toBe('b');
    expect(chosen([node('a', null), node('b', 1)])).toBe('a');
  });

  it('does not fill a node of unknown load beyond what was promised on it', () => {
    expect(chosen([node('a', null)], small, [reserved('a', 0.95)])).toBeUndefined();
    expect(chosen([node('a', null), node('b', null)], small, [reserved('a', 0.5)])).toBe('b');
  });

  it('puts a meeting as large as a node on an idle one rather than nowhere, and only there', () => {
    const holder = node('a', 0.05, {
      meetings: [{ meetingId: 'other', epoch: 1, role: 'home', participants: 2, load: 0.01 }],
    });
    const large = { load: 1.5, exclude: [] };
    expect(chosen([holder, node('b', 0.05)], large)).toBe('b');
    expect(chosen([holder, node('b', 0.5)], large)).toBeUndefined();
    expect(chosen([node('b', 0.05)], large, [reserved('b', 0.01)])).toBeUndefined();
  });

  it('gives a meeting that has lost its node the least full one when none has room', () => {
    const nodes = [node('a', 1.2), node('b', 1.1), node('c', 0, { drain: { state: 'draining' } })];
    const placement = place(nodes, { load: 0.5, exclude: [], urgent: true }, [], nowMs);
    expect(placement).toMatchObject({ placed: true, nodeId: 'b' });
  });

  it('never chooses a node that must not be used, nor one without room, whatever the fleet', () => {
    const anyNode = fc.record({
      stress: fc.option(fc.double({ min: 0, max: 1.5, noNaN: true })),
      state: fc.constantFrom('active' as const, 'draining' as const, 'drained' as const, 'released' as const),
      reachable: fc.boolean(),
      generation: fc.constantFrom('g1', 'g2'),
    });
    fc.assert(
      fc.property(
        fc.array(anyNode, { maxLength: 8 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.nat(7), { maxLength: 2 }),
        fc.array(fc.record({ on: fc.nat(7), load: fc.double({ min: 0, max: 1, noNaN: true }) }), {
          maxLength: 6,
        }),
        (fleet, load, excluded, promises) => {
          const nodes = fleet.map(({ stress, state, reachable, generation }, i) =>
            node(`n${i}`, stress, { drain: { state }, reachable, generation, startedAtMs: i }),
          );
          const exclude = excluded.map((i) => `n${i}`);
          const reservations = promises.map((p, i) => reserved(`n${p.on}`, p.load, { meetingId: `m${i}` }));
          const fits = (n: PlacementNode) =>
            (n.load.stress ?? 0) + outstandingLoad(n, reservations, nowMs) + load <= 1;
          const usable = nodes.filter(
            (n) => n.reachable && n.drain.state === 'active' && !exclude.includes(n.nodeId),
          );
          const placement = place(nodes, { load, exclude }, reservations, nowMs);
          if (!placement.placed) expect(usable.filter(fits)).toEqual([]);
          else {
            const taken = usable.find(({ nodeId }) => nodeId === placement.nodeId);
            expect(taken && (fits(taken) || !usable.some(fits))).toBe(true);
            const knownFits = usable.some((n) => n.load.stress !== null && fits(n));
            if (knownFits) expect(taken?.load.stress).not.toBeNull();
          }
        },
      ),
    );
  });
});
