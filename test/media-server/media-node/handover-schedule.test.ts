import {
  interleaveMs,
  parallelMoves,
  publishDelaysMs,
} from '@holdfast/media-server/media-node/handover-schedule.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('the publishing order', () => {
  it('of a small meeting keeps the full spacing', () => {
    expect(publishDelaysMs(4, 400, 3000)).toEqual([0, 400, 800, 1200]);
  });

  it('of a large meeting is compressed, so that the last one publishes when the whole time is over', () => {
    expect(publishDelaysMs(11, 400, 3000)).toEqual(Array.from({ length: 11 }, (_, rank) => rank * 300));
    expect(publishDelaysMs(2, 400, 300)).toEqual([0, 300]);
    expect(publishDelaysMs(1, 400, 3000)).toEqual([0]);
  });

  it('of any meeting fits into the time for the whole order, first one at once, nobody before his rank', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), (count) => {
        const delays = publishDelaysMs(count, 400, 3000);
        expect(delays).toHaveLength(count);
        expect(delays[0]).toBe(0);
        expect(Math.max(...delays)).toBeLessThanOrEqual(3000);
        expect(delays.toSorted((a, b) => a - b)).toEqual(delays);
      }),
    );
  });
});

describe('meetings that move at the same time', () => {
  it('publish in the gaps of each other', () => {
    expect([0, 1, 2, 3].map((position) => interleaveMs(position, 4, 400))).toEqual([0, 100, 200, 300]);
    expect(interleaveMs(5, 4, 400)).toBe(100);
    expect(interleaveMs(3, 1, 400)).toBe(0);
  });
});

describe('meetings move at the same time', () => {
  const base = { meetings: 40, gently: 2, meetingDeadlineMs: 10_000 };
  it('a few when there is no deadline', () => {
    expect(parallelMoves({ ...base, remainingMs: undefined })).toBe(2);
  });
  it('all when the deadline is 30 s away or already over', () => {
    expect(parallelMoves({ ...base, remainingMs: 25_000 })).toBe(40);
    expect(parallelMoves({ ...base, remainingMs: -5000 })).toBe(40);
  });
  it('as many as an hour needs', () => {
    expect(parallelMoves({ ...base, remainingMs: 3_600_000 })).toBe(2);
    expect(parallelMoves({ ...base, meetings: 4000, remainingMs: 3_600_000 })).toBe(12);
  });
  it('as many as the rounds need that there is time for, one of them kept in hand', () => {
    expect(parallelMoves({ ...base, remainingMs: 59_999 })).toBe(10);
    expect(parallelMoves({ ...base, remainingMs: 60_000 })).toBe(8);
    expect(parallelMoves({ ...base, meetings: 41, remainingMs: 60_000 })).toBe(9);
  });
});
