import type { RouterRtpCodecCapability } from 'mediasoup/types';

/** What every router speaks. The same list on every node, so that a moved participant keeps its codecs. */
export const mediaCodecs: RouterRtpCodecCapability[] = [
  {
    kind: 'audio',
    mimeType: 'audio/opus',
    clockRate: 48_000,
    channels: 2,
    parameters: { useinbandfec: 1, usedtx: 1 },
  },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000, parameters: { 'x-google-start-bitrate': 1000 } },
];

/**
 * How long the node collects key frame requests for a producer before it asks once, ms. Must stay above 300: libwebrtc
 * ignores a second request within 300 ms of the last (kMinKeyframeSendIntervalMs), and mediasoup repeats an unanswered
 * one only after 1000 ms, so without this delay every second subscriber waits a second for its first picture.
 */
export const KEY_FRAME_REQUEST_DELAY_MS = 350;
