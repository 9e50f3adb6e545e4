import type { dtlsParameters, MediaKind, rtpParameters } from '@holdfast/media-server/protocol/index.ts';
import type { z } from 'zod';

/** Media descriptions as browsers and nodes send them, for tests that are about something else. */

export const someDtlsParameters: z.output<typeof dtlsParameters> = {
  role: 'auto',
  fingerprints: [{ algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') }],
};

export function someRtpParameters(kind: MediaKind = 'audio', ssrc = 1111): z.output<typeof rtpParameters> {
  const codec =
    kind === 'audio'
      ? { mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }
      : { mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000 };
  return { codecs: [codec], encodings: [{ ssrc }] };
}
