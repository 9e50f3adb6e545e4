import { type Demand, fulfil, mergeDemand, noDemand, wish } from '@holdfast/media-server/capacity/demand.ts';
import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const nowMs = 1_000_000;
const refused = { kind: 'refused', meetingId: 'm', shares: sharesOf(24) } as const;

describe('demand', () => {
  it('remembers since when somebody asks, and forgets who has not asked for a minute', () => {
    const first = wish(noDemand, refused, nowMs);
    const again = wish(first, refused, nowMs + 50_000);
    expect(again.wishes).toMatchObject([{ firstAtMs: nowMs, lastAtMs: nowMs + 50_000 }]);
    expect(mergeDemand(again, noDemand, nowMs + 109_999).wishes).toHaveLength(1);
    expect(mergeDemand(again, noDemand, nowMs + 110_000).wishes).toHaveLength(0);
  });

  it('keeps an announced meeting until a quarter of an hour after its start', () => {
    const startsAtMs = nowMs + 3_600_000;
    const demand = wish(noDemand, { ...refused, kind: 'announced', startsAtMs }, nowMs);
    expect(mergeDemand(demand, noDemand, startsAtMs + 899_999).wishes).toHaveLength(1);
    expect(mergeDemand(demand, noDemand, startsAtMs + 900_000).wishes).toHaveLength(0);
  });

  it('is gone when the meeting has found its room', () => {
    const demand = wish(wish(noDemand, refused, nowMs), { ...refused, meetingId: 'other' }, nowMs);
    expect(fulfil(demand, 'm').wishes.map(({ meetingId }) => meetingId)).toEqual(['other']);
  });

  it('is what was asked for last, be it less', () => {
    const less = wish(wish(noDemand, refused, nowMs), { ...refused, shares: sharesOf(4) }, nowMs + 1);
    expect(less.wishes).toMatchObject([{ shares: sharesOf(4), firstAtMs: nowMs }]);
    expect(mergeDemand(less, wish(noDemand, refused, nowMs), nowMs + 1)).toEqual(less);
  });

  it('is the larger of what two replicas heard at the same time', () => {
    const [a, b] = [sharesOf(24), sharesOf(180)].map((shares) =>
      wish(noDemand, { ...refused, shares }, nowMs),
    );
    expect(a && b && mergeDemand(a, b, nowMs).wishes).toMatchObject([{ shares: sharesOf(180) }]);
    expect(a && b && mergeDemand(b, a, nowMs).wishes).toMatchObject([{ shares: sharesOf(180) }]);
  });

  it('for an announced meeting whose start two replicas heard differently at the same time is for the later one', () => {
    const [early, late] = [60_000, 120_000].map((inMs) =>
      wish(noDemand, { ...refused, kind: 'announced', startsAtMs: nowMs + inMs }, nowMs),
    );
    for (const [a, b] of [
      [early, late],
      [late, early],
    ])
      expect(a && b && mergeDemand(a, b, nowMs).wishes).toMatchObject([{ startsAtMs: nowMs + 120_000 }]);
  });

  it('lists who has asked since the same moment by name, in whatever order they came', () => {
    const ids = ['b', 'd', 'a', 'c'];
    const demand = ids.reduce((all, meetingId) => wish(all, { ...refused, meetingId }, nowMs), noDemand);
    expect(demand.wishes.map(({ meetingId }) => meetingId)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('of two replicas that is too much together leaves out the rest, and says how many', () => {
    const half = (name: string) => ({
      leftOut: 0,
      wishes: Array.from({ length: 600 }, (_, index) => ({
        ...refused,
        meetingId: `${name}${index}`,
        firstAtMs: nowMs,
        lastAtMs: nowMs,
      })),
    });
    const both = mergeDemand(half('a'), half('b'), nowMs);
    expect(both.wishes).toHaveLength(1000);
    expect(both.leftOut).toBe(200);
    expect(mergeDemand(both, noDemand, nowMs)).toEqual(both);
  });

  it('is bounded, keeps who has waited longest, and says how many it leaves out', () => {
    let demand = noDemand;
    for (let index = 0; index < 1003; index += 1)
      demand = wish(demand, { ...refused, meetingId: `m${index}` }, nowMs + index);
    expect(demand.wishes).toHaveLength(1000);
    expect(demand.wishes[0]?.meetingId).toBe('m0');
    expect(demand.leftOut).toBeGreaterThan(0);
    expect(mergeDemand(demand, noDemand, nowMs + 600_000)).toEqual(noDemand);
  });

  it('of two replicas is the same in whatever order and however often it is merged', () => {
    const anyDemand = fc
      .array(
        fc.record({
          meetingId: fc.constantFrom('a', 'b', 'c'),
          kind: fc.constantFrom('refused' as const, 'waiting' as const),
          streams: fc.integer({ min: 1, max: 400 }),
          atMs: fc.integer({ min: nowMs - 90_000, max: nowMs }),
        }),
      )
      .map((asked) =>
        asked
          .sort((x, y) => x.atMs - y.atMs)
          .reduce<Demand>(
            (demand, { streams, atMs, ...rest }) =>
              wish(demand, { ...rest, shares: sharesOf(streams) }, atMs),
            noDemand,
          ),
      );
    fc.assert(
      fc.property(anyDemand, anyDemand, (a, b) => {
        const merged = mergeDemand(a, b, nowMs);
        expect(mergeDemand(b, a, nowMs)).toEqual(merged);
        expect(mergeDemand(merged, a, nowMs)).toEqual(merged);
      }),
    );
  });
});
