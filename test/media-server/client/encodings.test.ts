import {
  bitrateForPixels,
  cameraEncodings,
  encoderBitrates,
  fitEncodings,
  screenEncodings,
  simulcastLayers,
} from '@holdfast/media-server/client/encodings.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('camera encodings', () => {
  it.each([
    [160, 120, 1],
    [320, 180, 1],
    [480, 270, 2],
    [640, 360, 2],
    [640, 480, 2],
    [960, 540, 3],
    [1280, 720, 3],
    [1920, 1080, 3],
    [360, 640, 2],
  ])('%i x %i carries %i layers, as many as libwebrtc will send', (width, height, layers) => {
    expect(simulcastLayers({ width, height })).toBe(layers);
    expect(cameraEncodings({ width, height })).toHaveLength(layers);
  });

  it('gives 640x360 a half-size layer of 150 kbit/s and a full one of 600', () => {
    expect(cameraEncodings({ width: 640, height: 360 })).toEqual([
      { scaleResolutionDownBy: 2, maxBitrate: 150_000, scalabilityMode: 'L1T2' },
      { scaleResolutionDownBy: 1, maxBitrate: 600_000, scalabilityMode: 'L1T2' },
    ]);
  });

  it('takes a track of unknown size for 640x360', () => {
    expect(cameraEncodings({})).toEqual(cameraEncodings({ width: 640, height: 360 }));
  });

  it('halves the size from layer to layer, the last one is full', () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 4096 }), fc.integer({ min: 16, max: 4096 }), (width, height) => {
        const scales = cameraEncodings({ width, height }).map((encoding) => encoding.scaleResolutionDownBy);
        expect(scales).toEqual([4, 2, 1].slice(-scales.length));
      }),
    );
  });

  it('never gives a larger picture fewer bits', () => {
    fc.assert(
      fc.property(fc.nat(3_000_000), fc.nat(3_000_000), (a, b) => {
        expect(bitrateForPixels(Math.min(a, b))).toBeLessThanOrEqual(bitrateForPixels(Math.max(a, b)));
      }),
    );
  });
});

describe('a replaced track', () => {
  it('that is smaller switches the layers off which its size does not carry', () => {
    expect(fitEncodings(3, { width: 640, height: 360 })).toEqual([
      { active: true, scaleResolutionDownBy: 2, maxBitrate: 150_000 },
      { active: true, scaleResolutionDownBy: 1, maxBitrate: 600_000 },
      { active: false },
    ]);
  });

  it('that is larger keeps the top layers', () => {
    expect(fitEncodings(2, { width: 1280, height: 720 })).toEqual([
      { active: true, scaleResolutionDownBy: 2, maxBitrate: 600_000 },
      { active: true, scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
    ]);
  });

  it('of the same size changes nothing', () => {
    const fitted = fitEncodings(2, { width: 640, height: 360 });
    const made = cameraEncodings({ width: 640, height: 360 });
    expect(fitted.map((encoding) => 'maxBitrate' in encoding && encoding.maxBitrate)).toEqual(
      made.map(({ maxBitrate }) => maxBitrate),
    );
  });
});

describe('a shared screen', () => {
  it('is one layer with more bits than a camera of its size', () => {
    const encodings = screenEncodings();
    expect(encodings).toHaveLength(1);
    expect(encodings[0]?.maxBitrate).toBeGreaterThan(bitrateForPixels(1280 * 720));
    expect(encodings[0]).not.toHaveProperty('scaleResolutionDownBy');
  });
});

describe('start and minimum bitrate of a leg', () => {
  const sumBps = 750_000;

  it('start a handover where the old leg is, and keep half the layers alive', () => {
    const bitrates = encoderBitrates({ sumBps, reason: 'handover', oldEstimateBps: 1_500_000 });
    expect(bitrates).toEqual({ startKbps: 1500, minKbps: 490 });
  });

  it('set no minimum in a handover when the uplink has never carried all layers', () => {
    const bitrates = encoderBitrates({ sumBps, reason: 'handover', oldEstimateBps: 700_000 });
    expect(bitrates).toEqual({ startKbps: 700, minKbps: undefined });
  });

  it('start no higher than twice what is sent, and no lower than WebRTC itself', () => {
    const fast = encoderBitrates({ sumBps, reason: 'handover', oldEstimateBps: 20_000_000 });
    expect(fast.startKbps).toBe(1500);
    const collapsed = encoderBitrates({ sumBps, reason: 'handover', oldEstimateBps: 0 });
    expect(collapsed).toEqual({ startKbps: 300, minKbps: undefined });
  });

  it('need room for the minimum only in a recovery: the other sends nothing any more', () => {
    const bitrates = encoderBitrates({ sumBps, reason: 'recovery', oldEstimateBps: 500_000 });
    expect(bitrates.minKbps).toBe(490);
    expect(encoderBitrates({ sumBps, reason: 'recovery', oldEstimateBps: 400_000 }).minKbps).toBeUndefined();
  });

  it('assume little of an uplink that nobody has measured, and force nothing onto it', () => {
    expect(encoderBitrates({ sumBps, reason: 'join', oldEstimateBps: undefined })).toEqual({
      startKbps: 1500,
      minKbps: undefined,
    });
    const large = encoderBitrates({ sumBps: 4_000_000, reason: 'join', oldEstimateBps: undefined });
    expect(large.startKbps).toBe(1500);
  });
});
