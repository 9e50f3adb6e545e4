import { WorkerChannel } from '@holdfast/media-server/media-node/worker-channel.ts';
import { SILENCE_LIMIT_MS } from '@holdfast/media-server/media-node/worker-watch.ts';
import { createLogger } from '@holdfast/media-server/process/logger.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../process/manual-clock.ts';

const log = createLogger('test');
log.level = 'silent';

/** Two of these in a row are what a standing process looks like from within: its timers fire late, and all at once. */
class StandingClock extends ManualClock {
  standsForMs = 0;

  override now(): number {
    return super.now() + this.standsForMs;
  }
}

let clock: StandingClock;
let broken: string[];
/** How the worker answers. */
let ask: () => Promise<unknown>;
let channel: WorkerChannel;

beforeEach(() => {
  clock = new StandingClock();
  broken = [];
  ask = async () => {};
  channel = new WorkerChannel({
    ask: () => ask(),
    onBroken: (reason) => broken.push(reason),
    clock,
    log,
  });
});

const never = () => new Promise<never>(() => {});
/** What flatbuffers says when a builder was left in the middle of an object. */
const nested = async () => {
  throw new TypeError('FlatBuffers: object serialization must not be nested.');
};

describe('a worker', () => {
  it('that answers is left alone, however long', async () => {
    await clock.advance(10 * SILENCE_LIMIT_MS);
    expect(broken).toEqual([]);
    expect(channel.broken).toBe(false);
  });

  it('that is silent is broken, and reported once', async () => {
    ask = never;
    await clock.advance(SILENCE_LIMIT_MS);
    expect(broken).toEqual([]);
    await clock.advance(SILENCE_LIMIT_MS);
    expect(broken).toHaveLength(1);
    await expect(channel.call(async () => 1)).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not blamed for the time in which this process itself stood still', async () => {
    let answer = () => {};
    ask = () => new Promise<void>((resolve) => (answer = resolve));
    await clock.advance(1000);
    // The answer waits in the socket, and the timer comes first.
    clock.standsForMs = 60_000;
    await clock.advance(500);
    expect(broken).toEqual([]);
    ask = async () => {};
    answer();
    await clock.advance(SILENCE_LIMIT_MS);
    expect(broken).toEqual([]);
  });

  it('that a failed request has left unusable is broken at once', async () => {
    const failing = channel.call(async () => {
      ask = nested;
      throw new RangeError('The number 1.5 cannot be converted to a BigInt');
    });
    await expect(failing).rejects.toThrow(RangeError);
    await clock.advance(0);
    expect(broken).toEqual(['FlatBuffers: object serialization must not be nested.']);
  });

  it('stays after a request that only it itself refuses', async () => {
    await expect(
      channel.call(async () => Promise.reject(new Error('ssrc already exists'))),
    ).rejects.toThrow();
    await clock.advance(SILENCE_LIMIT_MS);
    expect(broken).toEqual([]);
    await expect(channel.call(async () => 7)).resolves.toBe(7);
  });
});

describe('a request', () => {
  it('has a time limit, and what it makes after that is ended', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const ended: string[] = [];
    const call = channel.call(
      () => promise,
      (late) => ended.push(late),
    );
    const refused = expect(call).rejects.toMatchObject({ code: 'TIMEOUT', retryable: true });
    await clock.advance(5000);
    await refused;
    resolve('a transport');
    await clock.advance(0);
    expect(ended).toEqual(['a transport']);
  });

  it('leaves no timer behind', async () => {
    channel.close();
    const before = clock.pendingTimers;
    await channel.call(async () => {});
    expect(clock.pendingTimers).toBe(before);
  });

  it('that nobody waits for throws nothing, so that closing never ends half way', async () => {
    let closed = 0;
    channel.attempt(() => {
      ask = nested;
      throw new TypeError('must not be nested');
    });
    channel.attempt(() => (closed += 1));
    expect(closed).toBe(1);
    await clock.advance(0);
    expect(broken).toHaveLength(1);
  });
});
