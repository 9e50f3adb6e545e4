import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distribution, freezesIn, gapsIn, largestGap } from '../../../cli/observe/gaps.ts';

const frame = (atMs: number, element = 1) => ({
  atMs,
  presented: atMs,
  rtpTimestamp: atMs * 90,
  receivedAtMs: atMs - 20,
  width: 640,
  element,
});
const window = { fromMs: 1000, toMs: 2000 };
const regular = Array.from({ length: 40 }, (_, index) => frame(500 + index * 50));

describe('the gaps of a picture', () => {
  it('are the times between shown frames', () => {
    expect(largestGap(regular, window).lengthMs).toBe(50);
    expect(freezesIn(regular, window)).toBe(0);
  });

  it('count from the last frame before the window', () => {
    expect(
      largestGap([frame(600), frame(1050), frame(1980)].slice(0, 2), { fromMs: 1000, toMs: 1060 }).lengthMs,
    ).toBe(450);
  });

  it('count up to the end of the window when the picture stands still', () => {
    expect(largestGap([frame(990), frame(1200)], window)).toMatchObject({ lengthMs: 800, endedAtMs: 2000 });
    expect(freezesIn([frame(990), frame(1200)], window)).toBe(1);
  });

  it('are the whole window when nothing was ever shown', () => {
    expect(largestGap([], window).lengthMs).toBe(1000);
  });

  it('tell the switch from the rest, and the sender from the network', () => {
    const switched = gapsIn([frame(1000, 1), frame(1100, 2)], { fromMs: 1000, toMs: 1100 });
    expect(switched[0]).toMatchObject({ lengthMs: 100, atSwitch: true, senderMs: undefined });
    expect(gapsIn([frame(1000), frame(1100)], { fromMs: 1000, toMs: 1100 })[0]).toMatchObject({
      senderMs: 100,
      arrivalMs: 100,
    });
  });

  it('leave nothing out: they add up to the time that is looked at', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1001, max: 1999 }), { maxLength: 50 }), (times) => {
        const frames = [frame(1000), ...times.toSorted((a, b) => a - b).map((time) => frame(time))];
        const sum = gapsIn(frames, window).reduce((total, gap) => total + gap.lengthMs, 0);
        expect(sum).toBe(1000);
      }),
    );
  });
});

it('percentiles are nearest-rank, and nothing has none', () => {
  expect(distribution([4, 1, 3, 2])).toEqual({ count: 4, p50: 2, p95: 4, max: 4 });
  expect(distribution([])).toEqual({ count: 0, p50: null, p95: null, max: null });
});
