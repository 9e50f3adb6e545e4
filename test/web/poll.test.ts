import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { poll } from '../../media-server/web/lib/poll.ts';

class FakePage extends EventTarget {
  hidden = false;

  show(shown: boolean): void {
    this.hidden = !shown;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('poll', () => {
  it('looks again after the time each look asks for, rests while hidden, ends with its signal', async () => {
    const page = new FakePage();
    const ending = new AbortController();
    const look = vi.fn(async () => 400);
    const ended = poll({ look, timeoutMs: 5000, signal: ending.signal, page });
    await vi.advanceTimersByTimeAsync(1000);
    expect(look).toHaveBeenCalledTimes(3);
    page.show(false);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(look).toHaveBeenCalledTimes(3);
    page.show(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(look).toHaveBeenCalledTimes(4);
    ending.abort();
    await ended;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(look).toHaveBeenCalledTimes(4);
    expect(vi.getTimerCount()).toBe(0);
  });
});
