import { allowanceBps, police } from '@holdfast/media-server/media-node/bitrate-police.ts';
import { LatestWish } from '@holdfast/media-server/media-node/latest-wish.ts';
import { SerialQueue } from '@holdfast/media-server/media-node/serial-queue.ts';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../process/manual-clock.ts';

describe('the requests of a leg', () => {
  it('are carried out one after the other, in their order', async () => {
    const queue = new SerialQueue(10);
    const order: string[] = [];
    let running = 0;
    const work = (name: string) => async () => {
      running += 1;
      expect(running).toBe(1);
      await new Promise(setImmediate);
      order.push(name);
      running -= 1;
    };
    await Promise.all(['a', 'b', 'c'].map((name) => queue.run(work(name))));
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('are refused when too many wait, and taken again when some are done', async () => {
    const queue = new SerialQueue(2);
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = queue.run(() => promise);
    const second = queue.run(() => 2);
    await expect(queue.run(() => 3)).rejects.toMatchObject({ code: 'TOO_MANY', retryable: true });
    resolve();
    await first;
    await expect(second).resolves.toBe(2);
    await expect(queue.run(() => 4)).resolves.toBe(4);
  });

  it('do not stop at one that fails', async () => {
    const queue = new SerialQueue(2);
    const failing = queue.run(() => Promise.reject(new Error('wrong')));
    const next = queue.run(() => 'right');
    await expect(failing).rejects.toThrow('wrong');
    await expect(next).resolves.toBe('right');
  });
});

describe('a wish that asks for a key frame', () => {
  const wishes = () => {
    const clock = new ManualClock();
    const done: string[] = [];
    const wish = new LatestWish<string>({
      everyMs: 1000,
      clock,
      carryOut: async (one) => {
        done.push(one);
      },
    });
    return { clock, done, wish };
  };

  it('is carried out at once when it is the first', async () => {
    const { wish, done } = wishes();
    await wish.want('resume');
    expect(done).toEqual(['resume']);
  });

  it('is carried out once a second at most, and it is the latest', async () => {
    const { wish, done, clock } = wishes();
    for (let storm = 0; storm < 100; storm += 1) {
      await wish.want('pause');
      await wish.want('resume');
    }
    expect(done).toEqual(['pause']);
    await clock.advance(1000);
    expect(done).toEqual(['pause', 'resume']);
    await clock.advance(10_000);
    expect(done).toEqual(['pause', 'resume']);
    await wish.want('pause');
    expect(done).toEqual(['pause', 'resume', 'pause']);
  });

  it('is forgotten with its stream', async () => {
    const { wish, done, clock } = wishes();
    await wish.want('pause');
    await wish.want('resume');
    wish.close();
    await clock.advance(5000);
    expect(done).toEqual(['pause']);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('what a producer sends', () => {
  const sends = (bps: number, limitBps: number, seconds = [0, 4, 8, 12]) => {
    let measured: ReturnType<typeof police> | undefined;
    return seconds.map((second) => {
      measured = police(measured, { atMs: second * 1000, bytes: (bps * second) / 8 }, limitBps);
      return measured.over;
    });
  };

  it('may be the best sound that Opus can make', () => {
    expect(sends(540_000, allowanceBps('audio', {}))).toEqual([false, false, false, false]);
  });

  it('is stopped when it is no sound any more', () => {
    expect(sends(50_000_000, allowanceBps('audio', {}))).toEqual([false, false, true, true]);
  });

  it('is not stopped for one burst', () => {
    const limit = allowanceBps('audio', {});
    const first = police(undefined, { atMs: 0, bytes: 0 }, limit);
    const burst = police(first, { atMs: 4000, bytes: 10_000_000 }, limit);
    const calm = police(burst, { atMs: 8000, bytes: 10_000_100 }, limit);
    expect([burst.over, calm.over, calm.strikes]).toEqual([false, false, 0]);
  });

  it('may be as much as the layers named, and half as much more, but never without bounds', () => {
    const layers = (...bitrates: number[]) => ({ encodings: bitrates.map((maxBitrate) => ({ maxBitrate })) });
    expect(allowanceBps('video', layers(200_000, 600_000))).toBe(1_200_000);
    expect(allowanceBps('video', layers(20_000_000, 20_000_000))).toBe(12_000_000);
    expect(allowanceBps('video', {})).toBe(3_750_000);
  });
});
