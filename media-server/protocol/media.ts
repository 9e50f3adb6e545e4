import type {
  DtlsParameters,
  IceCandidate,
  IceParameters,
  RtpCapabilities,
  RtpParameters,
} from 'mediasoup-client/types';
import { z } from 'zod';

/**
 * The media descriptions that browsers and nodes send each other, as schemas of our own. What a browser says reaches the
 * memory of a mediasoup worker and the SDP of everybody else in the meeting, so nothing is passed on that was not parsed
 * here: only the router's codecs, only extensions, parameters and feedback that are known, numbers in their ranges, short
 * lists. Browsers offer more with each version (codecs, extensions); that is left out and not refused.
 */

export const mediaKind = z.enum(['audio', 'video']);
export type MediaKind = z.output<typeof mediaKind>;

/** The codecs that every router has, and what repeats lost packets. */
const mimeTypes = {
  'audio/opus': 'audio',
  'video/VP8': 'video',
  'video/rtx': 'video',
} as const satisfies Record<string, MediaKind>;
type MimeType = keyof typeof mimeTypes;
const mimeTypeNames = z.enum(['audio/opus', 'video/VP8', 'video/rtx']);
const RTX: MimeType = 'video/rtx';

const headerExtensionUri = z.enum([
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
  'urn:3gpp:video-orientation',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
  'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
  'urn:mediasoup:params:rtp-hdrext:packet-id',
]);

const codecParameterNames = [
  'apt',
  'cbr',
  'max-fr',
  'max-fs',
  'maxaveragebitrate',
  'maxplaybackrate',
  'maxptime',
  'minptime',
  'ptime',
  'rtx-time',
  'sprop-maxcapturerate',
  'sprop-stereo',
  'stereo',
  'usedtx',
  'useinbandfec',
  'x-google-max-bitrate',
  'x-google-min-bitrate',
  'x-google-start-bitrate',
] as const;

/** Type and parameter of RTCP feedback, as in SDP. */
const feedbackNames = ['nack', 'nack pli', 'ccm fir', 'goog-remb', 'transport-cc'];

/** Longest list that is looked through for what is known; a browser's longest has about 60 entries. */
const MOST_OFFERED = 128;
const MOST_CODECS = 8;
const MOST_ENCODINGS = 4;
const MOST_EXTENSIONS = 16;
const MOST_BITRATE_BPS = 20_000_000;

/** Printable ASCII without blanks: it may stand in a line of SDP. */
const word = (max = 100) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII');
const uint32 = z.int().min(0).max(0xffff_ffff);
const int31 = z.int().min(0).max(0x7fff_ffff);
const payloadType = z.int().min(0).max(127);
const extensionId = z.int().min(1).max(255);
const clockRate = z.int().min(8000).max(192_000);
const channels = z.int().min(1).max(2);

/** An id that a node or mediasoup gave to a transport, producer or consumer. */
export const mediaId = word();

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object of which only these fields are read. A field that is there but undefined is taken as absent. */
const object = <S extends z.core.$ZodLooseShape>(shape: S) =>
  z.preprocess(
    (value) =>
      isRecord(value)
        ? Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined))
        : value,
    z.object(shape),
  );

/** A list in which what is not known is left out before the rest is parsed. */
const knownOf = <T extends z.ZodType>(item: T, max: number, isKnown: (value: unknown) => boolean) =>
  z
    .array(z.unknown())
    .max(MOST_OFFERED)
    .transform((items) => items.filter(isKnown))
    .pipe(z.array(item).max(max));

/** Mime types are compared without regard to case (RFC 4288), and go on in one spelling. */
const spelling = new Map<string, string>(mimeTypeNames.options.map((name) => [name.toLowerCase(), name]));
const spelled = (value: unknown) =>
  typeof value === 'string' && value.length <= 20 ? (spelling.get(value.toLowerCase()) ?? value) : value;
const mimeType = z.preprocess(spelled, mimeTypeNames);
const hasKnownMimeType = (value: unknown) => isRecord(value) && mimeType.safeParse(value.mimeType).success;
const hasKnownUri = (value: unknown) => isRecord(value) && headerExtensionUri.safeParse(value.uri).success;

/** Hints to the codec. One that is unknown, or no whole number, is left out. */
const codecParameters = z.custom<Record<string, unknown>>(isRecord).transform((given) => {
  const known: Record<string, number> = {};
  for (const name of codecParameterNames) {
    const value = given[name];
    if (Object.hasOwn(given, name) && int31.safeParse(value).success) known[name] = Number(value);
  }
  return known;
});

const feedbackName = (value: unknown) =>
  isRecord(value) ? `${value.type} ${value.parameter ?? ''}`.trimEnd() : '';
const rtcpFeedback = knownOf(
  object({ type: word(20), parameter: z.string().max(20).exactOptional() }),
  MOST_CODECS,
  (value) => feedbackNames.includes(feedbackName(value)),
);

const rtpCodec = object({
  mimeType,
  payloadType,
  clockRate,
  channels: channels.exactOptional(),
  parameters: codecParameters.exactOptional(),
  rtcpFeedback: rtcpFeedback.exactOptional(),
});

