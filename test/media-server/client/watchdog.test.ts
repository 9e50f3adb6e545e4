import { standsStill, Watchdog, type WatchedConsumer } from '@holdfast/media-server/client/watchdog.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const consumer = (change: Partial<WatchedConsumer> = {}): WatchedConsumer => ({
  consumerId: 'c',
  expectedSinceMs: 1000,
  expectedBecause: 'ready',
  lastFrameAtMs: undefined,
  visible: true,
  ...change,
});

describe('a picture stands still', () => {
  it('when its first frame has not come 450 ms after it was made ready', () => {
    expect(standsStill(consumer(), 1449)).toBe(false);
    expect(standsStill(consumer(), 1450)).toBe(true);
    expect(standsStill(consumer({ visible: false }), 1450)).toBe(true);
  });

  it('when it is seen and shows no new frame for 450 ms', () => {
    expect(standsStill(consumer({ lastFrameAtMs: 5000 }), 5449)).toBe(false);
    expect(standsStill(consumer({ lastFrameAtMs: 5000 }), 5450)).toBe(true);
    expect(standsStill(consumer({ lastFrameAtMs: 5000, visible: false }), 9000)).toBe(false);
  });

  it('later, when its sender has only just unmuted', () => {
    const unmuted = consumer({ expectedBecause: 'resumed', expectedSinceMs: 5000, lastFrameAtMs: 900 });
    expect(standsStill(unmuted, 6499)).toBe(false);
    expect(standsStill(unmuted, 6500)).toBe(true);
  });
});

describe('the watchdog', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const watch = (consumers: () => WatchedConsumer[]) => {
    const stalled: number[] = [];
    const watchdog = new Watchdog({
      consumers,
      onStalled: () => stalled.push(Date.now()),
      now: () => Date.now(),
    });
    return { watchdog, stalled };
  };

  it('tells of a standing picture once in five seconds', () => {
    vi.setSystemTime(0);
    const { watchdog, stalled } = watch(() => [consumer({ expectedSinceMs: 0 })]);
    vi.advanceTimersByTime(5_400);
    expect(stalled).toEqual([450]);
    vi.advanceTimersByTime(100);
    expect(stalled).toEqual([450, 5450]);
    watchdog.close();
  });

  it('says nothing while frames come', () => {
    vi.setSystemTime(0);
    const { watchdog, stalled } = watch(() => [
      consumer({ expectedSinceMs: 0, lastFrameAtMs: Date.now() - 100 }),
    ]);
    vi.advanceTimersByTime(10_000);
    expect(stalled).toEqual([]);
    watchdog.close();
  });

  it('leaves no timer behind', () => {
    const { watchdog } = watch(() => []);
    expect(vi.getTimerCount()).toBe(1);
    watchdog.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
