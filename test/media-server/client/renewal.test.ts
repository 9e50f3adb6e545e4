import { type RenewalReason, renewalDue, type Situation } from '@holdfast/media-server/client/renewal.ts';
import { describe, expect, it } from 'vitest';

const well: Situation = {
  nowMs: 100_000,
  signallingSinceMs: 0,
  leg: { brokenSinceMs: undefined, endedSinceMs: undefined, spoilt: false },
  leglessSinceMs: undefined,
  askedAtMs: [],
};
const brokenAt = (sinceMs: number): Partial<Situation> => ({
  leg: { brokenSinceMs: sinceMs, endedSinceMs: undefined, spoilt: false },
});
const endedAt = (sinceMs: number): Partial<Situation> => ({
  leg: { brokenSinceMs: sinceMs, endedSinceMs: sinceMs, spoilt: false },
});
const spoilt: Partial<Situation> = {
  leg: { brokenSinceMs: undefined, endedSinceMs: undefined, spoilt: true },
};
const due = (change: Partial<Situation>): RenewalReason | undefined => renewalDue({ ...well, ...change });

/** When another leg is asked for in so long a time, looking once a second. */
function asked(change: Partial<Situation>, forMs: number): number[] {
  const askedAtMs: number[] = [];
  for (let nowMs = 0; nowMs < forMs; nowMs += 1_000) {
    if (due({ ...change, nowMs, askedAtMs })) askedAtMs.push(nowMs);
  }
  return askedAtMs;
}

describe('another leg is asked for', () => {
  it('when a path has been broken for 8 s, the time of two ICE restarts', () => {
    expect(due(brokenAt(92_100))).toBeUndefined();
    expect(due(brokenAt(92_000))).toBe('path-broken');
  });

  it('not before signalling has had that time too: without it no ICE restart was possible', () => {
    expect(due({ ...brokenAt(0), signallingSinceMs: 95_000 })).toBeUndefined();
    expect(due({ ...brokenAt(0), signallingSinceMs: undefined })).toBeUndefined();
    expect(due({ ...brokenAt(0), signallingSinceMs: 92_000 })).toBe('path-broken');
  });

  it('at once when receiving is spoilt', () => {
    expect(due(spoilt)).toBe('reception-spoilt');
  });

  it('when there has been no leg for 3 s', () => {
    const legless = (sinceMs: number) => due({ leg: undefined, leglessSinceMs: sinceMs });
    expect(legless(98_000)).toBeUndefined();
    expect(legless(97_000)).toBe('no-leg');
  });

  it('when its node has ended the leg and for 3 s nobody says what comes instead: no ICE restart brings it back', () => {
    expect(due(endedAt(97_100))).toBeUndefined();
    expect(due(endedAt(97_000))).toBe('leg-ended');
    expect(due({ ...endedAt(0), signallingSinceMs: undefined })).toBeUndefined();
  });

  it('never while all is well', () => {
    expect(asked({}, 600_000)).toEqual([]);
  });
});

describe('asking cannot loop', () => {
  it('a path that stays broken asks less and less often', () => {
    const times = asked(brokenAt(0), 300_000);
    expect(times.slice(0, 4)).toEqual([8_000, 16_000, 32_000, 64_000]);
    expect(times.length).toBeLessThan(9);
  });

  it('receiving that is spoilt each time is mended twice in a row, to find the stream and without it', () => {
    const times = asked(spoilt, 300_000);
    expect(times.slice(0, 3)).toEqual([0, 1_000, 17_000]);
    expect(times.length).toBeLessThan(10);
  });
});