const rtpEncoding = object({
  ssrc: uint32.exactOptional(),
  rid: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,16}$/)
    .exactOptional(),
  codecPayloadType: payloadType.exactOptional(),
  rtx: object({ ssrc: uint32 }).exactOptional(),
  dtx: z.boolean().exactOptional(),
  scalabilityMode: z
    .string()
    .regex(/^[LS][1-4]T[1-4](h|_KEY|_KEY_SHIFT)?$/)
    .exactOptional(),
  maxBitrate: z.int().min(0).max(MOST_BITRATE_BPS).exactOptional(),
});

/** A browser whose layers are told apart by RID says an empty one. The node makes its own for everybody else. */
const cname = z.union([z.literal(''), word()]);

/** The kind of all these codecs; undefined: there is none, there are two, or only repairs. */
function kindOfCodecs(codecs: readonly { readonly mimeType: MimeType }[]): MediaKind | undefined {
  const kinds = new Set(codecs.map((codec) => mimeTypes[codec.mimeType]));
  const [kind] = kinds;
  return kinds.size === 1 && codecs[0]?.mimeType !== RTX ? kind : undefined;
}

/** Names a type of mediasoup's for readers of PROTOCOL.md, and for whoever sends one. */
const named = <T>(title: string, schema: z.ZodType<T>) =>
  z
    .custom<T>((value) => typeof value === 'object' && value !== null, `must be ${title}`)
    .transform((value): unknown => value)
    .pipe(schema)
    .meta({ title, description: `${title}, as far as this program knows it` });

export const rtpParameters = named<RtpParameters>(
  'RtpParameters',
  object({
    mid: word(32).exactOptional(),
    codecs: knownOf(rtpCodec, MOST_CODECS, hasKnownMimeType).refine(
      (codecs) => kindOfCodecs(codecs) !== undefined,
      'must be codecs of one kind that this program knows, first of them not rtx',
    ),
    headerExtensions: knownOf(
      object({ uri: headerExtensionUri, id: extensionId, encrypt: z.boolean().exactOptional() }),
      MOST_EXTENSIONS,
      hasKnownUri,
    ).exactOptional(),
    encodings: z.array(rtpEncoding).max(MOST_ENCODINGS).exactOptional(),
    rtcp: object({
      cname: cname.exactOptional(),
      reducedSize: z.boolean().exactOptional(),
      mux: z.boolean().exactOptional(),
    }).exactOptional(),
  }),
);

/** The kind of a stream by its codecs. */
export function kindOfStream({
  codecs,
}: {
  readonly codecs: readonly { readonly mimeType: string }[];
}): MediaKind | undefined {
  const known = codecs.flatMap((codec) => {
    const name = mimeType.safeParse(codec.mimeType);
    return name.success ? [{ mimeType: name.data }] : [];
  });
  return kindOfCodecs(known);
}

export const rtpCapabilities = named<RtpCapabilities>(
  'RtpCapabilities',
  object({
    codecs: knownOf(
      object({
        kind: mediaKind,
        mimeType,
        preferredPayloadType: payloadType,
        clockRate,
        channels: channels.exactOptional(),
        parameters: codecParameters.exactOptional(),
        rtcpFeedback: rtcpFeedback.exactOptional(),
      }).refine((codec) => mimeTypes[codec.mimeType] === codec.kind, 'must be of its codec’s kind'),
      MOST_CODECS,
      hasKnownMimeType,
    ).exactOptional(),
    headerExtensions: knownOf(
      object({
        kind: mediaKind,
        uri: headerExtensionUri,
        preferredId: extensionId,
        preferredEncrypt: z.boolean().exactOptional(),
        direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).exactOptional(),
      }),
      // Each stands once for sound and once for pictures.
      2 * MOST_EXTENSIONS,
      hasKnownUri,
    ).exactOptional(),
  }),
);

/** Bytes of each hash. */
const fingerprintBytes = { 'sha-1': 20, 'sha-224': 28, 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 } as const;
const fingerprintAlgorithm = z.enum(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512']);

export const dtlsParameters = named<DtlsParameters>(
  'DtlsParameters',
  object({
    role: z.enum(['auto', 'client', 'server']).exactOptional(),
    fingerprints: knownOf(
      object({
        algorithm: fingerprintAlgorithm,
        value: z
          .string()
          .max(200)
          .regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})*$/, 'must be bytes in hex'),
      }).refine(
        ({ algorithm, value }) => (value.length + 1) / 3 === fingerprintBytes[algorithm],
        'must have the length of its hash',
      ),
      8,
      (value) => isRecord(value) && fingerprintAlgorithm.safeParse(value.algorithm).success,
    ).refine((fingerprints) => fingerprints.length > 0, 'must have one whose algorithm is known'),
  }),
);

export const iceParameters = named<IceParameters>(
  'IceParameters',
  object({
    usernameFragment: word(),
    password: word(),
    iceLite: z.boolean().exactOptional(),
  }),
);

export const iceCandidates = named<IceCandidate[]>(
  'IceCandidate[]',
  z
    .array(
      object({
        foundation: word(32),
        priority: uint32,
        ip: word(),
        address: word(),
        protocol: z.enum(['udp', 'tcp']),
        port: z.int().min(0).max(65_535),
        type: z.enum(['host', 'srflx', 'prflx', 'relay']),
        tcpType: z.enum(['active', 'passive', 'so']).exactOptional(),
      }),
    )
    .max(16),
);
