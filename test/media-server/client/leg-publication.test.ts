import {
  LegPublication,
  type PublishingLeg,
  type SentProducer,
  type WantedSource,
} from '@holdfast/media-server/client/leg-publication.ts';
import { HoldfastError, type LegReason, type MediaSource } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeTrack } from './fake-track.ts';

type ProduceOptions = Parameters<PublishingLeg['produce']>[2];

class FakeLeg implements PublishingLeg {
  readonly reason: LegReason;
  closed = false;
  readonly produced: {
    source: MediaSource;
    paused: boolean;
    options: ProduceOptions;
    producer: FakeProducer;
  }[] = [];
  /** What the next calls of `produce` reject with. */
  readonly errors: HoldfastError[] = [];
  /** Sources of which `produce` always rejects. */
  readonly refused = new Set<MediaSource>();
  /** When set, `produce` waits for it. */
  gate: Promise<void> | undefined;

  constructor(reason: LegReason = 'handover') {
    this.reason = reason;
  }

  async produce(source: MediaSource, paused: boolean, options: ProduceOptions): Promise<SentProducer> {
    await this.gate;
    const error = this.refused.has(source) ? new HoldfastError('INTERNAL', 'no') : this.errors.shift();
    if (error) throw error;
    const producer = new FakeProducer(`${source}-${this.produced.length + 1}`, options.track);
    this.produced.push({ source, paused, options, producer });
    return producer;
  }

  sent(source: MediaSource) {
    const last = this.produced.filter((entry) => entry.source === source).at(-1);
    if (!last) throw new Error(`${source} was not produced`);
    return last;
  }
}

class FakeProducer implements SentProducer {
  readonly id: string;
  track: MediaStreamTrack | undefined;
  closed = false;

  constructor(id: string, track: MediaStreamTrack | undefined) {
    this.id = id;
    this.track = track;
  }

  async replaceTrack({ track }: { track: MediaStreamTrack }): Promise<void> {
    this.track = track;
  }

  close(): void {
    this.closed = true;
  }
}

function setUp(options: { reason?: LegReason; estimateBps?: number } = {}) {
  const leg = new FakeLeg(options.reason);
  const wanted = new Map<MediaSource, WantedSource>();
  const told: string[] = [];
  const problems: string[] = [];
  const publication = new LegPublication({
    leg,
    wanted,
    tell: async (method, producerId) => told.push(`${method} ${producerId}`),
    oldEstimateBps: options.estimateBps,
    onProblem: (error) => problems.push(error.code),
  });
  const want = (source: MediaSource, track: MediaStreamTrack, muted = false) =>
    wanted.set(source, { track, muted });
  return { leg, wanted, want, told, problems, publication };
}

const microphone = () => new FakeTrack('audio');
const camera = (width = 640, height = 360) => new FakeTrack('video', { width, height });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount(), 'no timer is left').toBe(0);
  vi.useRealTimers();
});

describe('a leg publishes', () => {
  it('nothing before its turn, then sound before picture before screen', async () => {
    const { leg, want, publication } = setUp();
    want('screen', new FakeTrack('video'));
    want('camera', camera());
    want('microphone', microphone());
    await publication.sync();
    expect(leg.produced).toEqual([]);
    await publication.start();
    expect(leg.produced.map(({ source }) => source)).toEqual(['microphone', 'camera', 'screen']);
  });

  it('clones, so that closing it does not stop the tracks of the caller', async () => {
    const { leg, want, publication } = setUp();
    const track = camera();
    want('camera', track);
    await publication.start();
    const sent = leg.sent('camera').options.track;
    expect(sent).not.toBe(track);
    publication.close();
    expect(sent?.readyState).toBe('ended');
    expect(track.readyState).toBe('live');
  });

  it('a camera in layers, with the uplink of the old leg as its start', async () => {
    const { leg, want, publication } = setUp({ estimateBps: 2_000_000 });
    want('camera', camera(640, 360));
    await publication.start();
    expect(leg.sent('camera').options).toMatchObject({
      encodings: [{ maxBitrate: 150_000 }, { maxBitrate: 600_000 }],
      codecOptions: { videoGoogleStartBitrate: 1500, videoGoogleMinBitrate: 490 },
    });
  });

  it('a screen in one layer, for its details', async () => {
    const { leg, want, publication } = setUp();
    const track = new FakeTrack('video', { width: 1920, height: 1080 });
    want('screen', track);
    await publication.start();
    const { options } = leg.sent('screen');
    expect(options.encodings).toHaveLength(1);
    expect(options.track?.contentHint).toBe('detail');
    expect(track.contentHint).toBe('');
  });

  it('speech with error correction and without packets for silence', async () => {
    const { leg, want, publication } = setUp();
    want('microphone', microphone());
    await publication.start();
    expect(leg.sent('microphone').options.codecOptions).toMatchObject({ opusFec: true, opusDtx: true });
  });

  it('what is added later, and no longer what is taken away', async () => {
    const { leg, want, wanted, told, publication } = setUp();
    want('microphone', microphone());
    await publication.start();
    want('camera', camera());
    await publication.sync();
    const { producer } = leg.sent('camera');
    wanted.delete('camera');
    await publication.sync();
    expect(producer.closed).toBe(true);
    expect(told).toEqual([`producer.close ${producer.id}`]);
  });

  it('a replaced track with the same producer', async () => {
    const { leg, want, publication } = setUp();
    want('camera', camera());
    await publication.start();
    const { producer, options } = leg.sent('camera');
    want('camera', camera());
    await publication.sync();
    expect(leg.produced).toHaveLength(1);
    expect(producer.track).not.toBe(options.track);
    expect(options.track?.readyState).toBe('ended');
    expect(producer.track?.readyState).toBe('live');
  });
});

