import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { mediaCodecs } from '@holdfast/media-server/media-node/codecs.ts';
import {
  dtlsParameters,
  HoldfastError,
  iceCandidates,
  kindOfStream,
  parsed,
  rtpCapabilities,
  rtpParameters,
} from '@holdfast/media-server/protocol/index.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** Where mediasoup is installed for the media server. */
const require = createRequire(import.meta.resolve('@holdfast/media-server/package.json'));
const mediasoup = 'mediasoup';
/** mediasoup's own modules, past what the package exports: what is tested is that they take what was parsed. */
const inside = (name: string) => require(join(dirname(require.resolve(mediasoup)), name));
const { serializeRtpParameters } = inside('rtpParametersFbsUtils.js');
const ortc = inside('ortc.js');
const { Builder } = createRequire(require.resolve(mediasoup))('flatbuffers');

const opus = {
  mimeType: 'audio/opus',
  payloadType: 111,
  clockRate: 48_000,
  channels: 2,
  parameters: { minptime: 10, useinbandfec: 1 },
  rtcpFeedback: [{ type: 'transport-cc', parameter: '' }],
};
const vp8 = { mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000, rtcpFeedback: [{ type: 'nack' }] };
const rtx = { mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: 96 } };

/** What Chromium sends through mediasoup-client for a camera with three layers. */
const chromiumCamera = {
  mid: '1',
  msid: 'd4b3 0f1e',
  codecs: [
    {
      ...vp8,
      parameters: { 'x-google-start-bitrate': 1000, 'max-fs': 12_288 },
      rtcpFeedback: [
        { type: 'goog-remb', parameter: '' },
        { type: 'transport-cc', parameter: '' },
        { type: 'ccm', parameter: 'fir' },
        { type: 'nack', parameter: '' },
        { type: 'nack', parameter: 'pli' },
      ],
    },
    { ...rtx, rtcpFeedback: [] },
  ],
  headerExtensions: [
    { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 9, encrypt: false, parameters: {} },
    { uri: 'urn:3gpp:video-orientation', id: 3, encrypt: false, parameters: {} },
  ],
  encodings: [1, 2, 3].map((layer) => ({
    active: true,
    ssrc: layer,
    rtx: { ssrc: layer + 10 },
    scaleResolutionDownBy: 4 / layer,
    maxBitrate: layer * 100_000,
    scalabilityMode: 'L1T2',
    dtx: false,
    priority: 'low',
  })),
  rtcp: { cname: 'a+b/c', reducedSize: true },
};

/** Where layers are told apart by RID, Chromium's SDP has no SSRCs, and so no cname. */
const chromiumCameraByRid = {
  ...chromiumCamera,
  encodings: ['r0', 'r1'].map((rid) => ({ rid, active: true, maxBitrate: 150_000, scalabilityMode: 'L1T2' })),
  rtcp: { cname: '', reducedSize: true },
};

/** Firefox names layers by RID and knows no SSRCs beforehand. */
const firefoxCamera = {
  ...chromiumCamera,
  codecs: [{ ...vp8, payloadType: 120, parameters: { 'max-fs': 12_288, 'max-fr': 60 } }],
  encodings: [{ rid: 'r0', maxBitrate: 150_000 }, { rid: 'r1' }],
};

/** A mutation anywhere in a structure: something else in the place of a part of it, or one thing more. */
const anything = fc.oneof(
  fc.anything({ maxDepth: 2 }),
  fc.constantFrom(
    'a\r\nBROKEN',
    1.5,
    -1,
    2 ** 40,
    1e20,
    Number.NaN,
    null,
    undefined,
    'x'.repeat(250_000),
    [],
  ),
);
function mutated(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value !== 'object' || value === null) return anything;
  if (Array.isArray(value)) {
    return fc.oneof(
      anything,
      anything.map((extra) => [...value, extra]),
      ...value.map((item, index) => mutated(item).map((other) => value.with(index, other))),
    );
  }
  return fc.oneof(
    anything,
    fc.tuple(fc.string(), anything).map(([key, extra]) => ({ ...value, [key]: extra })),
    ...Object.entries(value).map(([key, item]) => mutated(item).map((other) => ({ ...value, [key]: other }))),
  );
}

/** What is left of it; undefined: refused in the documented way. */
function accepted<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'BAD_REQUEST') return undefined;
    throw error;
  }
}

