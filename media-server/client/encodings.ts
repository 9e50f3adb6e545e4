import type { LegReason } from '../protocol/signalling.ts';
import type { MediaSource } from '../protocol/values.ts';

/** How own tracks are encoded: pure functions of the track's size and of what is known of the uplink. */

/** One simulcast layer as mediasoup-client and WebRTC understand it. */
export interface Encoding {
  readonly scaleResolutionDownBy?: number;
  readonly maxBitrate: number;
  readonly scalabilityMode: string;
}

export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

/** Where nothing is known of a track's size, this is assumed. */
const ASSUMED_SIZE: FrameSize = { width: 640, height: 360 };
const SCREEN_BITRATE_BPS = 2_500_000;
/** More than this is not assumed of an uplink nobody has measured. */
const UNKNOWN_UPLINK_BPS = 1_500_000;
/** Where WebRTC itself starts. An estimate that has just collapsed must not keep the next leg down. */
const LEAST_START_BPS = 300_000;

/** Bitrate at which a picture of so many pixels looks right in VP8; between the points it is interpolated. */
const BITRATE_POINTS: readonly (readonly [pixels: number, bps: number])[] = [
  [0, 50_000],
  [320 * 180, 150_000],
  [480 * 270, 350_000],
  [640 * 360, 600_000],
  [960 * 540, 1_100_000],
  [1280 * 720, 1_700_000],
  [1920 * 1080, 3_200_000],
];

/**
 * How many simulcast layers libwebrtc sends for a picture of this size. It cuts by the number of pixels
 * (`kSimulcastFormats` in its simulcast.cc), and a layer too many takes away the *top* one: so never ask for more.
 */
export function simulcastLayers(size: FrameSize): 1 | 2 | 3 {
  const pixels = size.width * size.height;
  if (pixels >= 960 * 540) return 3;
  return pixels >= 480 * 270 ? 2 : 1;
}

export function bitrateForPixels(pixels: number): number {
  let [fromPixels, fromBps]: readonly [number, number] = [0, 0];
  for (const [toPixels, toBps] of BITRATE_POINTS) {
    if (pixels <= toPixels) {
      const share = toPixels === fromPixels ? 1 : (pixels - fromPixels) / (toPixels - fromPixels);
      return Math.round((fromBps + share * (toBps - fromBps)) / 1000) * 1000;
    }
    [fromPixels, fromBps] = [toPixels, toBps];
  }
  return fromBps;
}

/** The layers of a camera picture, lowest first; each is half as wide as the next. */
export function cameraEncodings(size: Partial<FrameSize>): readonly Encoding[] {
  const known: FrameSize =
    size.width && size.height ? { width: size.width, height: size.height } : ASSUMED_SIZE;
  const layers = simulcastLayers(known);
  return Array.from({ length: layers }, (_, index) => {
    const scaleResolutionDownBy = 2 ** (layers - 1 - index);
    const pixels = (known.width / scaleResolutionDownBy) * (known.height / scaleResolutionDownBy);
    return { scaleResolutionDownBy, maxBitrate: bitrateForPixels(pixels), scalabilityMode: 'L1T2' };
  });
}

/** What is changed in the encodings of a running sender when its track is replaced by one of another size. */
export type EncodingFit = Pick<Encoding, 'maxBitrate'> & {
  readonly scaleResolutionDownBy: number;
  readonly active: true;
};

/**
 * A sender's number of encodings is fixed when it is made. With a larger picture the top layers are the ones to keep;
 * with a smaller one the layers too many are switched off.
 */
export function fitEncodings(
  count: number,
  size: Partial<FrameSize>,
): readonly (EncodingFit | { readonly active: false })[] {
  const wanted = cameraEncodings(size).slice(-count);
  return Array.from({ length: count }, (_, index) => {
    const fitting = wanted[index];
    if (!fitting) return { active: false };
    const { maxBitrate, scaleResolutionDownBy = 1 } = fitting;
    return { active: true, maxBitrate, scaleResolutionDownBy };
  });
}

/** A shared screen is text: one sharp layer, no smaller copies. */
export function screenEncodings(): readonly Encoding[] {
  return [{ maxBitrate: SCREEN_BITRATE_BPS, scalabilityMode: 'L1T1' }];
}

/**
 * Share of the layers' sum that keeps the top layer on. Half of it does not: with 375 of 750 kbit/s the top layer stayed
 * off until the estimate had climbed to 420 by itself, 1.7 s later. The sound takes its part first.
 */
const MIN_SHARE = 0.6;
const MIN_AUDIO_BPS = 40_000;

export interface EncoderBitrates {
  readonly startKbps: number;
  /** The sender never goes below it for the life of the connection: small, and only where the uplink surely has it. */
  readonly minKbps: number | undefined;
}

/**
 * Start and minimum of a new leg's bandwidth estimate. Without a minimum the estimate collapses in its first 100 ms
 * and libwebrtc switches the top layer off for up to two seconds. It is set where the old leg has shown that the uplink
 * carries as much: the minimum itself in a recovery; in a handover, where the old leg sends beside it for some seconds,
 * all layers (the estimate of a sender that has nothing more to send stays below what the uplink could carry).
 */
export function encoderBitrates(input: {
  readonly sumBps: number;
  readonly reason: LegReason;
  readonly oldEstimateBps: number | undefined;
}): EncoderBitrates {
  const { sumBps, reason, oldEstimateBps } = input;
  const kbps = (bps: number) => Math.round(bps / 1000);
  // What is sent never needs more than twice the sum, and a sender probes for multiples of its start.
  const startBps = Math.min(2 * sumBps, oldEstimateBps ?? UNKNOWN_UPLINK_BPS);
  const minBps = MIN_SHARE * sumBps + MIN_AUDIO_BPS;
  const needed = reason === 'handover' ? Math.max(sumBps, minBps) : minBps;
  return {
    startKbps: kbps(Math.max(LEAST_START_BPS, startBps)),
    minKbps: oldEstimateBps !== undefined && oldEstimateBps >= needed ? kbps(minBps) : undefined,
  };
}

/** The order in which own sources are published: what is missed first comes first. */
export const PUBLISHING_ORDER: readonly MediaSource[] = ['microphone', 'camera', 'screen', 'screen-audio'];
