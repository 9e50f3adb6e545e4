/** Media descriptions as browsers send them: damaged in one place, they get further than those made at random. */

export const vp8 = { mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000 };
export const opus = { mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 };
const rtx = { mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: 96 } };
const feedback = [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'transport-cc' }];
const headerExtensions = [
  { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 },
  { uri: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01', id: 3 },
];

/** By the name of the property that carries them. */
export const mediaSamples: Readonly<Record<string, readonly unknown[]>> = {
  rtpParameters: [
    {
      mid: '0',
      codecs: [
        { ...opus, parameters: { minptime: 10, useinbandfec: 1 }, rtcpFeedback: [{ type: 'transport-cc' }] },
      ],
      headerExtensions,
      encodings: [{ ssrc: 3_000_001, dtx: true }],
      rtcp: { cname: 'mallory', reducedSize: true },
    },
    {
      mid: '1',
      codecs: [{ ...vp8, rtcpFeedback: feedback }, rtx],
      headerExtensions,
      encodings: [
        { ssrc: 3_000_002, rtx: { ssrc: 3_000_003 }, scalabilityMode: 'L1T3', maxBitrate: 150_000 },
        { ssrc: 3_000_004, rtx: { ssrc: 3_000_005 }, scalabilityMode: 'L1T3', maxBitrate: 600_000 },
      ],
      rtcp: { cname: 'mallory', reducedSize: true },
    },
  ],
  rtpCapabilities: [
    {
      codecs: [
        { kind: 'audio', ...opus, preferredPayloadType: 111 },
        { kind: 'video', ...vp8, preferredPayloadType: 96, rtcpFeedback: feedback },
        { kind: 'video', ...rtx, preferredPayloadType: 97 },
      ],
      headerExtensions: headerExtensions.map(({ uri, id }) => ({ kind: 'video', uri, preferredId: id })),
    },
  ],
  dtlsParameters: [
    {
      role: 'client',
      fingerprints: [{ algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') }],
    },
  ],
};