describe('media descriptions', () => {
  it.each([
    ['Chromium', chromiumCamera],
    ['Chromium with layers told apart by RID', chromiumCameraByRid],
    ['Firefox', firefoxCamera],
  ])('of %s pass with all that matters, and without the rest', (_, camera) => {
    const known = parsed(rtpParameters, camera);
    expect(known.encodings).toHaveLength(camera.encodings.length);
    expect(known.codecs.map(({ payloadType }) => payloadType)).toEqual(
      camera.codecs.map(({ payloadType }) => payloadType),
    );
    expect(known.codecs[0]?.parameters).toEqual(camera.codecs[0]?.parameters);
    expect(known.codecs[0]?.rtcpFeedback).toEqual(camera.codecs[0]?.rtcpFeedback);
    expect(JSON.stringify(known)).not.toMatch(/msid|active|scaleResolution|priority/);
    expect(kindOfStream(known)).toBe('video');
  });

  it('leave out what a newer browser offers besides, and keep the router’s own', () => {
    const router = ortc.generateRouterRtpCapabilities(mediaCodecs);
    const more = (mimeType: string, preferredPayloadType: number) => ({
      kind: 'video',
      mimeType,
      preferredPayloadType,
      clockRate: 90_000,
    });
    const known = parsed(rtpCapabilities, {
      codecs: [
        more('video/H264', 103),
        more('video/AV1', 45),
        more('video/red', 46),
        more('video/ulpfec', 47),
        { ...more('audio/telephone-event', 110), kind: 'audio', clockRate: 8000 },
        ...router.codecs,
      ],
      headerExtensions: [
        { kind: 'video', uri: 'http://example.org/of-next-year', preferredId: 14 },
        ...router.headerExtensions,
      ],
    });
    expect(known.codecs?.map(({ mimeType }) => mimeType)).toEqual(['audio/opus', 'video/VP8', 'video/rtx']);
    expect(known.headerExtensions?.length).toBeGreaterThan(10);
    expect(JSON.stringify(known)).not.toMatch(/next-year|H264/);
  });

  it('go on in one spelling of the mime type', () => {
    const known = parsed(rtpParameters, { codecs: [{ ...vp8, mimeType: 'VIDEO/vp8' }] });
    expect(known.codecs[0]?.mimeType).toBe('video/VP8');
  });

  it.each<[string, unknown]>([
    ['a bitrate that is no whole number', { codecs: [vp8], encodings: [{ ssrc: 1, maxBitrate: 1.5 }] }],
    ['a bitrate that is no number', { codecs: [vp8], encodings: [{ ssrc: 1, maxBitrate: 'x' }] }],
    ['a bitrate without bounds', { codecs: [vp8], encodings: [{ ssrc: 1, maxBitrate: 1e15 }] }],
    ['an SSRC beyond 32 bits', { codecs: [vp8], encodings: [{ ssrc: 2 ** 32 }] }],
    ['five layers', { codecs: [vp8], encodings: [1, 2, 3, 4, 5].map((ssrc) => ({ ssrc })) }],
    ['sound and pictures at once', { codecs: [opus, vp8] }],
    ['only repairs', { codecs: [rtx] }],
    ['no codec that is known', { codecs: [{ ...vp8, mimeType: `video/${'a'.repeat(250_000)}` }] }],
    ['a line break in the mid', { mid: '1\r\na=x', codecs: [opus] }],
    ['a line break in the cname', { codecs: [opus], rtcp: { cname: 'a\r\nb' } }],
    ['a list longer than any browser’s', { codecs: Array.from({ length: 129 }, () => opus) }],
  ])('are refused with %s', (_, given) => {
    expect(() => parsed(rtpParameters, given)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });

  it('carry no text of the sender into other people’s SDP', () => {
    const parameters = { x: '1\r\nBROKEN', stereo: '1\r\nBROKEN', useinbandfec: 1, __proto__: { cbr: 1 } };
    const known = parsed(rtpParameters, { codecs: [{ ...opus, parameters }] });
    expect(known.codecs[0]?.parameters).toEqual({ useinbandfec: 1 });
  });

  it('are refused without a fingerprint that can be checked', () => {
    const value = Array.from({ length: 32 }, () => 'ab').join(':');
    const later = { algorithm: 'sha3-256', value };
    const known = { algorithm: 'sha-256', value };
    expect(parsed(dtlsParameters, { fingerprints: [later, known] }).fingerprints).toEqual([known]);
    for (const wrong of [[], [later], [{ ...known, value: 'ab' }], [{ ...known, value: `${value}\r\n` }]]) {
      expect(() => parsed(dtlsParameters, { fingerprints: wrong })).toThrow(HoldfastError);
    }
  });

  it('name no address with more than an address in it', () => {
    const candidate = {
      foundation: 'f',
      priority: 1,
      ip: '::1',
      address: '::1',
      protocol: 'udp',
      port: 1,
      type: 'host',
    };
    expect(parsed(iceCandidates, [candidate])).toEqual([candidate]);
    expect(() => parsed(iceCandidates, [{ ...candidate, address: '::1 a=x' }])).toThrow(HoldfastError);
  });

  it('that pass can be handed to mediasoup: it refuses them or writes them, and never breaks off in between', () => {
    const builder = new Builder(1024);
    const router = ortc.generateRouterRtpCapabilities(mediaCodecs);
    fc.assert(
      fc.property(
        fc.oneof(mutated(chromiumCamera), mutated({ codecs: [opus], encodings: [{ ssrc: 5 }] })),
        (given) => {
          const known = accepted(() => parsed(rtpParameters, given));
          if (!known) return;
          // It travels as JSON and is parsed again by whoever gets it.
          expect(parsed(rtpParameters, JSON.parse(JSON.stringify(known)))).toEqual(known);
          const copy = { ...structuredClone(known), rtcp: { cname: 'made-here' } };
          ortc.validateAndNormalizeRtpParameters(copy);
          try {
            ortc.getProducerRtpParametersMapping(copy, router);
          } catch {
            // Codecs that do not fit each other: refused before anything is written.
            return;
          }
          serializeRtpParameters(builder, copy);
          expect(builder.isNested).toBe(false);
          builder.clear();
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('of any shape are refused in the documented way or pass', () => {
    const router = ortc.generateRouterRtpCapabilities(mediaCodecs);
    fc.assert(
      fc.property(mutated(router), (given) => {
        const known = accepted(() => parsed(rtpCapabilities, given));
        if (known) ortc.validateAndNormalizeRtpCapabilities(structuredClone(known));
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(anything, (given) => {
        for (const schema of [rtpParameters, rtpCapabilities, dtlsParameters, iceCandidates]) {
          accepted(() => parsed(schema, given));
        }
      }),
    );
  });
});
