import type { PlayableConsumer } from '@holdfast/media-server/client/player.ts';
import { VideoPlayer } from '@holdfast/media-server/client/video-player.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeContainer, FakePage } from './fake-page.ts';
import { FakeTrack } from './fake-track.ts';

class FakeConsumer implements PlayableConsumer {
  readonly id: string;
  readonly track = new FakeTrack('video');
  packets = false;

  constructor(id: string) {
    this.id = id;
  }

  readonly rtpReceiver = {
    getSynchronizationSources: () => (this.packets ? [{ source: 1, timestamp: 0, rtpTimestamp: 0 }] : []),
  };
}

let page: FakePage;

function setUp(source: 'camera' | 'screen' = 'camera') {
  const ready: string[] = [];
  const player: VideoPlayer = new VideoPlayer({ participant: 'Bob', source }, (id, how) => {
    ready.push(`${id} ${how}`);
  });
  const container = new FakeContainer();
  const detach = player.attach(container);
  const [old, next] = [new FakeConsumer('old'), new FakeConsumer('new')];
  /** Frames of these consumers, 20 a second. */
  const frames = (forMs: number, ...sending: readonly (readonly [FakeConsumer, number])[]) => {
    for (let at = 0; at < forMs; at += 50) {
      vi.advanceTimersByTime(50);
      for (const [{ track }, width] of sending) {
        if (container.videos.some(({ srcObject }) => srcObject?.tracks.includes(track))) {
          container.playing(track).present(width);
        }
      }
    }
  };
  const watching = () => {
    player.prepare(old, 'first-frame');
    player.select('old');
    frames(3000, [old, 640]);
    ready.length = 0;
  };
  return { player, container, detach, ready, old, next, frames, watching };
}

beforeEach(() => {
  vi.useFakeTimers();
  page = new FakePage();
  page.install();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a remote picture', () => {
  it('is shown in the container at once, with the name of its sender', () => {
    const { player, container, old, ready, frames } = setUp();
    player.prepare(old, 'first-frame');
    player.select('old');
    expect(container.style.position).toBe('relative');
    expect(container.seen).toHaveLength(1);
    expect(container.seen[0]?.dataset).toEqual({ participant: 'Bob', source: 'camera' });
    frames(50, [old, 640]);
    expect(ready).toEqual(['old first-frame']);
  });

  it('leaves nothing behind when it is detached', () => {
    const { container, detach, watching } = setUp();
    watching();
    detach();
    detach();
    expect(container.videos).toEqual([]);
  });

  it('is gone when its sender stops it', () => {
    const { player, container, watching } = setUp();
    watching();
    player.drop('old');
    player.clear();
    expect(container.videos).toEqual([]);
  });
});

describe('during a handover', () => {
  it('the new picture runs underneath, without a name', () => {
    const { player, container, next, old, frames, watching } = setUp();
    watching();
    player.prepare(next, 'steady');
    frames(400, [old, 640], [next, 640]);
    expect(container.videos).toHaveLength(2);
    expect(container.named).toEqual([container.playing(old.track)]);
    expect(container.playing(next.track).style.zIndex).toBe('0');
  });

  it('it is ready after half a second of steady frames', () => {
    const { player, next, old, ready, frames, watching } = setUp();
    watching();
    player.prepare(next, 'steady');
    frames(500, [old, 640], [next, 640]);
    expect(ready).toEqual([]);
    frames(100, [old, 640], [next, 640]);
    expect(ready).toEqual(['new steady']);
  });

  it('the swap names the new one in the same moment, and the old one goes 200 ms later', () => {
    const { player, container, next, old, frames, watching } = setUp();
    watching();
    player.prepare(next, 'steady');
    frames(600, [old, 640], [next, 640]);
    const [before, after] = [container.playing(old.track), container.playing(next.track)];
    player.select('new');
    expect(container.seen).toEqual([after]);
    expect(container.named).toEqual([after]);
    vi.advanceTimersByTime(199);
    expect(container.videos).toContain(before);
    vi.advanceTimersByTime(1);
    expect(container.videos).toEqual([after]);
  });

  it('a smaller picture is taken after four seconds, not before', () => {
    const { player, next, old, ready, frames, watching } = setUp();
    watching();
    player.prepare(next, 'steady');
    frames(3900, [old, 640], [next, 320]);
    expect(ready).toEqual([]);
    frames(200, [old, 640], [next, 320]);
    expect(ready).toEqual(['new timeout']);
  });

  it('a picture without a single frame is never taken', () => {
    const { player, next, old, ready, frames, watching } = setUp();
    watching();
    player.prepare(next, 'steady');
    frames(10_000, [old, 640]);
    expect(ready).toEqual([]);
  });

  it('an abort brings the old picture back with its next frame; until then the last one stands', () => {
    const { player, container, next, old, frames, watching } = setUp();
    watching();
    player.prepare(next, 'steady');
    frames(600, [old, 640], [next, 640]);
    player.select('new');
    frames(1000, [old, 640], [next, 640]);
    const standing = container.playing(next.track);
    player.select('old');
    player.drop('new');
    expect(container.seen).toEqual([standing]);
    frames(50, [old, 640]);
    expect(container.seen).toEqual([container.playing(old.track)]);
    vi.advanceTimersByTime(200);
    expect(container.videos).toHaveLength(1);
  });
});

describe('during a recovery', () => {
  it('the last picture stands until the new leg has its first frame', () => {
    const { player, container, next, old, ready, frames, watching } = setUp();
    watching();
    player.drop('old');
    const standing = container.playing(old.track);
    player.prepare(next, 'first-frame');
    player.select('new');
    expect(container.seen).toEqual([standing]);
    frames(50, [next, 320]);
    expect(ready).toEqual(['new first-frame']);
    expect(container.seen).toEqual([container.playing(next.track)]);
  });
});

describe('what nobody sees', () => {
  it('switches at once when it is in no container', () => {
    const { player, detach, next, ready, watching } = setUp();
    watching();
    detach();
    player.prepare(next, 'steady');
    vi.advanceTimersByTime(1);
    expect(ready).toEqual(['new unseen']);
  });

  it('switches when its container goes away meanwhile', () => {
    const { player, detach, next, ready, watching } = setUp();
    watching();
    player.prepare(next, 'steady');
    detach();
    vi.advanceTimersByTime(1);
    expect(ready).toEqual(['new unseen']);
  });

  it('switches with its packets while the page is hidden, for there are no frames then', () => {
    const { player, container, next, ready, watching } = setUp();
    watching();
    page.hidden = true;
    player.prepare(next, 'steady');
    vi.advanceTimersByTime(1000);
    expect(ready).toEqual([]);
    next.packets = true;
    vi.advanceTimersByTime(200);
    expect(ready).toEqual(['new unseen']);
    player.select('new');
    expect(container.seen).toEqual([container.playing(next.track)]);
  });
});

describe('a shared screen', () => {
  it('has no rhythm: it is taken half a second after it has come at full width', () => {
    const { player, next, old, ready, frames, watching } = setUp('screen');
    watching();
    player.prepare(next, 'steady');
    frames(50, [next, 320]);
    frames(1000, [old, 640]);
    expect(ready).toEqual([]);
    frames(50, [next, 640]);
    vi.advanceTimersByTime(499);
    expect(ready).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ready).toEqual(['new steady']);
  });
});

it('a closed player leaves no timer and no element', () => {
  const { player, container, next, watching } = setUp();
  watching();
  player.prepare(next, 'steady');
  player.close();
  expect(container.videos).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
