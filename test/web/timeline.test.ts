import { describe, expect, it } from 'vitest';
import type { ScalingSample } from '../../media-server/protocol/rest.ts';
import {
  decisionWords,
  lanesOf,
  spanOf,
  stairs,
  timeMarks,
  topOf,
  xOf,
} from '../../media-server/web/lib/timeline.ts';

const nowMs = 1_700_000_000_000;
const sample = (atMs: number, capacityWorkers: number, usedWorkers = 0): ScalingSample => ({
  atMs,
  capacityWorkers,
  usedWorkers,
  freeWorkers: capacityWorkers - usedWorkers,
  wanted: capacityWorkers,
  askingMeetings: 0,
  meetings: 0,
  participants: 0,
});

describe('the timeline', () => {
  it('ends now, and shows a minute at least and an hour at most', () => {
    expect(spanOf([], nowMs)).toEqual({ fromMs: nowMs - 60_000, toMs: nowMs });
    expect(spanOf([sample(nowMs - 600_000, 1)], nowMs)).toEqual({ fromMs: nowMs - 600_000, toMs: nowMs });
    expect(spanOf([sample(nowMs - 9_000_000, 1)], nowMs)).toEqual({ fromMs: nowMs - 3_600_000, toMs: nowMs });
  });

  it('puts times on the width, what is outside at the edge', () => {
    const span = { fromMs: 0, toMs: 1000 };
    expect([-5, 0, 500, 1000, 2000].map((atMs) => xOf(atMs, span, 360))).toEqual([0, 0, 180, 360, 360]);
  });

  it.each([
    { minutes: 1, widthPx: 320 },
    { minutes: 60, widthPx: 320 },
    { minutes: 1, widthPx: 1200 },
    { minutes: 60, widthPx: 1200 },
  ])('has marks of time that can be read, $minutes minutes on $widthPx px', ({ minutes, widthPx }) => {
    const span = { fromMs: nowMs - minutes * 60_000, toMs: nowMs };
    const marks = timeMarks(span, widthPx).map((atMs) => xOf(atMs, span, widthPx));
    expect(marks.length).toBeGreaterThanOrEqual(1);
    for (const [index, x] of marks.entries()) {
      const before = marks[index - 1];
      if (before !== undefined) expect(x - before).toBeGreaterThanOrEqual(72);
    }
  });

  it('is as high as all that it shows', () => {
    expect(topOf([])).toBe(1);
    expect(topOf([sample(0, 2, 2.5), sample(1, 1)])).toBe(3);
  });

  describe('the curve', () => {
    const plot = { span: { fromMs: 0, toMs: 400_000 }, widthPx: 400, heightPx: 104, top: 2 };
    const capacity = ({ capacityWorkers }: ScalingSample) => capacityWorkers;

    it('holds each figure until the next', () => {
      const samples = [sample(300_000, 1), sample(350_000, 2)];
      expect(stairs(samples, capacity, plot)).toBe('M300,54H350V4H400');
    });

    it('is broken where nothing was known', () => {
      const samples = [sample(0, 1), sample(300_000, 1)];
      expect(stairs(samples, capacity, plot)).toBe('M0,54H90M300,54H390');
      expect(stairs(samples, capacity, plot, true)).toBe('M0,104V54H90V104ZM300,104V54H390V104Z');
    });
  });

  it('has a lane for each machine that was there, with what it did and nothing outside the span', () => {
    const span = { fromMs: 1000, toMs: 5000 };
    const lanes = lanesOf(
      [
        {
          nodeId: 'gone before',
          steps: [
            { atMs: 0, doing: 'serving' },
            { atMs: 500, doing: 'gone' },
          ],
        },
        {
          nodeId: 'n1',
          steps: [
            { atMs: 0, doing: 'serving' },
            { atMs: 2000, doing: 'draining' },
            { atMs: 3000, doing: 'gone' },
          ],
        },
        { nodeId: 'n2', steps: [{ atMs: 4000, doing: 'launching' }] },
      ],
      span,
      10,
    );
    expect(lanes).toEqual([
      {
        nodeId: 'n1',
        stretches: [
          { doing: 'serving', fromMs: 1000, toMs: 2000 },
          { doing: 'draining', fromMs: 2000, toMs: 3000 },
        ],
      },
      { nodeId: 'n2', stretches: [{ doing: 'launching', fromMs: 4000, toMs: 5000 }] },
    ]);
  });

  it('says decisions in words', () => {
    expect(decisionWords({ decision: { type: 'grow', to: 3, prefer: {}, reason: '' } })).toBe(
      'Launch: 3 machines wanted',
    );
    expect(decisionWords({ decision: { type: 'drain', nodeId: 'n2', reason: '' } })).toBe('Empty n2');
    expect(decisionWords({ decision: { type: 'hold', reason: '' } })).toBe('Nothing to do');
  });
});
