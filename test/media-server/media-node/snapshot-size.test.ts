import { largestMeeting } from '@holdfast/media-server/media-node/limits.ts';
import { MOST_CONSUMERS } from '@holdfast/media-server/media-node/reception.ts';
import { MAX_INTERNAL_MESSAGE_BYTES } from '@holdfast/media-server/process/rpc-socket.ts';
import { type LegSnapshot, legSnapshot } from '@holdfast/media-server/protocol/index.ts';
import { expect, it } from 'vitest';

const id = (name: string, length: number) => name.padEnd(length, 'x');
/** Each character takes six bytes of JSON. */
const displayName = '界'.repeat(78);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Everything in it is as long as the schemas allow. */
function largestSnapshot(): LegSnapshot {
  const participants = upTo(largestMeeting.participants).map((index) => ({
    participantId: id(`p${index}`, 64),
    displayName: `a${displayName}b`,
  }));
  const parameters = Object.fromEntries(
    [
      ...['apt', 'cbr', 'max-fr', 'max-fs', 'maxaveragebitrate', 'maxplaybackrate', 'maxptime', 'minptime'],
      ...['ptime', 'rtx-time', 'sprop-maxcapturerate', 'sprop-stereo', 'stereo', 'usedtx', 'useinbandfec'],
      ...['x-google-max-bitrate', 'x-google-min-bitrate', 'x-google-start-bitrate'],
    ].map((name) => [name, 0x7fff_ffff]),
  );
  const rtpParameters = {
    mid: id('1', 32),
    codecs: upTo(8).map((index) => ({
      mimeType: 'video/VP8',
      payloadType: 100 + index,
      clockRate: 192_000,
      channels: 2,
      parameters,
      rtcpFeedback: upTo(8).map(() => ({ type: 'transport-cc', parameter: '' })),
    })),
    headerExtensions: upTo(16).map(() => ({
      uri: 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension' as const,
      id: 255,
      encrypt: false,
    })),
    encodings: upTo(4).map(() => ({
      ssrc: 0xffff_ffff,
      rid: id('r', 16),
      codecPayloadType: 127,
      rtx: { ssrc: 0xffff_ffff },
      dtx: false,
      scalabilityMode: 'L4T4_KEY_SHIFT',
      maxBitrate: 20_000_000,
    })),
    rtcp: { cname: id('c', 100), reducedSize: false, mux: false },
  };
  return {
    legId: id('l', 160),
    nodeId: id('n', 64),
    epoch: Number.MAX_SAFE_INTEGER,
    participants,
    producers: upTo(largestMeeting.sources).map(() => ({
      producerId: id('p', 100),
      source: 'screen-audio',
      paused: false,
    })),
    consumers: upTo(MOST_CONSUMERS).map((index) => ({
      legId: id('l', 160),
      consumerId: id(`c${index}`, 100),
      producerId: id(`p${index}`, 100),
      participantId: id('p', 64),
      source: 'screen-audio',
      kind: 'video',
      rtpParameters,
      producerPaused: false,
    })),
  };
}

it('what a node has of a leg in the largest meeting fits into one message, at its very longest', () => {
  const snapshot = largestSnapshot();
  expect(legSnapshot.parse(JSON.parse(JSON.stringify(snapshot)))).toEqual(snapshot);
  const bytes = Buffer.byteLength(JSON.stringify({ jsonrpc: '2.0', id: 1, result: snapshot }));
  expect(bytes).toBeLessThan(MAX_INTERNAL_MESSAGE_BYTES);
});

it('a meeting may be as large as its pictures fill the core of a worker', () => {
  expect(largestMeeting.participants).toBe(24);
});
