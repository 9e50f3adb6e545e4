import { type PathSample, pathAfterSample, unknownPath } from '@holdfast/media-server/client/path-quality.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const good: PathSample = { path: 'udp', roundTripMs: 40, lostShare: 0, cutOff: false };
const slow: PathSample = { ...good, roundTripMs: 900 };
const lossy: PathSample = { ...good, lostShare: 0.2 };
const cutOff: PathSample = { path: undefined, roundTripMs: undefined, lostShare: undefined, cutOff: true };
const nothing: PathSample = { ...cutOff, cutOff: false };
const after = (...samples: readonly PathSample[]) => samples.reduce(pathAfterSample, unknownPath).view;

describe('how good a path is', () => {
  it('is not known before it carries anything', () => {
    expect(after(nothing, nothing)).toEqual({ path: undefined, quality: 'unknown' });
  });

  it('is good as soon as it carries well', () => {
    expect(after(good)).toEqual({ path: 'udp', quality: 'good' });
  });

  it.each([
    ['slow', slow],
    ['losing packets', lossy],
  ])('is poor when it was %s three times in a row, and good again after three good ones', (_what, bad) => {
    expect(after(good, bad, bad).quality).toBe('good');
    expect(after(good, bad, bad, bad).quality).toBe('poor');
    expect(after(good, bad, good, bad, bad).quality).toBe('good');
    expect(after(good, bad, bad, bad, good, good).quality).toBe('poor');
    expect(after(good, bad, bad, bad, good, good, good).quality).toBe('good');
  });

  it('is none at once where nothing ever got through', () => {
    expect(after(nothing, cutOff).quality).toBe('none');
  });

  it('is not blamed for a node that is lost and replaced', () => {
    expect(after(good, cutOff, cutOff, good).quality).toBe('good');
    expect(after(good, cutOff, cutOff, cutOff).quality).toBe('none');
  });

  it('is told at once when something flows again', () => {
    expect(after(cutOff, good).quality).toBe('good');
    expect(after(cutOff, slow).quality).toBe('poor');
  });

  it('names the way it goes now', () => {
    expect(after(good, { ...good, path: 'turn-tls' })).toEqual({ path: 'turn-tls', quality: 'good' });
    expect(after(good, nothing)).toEqual({ path: 'udp', quality: 'good' });
  });

  it('is never changed by one sample alone, once it flows', () => {
    const sample = fc.constantFrom(good, slow, lossy, cutOff, nothing);
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1 }), sample, (past, last) => {
        const before = [good, ...past].reduce(pathAfterSample, unknownPath);
        const next = pathAfterSample(before, last);
        if (next.view.quality === before.view.quality || before.view.quality === 'none') return;
        expect(before.against).toBe(2);
      }),
    );
  });
});
