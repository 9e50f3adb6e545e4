import { describe, expect, it } from 'vitest';
import { SourceSync } from '../../media-server/web/lib/source-sync.ts';
import { FakeTrack } from './fakes.ts';

/** A meeting whose every step waits until the test lets it happen. */
class SlowMeeting {
  readonly log: string[] = [];
  #release: (() => void)[] = [];
  failNext = false;

  publish = (source: string, track: MediaStreamTrack, { muted = false } = {}) =>
    this.#step(`publish ${source} ${track.id}${muted ? ' muted' : ''}`);
  unpublish = (source: string) => this.#step(`unpublish ${source}`);
  setMuted = (source: string, muted: boolean) => this.#step(`setMuted ${source} ${muted}`);

  async settle(): Promise<void> {
    for (let step = this.#release.shift(); step !== undefined; step = this.#release.shift()) {
      step();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #step(what: string): Promise<void> {
    this.log.push(what);
    if (this.failNext) {
      this.failNext = false;
      return Promise.reject(new Error('no'));
    }
    return new Promise((resolve) => {
      this.#release.push(resolve);
    });
  }
}

const a = new FakeTrack('a');
const b = new FakeTrack('b');
const nothing = { track: undefined, muted: false };

function syncing(done: { track: MediaStreamTrack | undefined; muted: boolean }) {
  const meeting = new SlowMeeting();
  const errors: unknown[] = [];
  return { meeting, errors, sync: new SourceSync(meeting, 'camera', done, (error) => errors.push(error)) };
}

describe('SourceSync', () => {
  it('does nothing when all is as wanted', async () => {
    const { meeting, sync } = syncing({ track: a, muted: false });
    sync.want({ track: a, muted: false });
    await meeting.settle();
    expect(meeting.log).toEqual([]);
  });

  it('publishes, mutes, replaces and unpublishes', async () => {
    const { meeting, sync } = syncing(nothing);
    for (const wanted of [
      { track: a, muted: false },
      { track: a, muted: true },
      { track: b, muted: true },
      nothing,
    ]) {
      sync.want(wanted);
      await meeting.settle();
    }
    expect(meeting.log).toEqual([
      'publish camera a',
      'setMuted camera true',
      'publish camera b muted',
      'unpublish camera',
    ]);
  });

  it('never lets a muted source be heard, not even for a moment', async () => {
    const { meeting, sync } = syncing(nothing);
    sync.want({ track: a, muted: true });
    await meeting.settle();
    expect(meeting.log).toEqual(['publish camera a muted']);
  });

  it('takes one step at a time and only the last wish counts', async () => {
    const { meeting, sync } = syncing(nothing);
    sync.want({ track: a, muted: false });
    sync.want(nothing);
    sync.want({ track: b, muted: false });
    expect(meeting.log).toEqual(['publish camera a']);
    await meeting.settle();
    expect(meeting.log).toEqual(['publish camera a', 'publish camera b']);
  });

  it('tells a failure once and goes on with the next wish', async () => {
    const { meeting, errors, sync } = syncing(nothing);
    meeting.failNext = true;
    sync.want({ track: a, muted: false });
    await meeting.settle();
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toHaveLength(1);
    sync.want({ track: b, muted: false });
    await meeting.settle();
    expect(meeting.log).toEqual(['publish camera a', 'publish camera b']);
  });

  it('does nothing more once closed', () => {
    const { meeting, sync } = syncing(nothing);
    sync.close();
    sync.want({ track: a, muted: false });
    expect(meeting.log).toEqual([]);
  });
});
