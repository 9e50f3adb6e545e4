import { FrameRhythm, Steadiness } from '@holdfast/media-server/client/steadiness.ts';
import { describe, expect, it } from 'vitest';

const rhythmOf = (intervals: readonly number[], width = 640) => {
  const rhythm = new FrameRhythm();
  let at = 1000;
  for (const interval of [0, ...intervals]) {
    at += interval;
    rhythm.record({ nowMs: at, presentedAtMs: at, width });
  }
  return rhythm;
};
const times = (count: number, value: number) => Array<number>(count).fill(value);

/** Feeds frames at these intervals; the time of the frame with which the picture may be swapped, else undefined. */
function swapAt(
  steadiness: Steadiness,
  intervals: readonly number[],
  width: (atMs: number) => number = () => 640,
): number | undefined {
  let at = 0;
  for (const interval of [0, ...intervals]) {
    at += interval;
    if (steadiness.accept({ nowMs: at, presentedAtMs: at, width: width(at) })) return at;
  }
  return undefined;
}

describe('the rhythm of the picture that is seen', () => {
  it('allows 1.7 times its median interval and 5 ms', () => {
    expect(rhythmOf(times(60, 50)).limitMs).toBeCloseTo(90);
  });

  it('allows what it does itself: its third-largest interval', () => {
    expect(rhythmOf([...times(57, 50), 300, 200, 150]).limitMs).toBeCloseTo(155);
  });

  it('is not widened by two single outliers', () => {
    expect(rhythmOf([...times(58, 50), 900, 900]).limitMs).toBeCloseTo(90);
  });

  it('forgets what is more than 60 intervals old', () => {
    expect(rhythmOf([...times(30, 400), ...times(60, 50)]).limitMs).toBeCloseTo(90);
  });

  it('is taken for 20 frames a second when nothing was seen yet', () => {
    expect(new FrameRhythm().limitMs).toBeCloseTo(90);
    expect(new FrameRhythm().width).toBe(0);
  });
});

describe('a new picture', () => {
  const old = { limitMs: 90, width: 640 };

  it('may be swapped in after half a second of regular frames', () => {
    expect(swapAt(new Steadiness(old), times(40, 50))).toBe(500);
  });

  it('may never be swapped in at its first frame', () => {
    expect(new Steadiness(old).accept({ nowMs: 0, presentedAtMs: 0, width: 640 })).toBe(false);
  });

  it('starts its half second again with each interval over the limit', () => {
    expect(swapAt(new Steadiness(old), [50, 100, ...times(40, 50)])).toBe(650);
  });

  it('waits until it is as wide as the old one', () => {
    const grows = (atMs: number) => (atMs < 1000 ? 320 : 640);
    expect(swapAt(new Steadiness(old), times(60, 50), grows)).toBe(1450);
  });

  it('may be wider', () => {
    expect(swapAt(new Steadiness(old), times(40, 50), () => 1280)).toBe(500);
  });

  it('is never steady while it stays smaller or irregular', () => {
    expect(swapAt(new Steadiness(old), times(100, 50), () => 320)).toBeUndefined();
    expect(swapAt(new Steadiness(old), times(50, 120))).toBeUndefined();
  });
});
