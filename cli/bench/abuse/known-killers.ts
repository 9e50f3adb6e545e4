import { known } from './known-values.ts';
import { opus, vp8 } from './media-samples.ts';
import type { Move } from './move.ts';

let requests = 0;
const call = (method: string, params: unknown): string => {
  requests += 1;
  return JSON.stringify({ jsonrpc: '2.0', id: `k${requests}`, method, params });
};

function publish(source: 'camera' | 'microphone', kind: 'audio' | 'video', rtpParameters: unknown): string {
  return call('producer.create', {
    legId: known.legId,
    transportId: known.transportId,
    source,
    kind,
    rtpParameters,
    paused: false,
  });
}

const camera = (codec: unknown, encodings: unknown = [{ ssrc: 1 }]) =>
  publish('camera', 'video', { codecs: [codec], encodings });
const microphone = (codec: unknown, more: object = {}) =>
  publish('microphone', 'audio', { codecs: [codec], encodings: [{ ssrc: 5 }], ...more });
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/**
 * Messages of which each has once taken down more than its sender, or is of their kind. They are sent as they are, not
 * made at random: what was mended must stay mended.
 */
export const knownKillers: readonly Move[] = [
  // Numbers that a library turns into a BigInt only after it has begun to write.
  ...[1.5, -1, 2 ** 53, 1e308, 'x', null, {}].map((maxBitrate) => ({
    kind: 'killer: bitrate',
    frames: [camera(vp8, [{ ssrc: 1, maxBitrate }])],
  })),
  ...[1.5, -1, 256, 'x'].map((payloadType) => ({
    kind: 'killer: payload type',
    frames: [camera({ ...vp8, payloadType })],
  })),
  // A regular expression that takes the square of this length.
  ...[2000, 30_000, 250_000].map((length) => ({
    kind: 'killer: long mime type',
    frames: [camera({ ...vp8, mimeType: `video/${'a'.repeat(length)}` })],
  })),
  // Five bytes here are 21 when they are written anew.
  ...[4000, 52_000].map((count) => ({
    kind: 'killer: growing numbers',
    frames: [camera(vp8).replace('"encodings"', `"x":[${many(count, () => '1e20').join()}],"encodings"`)],
  })),
  {
    kind: 'killer: large snapshot',
    frames: [
      camera({ ...vp8, parameters: Object.fromEntries(many(3000, (index) => [`k${index}`, 1e20])) }, [
        { ssrc: 31 },
      ]),
      microphone({ ...opus, parameters: Object.fromEntries(many(3000, (index) => [`k${index}`, 1e20])) }),
    ],
  },
  // Lines of SDP in other people's browsers.
  ...['1\r\nBROKEN', '1\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host'].flatMap((line) => [
    { kind: 'killer: lines of SDP', frames: [microphone({ ...opus, parameters: { x: line } })] },
    { kind: 'killer: lines of SDP', frames: [microphone({ ...opus, parameters: { [line]: 1 } })] },
    { kind: 'killer: lines of SDP', frames: [microphone(opus, { rtcp: { cname: line } })] },
    { kind: 'killer: lines of SDP', frames: [microphone(opus, { mid: line })] },
  ]),
  {
    kind: 'killer: kind of another codec',
    frames: [publish('microphone', 'audio', { codecs: [vp8], encodings: [{ ssrc: 7 }] })],
  },
  {
    kind: 'killer: codec of nobody',
    frames: [camera({ mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: 96 } })],
  },
  // Of each source there is one, also while it is being made.
  {
    kind: 'killer: many producers',
    frames: many(60, (index) => camera(vp8, [{ ssrc: 1000 + index }])),
  },
  {
    kind: 'killer: many encodings',
    frames: [
      camera(
        vp8,
        many(500, (index) => ({ ssrc: 2000 + index })),
      ),
    ],
  },
  {
    kind: 'killer: many codecs',
    frames: [
      call('leg.ready', {
        legId: known.legId,
        rtpCapabilities: { codecs: many(1000, () => vp8), headerExtensions: [] },
      }),
    ],
  },
  {
    kind: 'killer: key frames asked for',
    frames: many(80, (index) =>
      call(index % 2 === 0 ? 'consumer.pause' : 'consumer.resume', {
        legId: known.legId,
        consumerId: known.consumerId,
      }),
    ),
  },
  {
    kind: 'killer: mute and unmute',
    frames: many(80, (index) =>
      call(index % 2 === 0 ? 'producer.pause' : 'producer.resume', {
        legId: known.legId,
        producerId: known.producerId,
      }),
    ),
  },
  {
    kind: 'killer: new legs',
    frames: many(20, () => call('leg.renew', { legId: known.legId })),
  },
  {
    kind: 'killer: ICE restarts',
    frames: many(60, () =>
      call('transport.restartIce', { legId: known.legId, transportId: known.transportId }),
    ),
  },
  // Many in one message, each answered.
  {
    kind: 'killer: batch',
    frames: [`[${many(500, () => call('ping', {})).join()}]`],
  },
  { kind: 'killer: batch', frames: [`[${many(5000, () => '1').join()}]`] },
  // A refusal longer than a close reason may be, then going on as though it had been none.
  {
    kind: 'killer: refused join goes on',
    frames: [
      call('join', { protocol: 'x'.repeat(200), token: 'y'.repeat(5000) }),
      call('join', { protocol: 1, token: known.token }),
      call('leg.ready', { legId: known.legId, rtpCapabilities: { codecs: [opus], headerExtensions: [] } }),
      microphone(opus),
    ],
  },
  // Without a login: long answers, long logs.
  {
    kind: 'killer: long ids',
    frames: many(20, (index) =>
      JSON.stringify({ jsonrpc: '2.0', id: `${index}${'i'.repeat(30_000)}`, method: 'x' }),
    ),
  },
  {
    kind: 'killer: longest ids',
    frames: many(4, (index) =>
      JSON.stringify({ jsonrpc: '2.0', id: `${index}${'i'.repeat(250_000)}`, method: 'x' }),
    ),
  },
  { kind: 'killer: one byte each', frames: many(200, () => '!') },
  {
    kind: 'killer: answers to nothing',
    frames: many(100, (index) => JSON.stringify({ jsonrpc: '2.0', id: index, result: {} })),
  },
  {
    kind: 'killer: deep nesting',
    frames: ['['.repeat(15_000), `${'['.repeat(15_000)}${']'.repeat(15_000)}`],
  },
  {
    kind: 'killer: prototype',
    frames: ['{"jsonrpc":"2.0","id":1,"method":"__proto__","__proto__":{"x":1}}'],
  },
];