describe('muting', () => {
  it('from the start sends nothing and tells the node so', async () => {
    const { leg, want, told, publication } = setUp();
    want('microphone', microphone(), true);
    await publication.start();
    expect(leg.sent('microphone')).toMatchObject({ paused: true, options: { track: { enabled: false } } });
    expect(told).toEqual([]);
  });

  it('takes effect at once and is told to the node', async () => {
    const { leg, want, told, publication } = setUp();
    const track = microphone();
    want('microphone', track);
    await publication.start();
    const { producer } = leg.sent('microphone');
    want('microphone', track, true);
    publication.applyMute('microphone', true);
    expect(producer.track?.enabled).toBe(false);
    await publication.sync();
    want('microphone', track, false);
    await publication.sync();
    expect(told).toEqual([`producer.pause ${producer.id}`, `producer.resume ${producer.id}`]);
    expect(producer.track?.enabled).toBe(true);
  });

  it('also reaches a producer that is only just being made', async () => {
    const { leg, want, told, publication } = setUp();
    const gate = Promise.withResolvers<void>();
    leg.gate = gate.promise;
    const track = microphone();
    want('microphone', track);
    const started = publication.start();
    want('microphone', track, true);
    publication.applyMute('microphone', true);
    gate.resolve();
    await started;
    const { producer, paused } = leg.sent('microphone');
    expect(paused).toBe(false);
    expect(producer.track?.enabled).toBe(false);
    expect(told).toEqual([`producer.pause ${producer.id}`]);
  });

  it('leaves the track of the caller as it is', async () => {
    const { want, publication } = setUp();
    const track = microphone();
    want('microphone', track, true);
    await publication.start();
    expect(track.enabled).toBe(true);
  });
});

describe('a producer that cannot be made', () => {
  it('is tried again', async () => {
    const { leg, want, problems, publication } = setUp();
    leg.errors.push(new HoldfastError('TIMEOUT', 'slow'));
    want('camera', camera());
    const started = publication.start();
    await vi.advanceTimersByTimeAsync(500);
    await started;
    expect(leg.produced).toHaveLength(1);
    expect(problems).toEqual(['TIMEOUT']);
    expect(publication.failure('camera')).toBeUndefined();
  });

  it('is given up after three times, stops its clones, and does not hold up the others', async () => {
    const { leg, want, problems, publication } = setUp();
    leg.refused.add('microphone');
    const track = microphone();
    want('microphone', track);
    want('camera', camera());
    const started = publication.start();
    await vi.advanceTimersByTimeAsync(100);
    expect(leg.produced.map(({ source }) => source)).toEqual(['camera']);
    await vi.advanceTimersByTimeAsync(5_000);
    await started;
    expect(problems).toEqual(['INTERNAL', 'INTERNAL', 'INTERNAL']);
    expect(publication.failure('microphone')?.code).toBe('INTERNAL');
    expect(track.clones.map(({ readyState }) => readyState)).toEqual(['ended', 'ended', 'ended']);
  });

  it('is closed again when it was taken away meanwhile', async () => {
    const { leg, want, wanted, told, publication } = setUp();
    const gate = Promise.withResolvers<void>();
    leg.gate = gate.promise;
    want('microphone', microphone());
    const started = publication.start();
    wanted.delete('microphone');
    const synced = publication.sync();
    gate.resolve();
    await Promise.all([started, synced]);
    expect(leg.sent('microphone').producer.closed).toBe(true);
    expect(told).toEqual(['producer.close microphone-1']);
  });
});

describe('after a lost connection', () => {
  it('producers that the node does not have are made again', async () => {
    const { leg, want, publication } = setUp();
    want('camera', camera());
    await publication.start();
    await publication.reconcile([]);
    expect(leg.produced).toHaveLength(2);
    expect(leg.produced[0]?.producer.closed).toBe(true);
  });

  it('producers that only the node knows are closed', async () => {
    const { want, told, publication } = setUp();
    want('camera', camera());
    await publication.start();
    await publication.reconcile([
      { producerId: 'camera-1', source: 'camera', paused: false },
      { producerId: 'lost-answer', source: 'microphone', paused: false },
    ]);
    expect(told).toEqual(['producer.close lost-answer']);
  });

  it('mute states are pushed again', async () => {
    const { want, told, publication } = setUp();
    want('camera', camera(), true);
    await publication.start();
    await publication.reconcile([{ producerId: 'camera-1', source: 'camera', paused: false }]);
    expect(told).toEqual(['producer.pause camera-1']);
  });
});

it('a closed leg is not published on any more', async () => {
  const { leg, want, publication } = setUp();
  want('camera', camera());
  await publication.start();
  publication.close();
  want('microphone', microphone());
  await publication.sync();
  expect(leg.produced).toHaveLength(1);
  expect(leg.sent('camera').producer.closed).toBe(true);
});
