import { viewOf } from '@holdfast/lifecycle-hooks/autoscaler/view-of.ts';
import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { ViewParts } from '@holdfast/media-server/control-plane/scaling/view-parts.ts';
import { platformPart } from '@holdfast/media-server/protocol/index.ts';
import { describe, expect, it } from 'vitest';
import { node } from './observations.ts';

/** The control plane's clock is an hour ahead of ours. */
const THEIR_NOW_MS = 50_000_000;
const OUR_NOW_MS = THEIR_NOW_MS - 3_600_000;

function platform(nodes: number) {
  return {
    nodes: Array.from({ length: nodes }, (_, index) => node(`n${index}`, [100, 200])),
    reservations: Array.from({ length: nodes }, (_, index) => ({
      meetingId: `m${index}`,
      nodeId: `n${index}`,
      purpose: 'expected' as const,
      shares: sharesOf(10),
      madeAtMs: THEIR_NOW_MS - 1000,
      keptUntilMs: THEIR_NOW_MS + 9000,
      decays: true,
    })),
    demand: {
      wishes: [
        {
          kind: 'refused' as const,
          meetingId: 'r',
          shares: sharesOf(4),
          firstAtMs: THEIR_NOW_MS - 500,
          lastAtMs: THEIR_NOW_MS - 100,
        },
        {
          kind: 'announced' as const,
          meetingId: 'a',
          startsAtMs: THEIR_NOW_MS + 60_000,
          shares: sharesOf(4),
          firstAtMs: THEIR_NOW_MS,
          lastAtMs: THEIR_NOW_MS,
        },
      ],
      leftOut: 3,
    },
    ageMs: 700,
  };
}

/** As it comes over the wire. */
function received(parts: ViewParts) {
  const first = parts.part(0);
  const all = Array.from({ length: first.parts }, (_, index) => parts.part(index));
  return all.map((part) => platformPart.parse(JSON.parse(JSON.stringify(part))));
}

describe('a view of the platform', () => {
  it('has its times by our clock, and is never taken for newer than it is', () => {
    const view = viewOf(received(new ViewParts(platform(1), THEIR_NOW_MS)), OUR_NOW_MS);
    expect(view.asOfMs).toBe(OUR_NOW_MS - 700);
    expect(view.reservations).toMatchObject([
      { madeAtMs: OUR_NOW_MS - 1000, keptUntilMs: OUR_NOW_MS + 9000 },
    ]);
    expect(view.demand).toMatchObject({
      leftOut: 3,
      wishes: [
        { kind: 'refused', firstAtMs: OUR_NOW_MS - 500, lastAtMs: OUR_NOW_MS - 100 },
        { kind: 'announced', startsAtMs: OUR_NOW_MS + 60_000 },
      ],
    });
  });

  it('of many nodes comes in parts that are not too large, and is whole again', () => {
    const whole = platform(500);
    const parts = received(new ViewParts(whole, THEIR_NOW_MS, 20_000));
    expect(parts.length).toBeGreaterThan(5);
    for (const part of parts) expect(Buffer.byteLength(JSON.stringify(part))).toBeLessThan(21_000);
    const view = viewOf(parts, THEIR_NOW_MS);
    expect(view.nodes).toEqual(whole.nodes);
    expect(view.reservations).toEqual(whole.reservations);
    expect(view.demand).toEqual(whole.demand);
  });

  it('of nothing is one part', () => {
    const nothing = { nodes: [], reservations: [], demand: { wishes: [], leftOut: 0 }, ageMs: 0 };
    expect(viewOf(received(new ViewParts(nothing, THEIR_NOW_MS)), OUR_NOW_MS)).toMatchObject({
      nodes: [],
      asOfMs: OUR_NOW_MS,
    });
  });
});
