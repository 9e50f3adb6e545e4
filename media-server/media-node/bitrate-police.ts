import type { MediaKind, RtpParameters } from 'mediasoup/types';

/** What a producer sends is measured every so often, ms. */
export const POLICE_EVERY_MS = 4000;
/** A short burst (a key frame, repeats after a loss) is nothing; so many measurements in a row are. */
const STRIKES = 2;
/** Opus itself goes up to 510 kbit/s; the rest is for the headers of its shortest packets. */
const AUDIO_LIMIT_BPS = 600_000;
/** For a layer whose sender has named no bitrate. */
const VIDEO_LAYER_BPS = 2_500_000;
/** No sender gets more than this, however many layers it names. */
const VIDEO_LIMIT_BPS = 12_000_000;
/** Encoders overshoot, and repeats count too. */
const TOLERANCE = 1.5;

/** The most that a producer may send, bit/s, by its kind and by what its sender has named. */
export function allowanceBps(kind: MediaKind, { encodings = [] }: Pick<RtpParameters, 'encodings'>): number {
  if (kind === 'audio') return AUDIO_LIMIT_BPS;
  const layers = encodings.length === 0 ? [{}] : encodings;
  const named = layers.reduce((sum, { maxBitrate = VIDEO_LAYER_BPS }) => sum + maxBitrate, 0);
  return Math.min(VIDEO_LIMIT_BPS, Math.round(named * TOLERANCE));
}

/** What a whole participant is asked to keep within: a microphone, a camera, a screen and its sound. */
export const LEG_LIMIT_BPS = 2 * AUDIO_LIMIT_BPS + VIDEO_LIMIT_BPS;

/** What was measured last, and how often in a row it was too much. */
export interface Measured {
  readonly atMs: number;
  readonly bytes: number;
  readonly strikes: number;
}

/** One measurement more. `over`: it has sent more than its allowance for too long. */
export function police(
  before: Measured | undefined,
  measured: { readonly atMs: number; readonly bytes: number },
  limitBps: number,
): Measured & { readonly over: boolean } {
  const elapsedMs = before ? measured.atMs - before.atMs : 0;
  if (!before || elapsedMs <= 0) return { ...measured, strikes: 0, over: false };
  const bps = ((measured.bytes - before.bytes) * 8000) / elapsedMs;
  const strikes = bps > limitBps ? before.strikes + 1 : 0;
  return { ...measured, strikes, over: strikes >= STRIKES };
}
