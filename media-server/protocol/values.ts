import { z } from 'zod';
import { dtlsParameters, iceCandidates, iceParameters, type MediaKind, mediaId } from './media.ts';

/** Values that many messages carry. */

const name = (what: string) =>
  z
    .string()
    .min(1)
    .max(64)
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
      `${what} must be letters, digits, ".", "_" or "-", and start with a letter or digit`,
    );

export const meetingId = name('a meeting id').meta({
  description: 'The meeting, as the application names it.',
});
export const nodeId = name('a node id').meta({ description: 'The media node; on a cloud, the instance id.' });
export const machineRole = z.enum(['media', 'turn']).meta({
  description:
    'What a machine of ours does: carry meetings, or relay for those whose network allows nothing else.',
});
export type MachineRole = z.output<typeof machineRole>;
export const market = z.enum(['on-demand', 'spot']).meta({
  description: 'spot: cheaper, and the cloud may take it back at short notice.',
});
export type Market = z.output<typeof market>;
export const participantId = name('a participant id').meta({
  description: 'One person in one meeting, stable across reconnects and nodes.',
});
export const legId = z
  .string()
  .min(1)
  .max(160)
  .meta({ description: "One participant's transports on one media node." });
export const epoch = z.int().min(1).meta({
  description: 'Grows by one with each move of the meeting; nodes refuse operations of an older one.',
});
/**
 * What changes how a text around it is shown, or is not shown at all: control characters, line separators, marks of the
 * direction of writing, zero-width blanks. Joiners stay: some scripts and emoji need them.
 */
const invisible = /[\p{Cc}\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff]/gu;

export const displayName = z
  .string()
  .max(1000)
  .normalize('NFC')
  .overwrite((name) => name.replace(invisible, ''))
  .trim()
  .regex(/[^\s\u200c\u200d]/u, 'must have a character that can be seen')
  .min(1)
  .max(80)
  .meta({ description: 'The name shown to others.' });
/** Milliseconds since 1970 (Unix time). */
export const timestampMs = z.number().min(0).meta({ description: 'Milliseconds since 1970-01-01 UTC.' });
export const bitrateBps = z.number().min(0).meta({ description: 'Bits per second.' });

export const mediaSource = z.enum(['microphone', 'camera', 'screen', 'screen-audio']);
export type MediaSource = z.output<typeof mediaSource>;
export const kindOfSource: Record<MediaSource, MediaKind> = {
  microphone: 'audio',
  camera: 'video',
  screen: 'video',
  'screen-audio': 'audio',
};

export const transport = z
  .object({
    id: mediaId,
    iceParameters,
    iceCandidates,
    dtlsParameters,
  })
  .meta({ description: 'What a browser needs to connect to one WebRTC transport of the node.' });
export type TransportParameters = z.output<typeof transport>;

export const relayUser = z
  .string()
  .min(1)
  .max(200)
  .meta({ description: 'MEETING/PARTICIPANT: who has an allocation, as its credentials say.' });
export const iceServer = z.object({
  urls: z.union([z.string().max(500), z.array(z.string().max(500)).max(8)]),
  username: z.string().max(500).optional(),
  credential: z.string().max(500).optional(),
});
export type IceServer = z.output<typeof iceServer>;
export const turnUrls = z
  .array(
    z
      .string()
      .max(500)
      .regex(/^turns?:/, 'must begin with turn: or turns:'),
  )
  .max(8)
  .meta({ description: 'How a TURN server is reached: one address for each way.' });

export const mediaPath = z.enum(['udp', 'tcp', 'turn-udp', 'turn-tcp', 'turn-tls']).meta({
  description:
    'How media gets to the node: straight to it over UDP or TCP, or through a TURN server that is reached over UDP, TCP or TLS.',
});
export type MediaPath = z.output<typeof mediaPath>;

export const participant = z.object({ participantId, displayName });
export type ParticipantInfo = z.output<typeof participant>;

export const nodeAddress = z.object({
  nodeId,
  rpcUrl: z.url().meta({ description: 'ws:// or wss:// address of the node on the private network.' }),
});
export type NodeAddress = z.output<typeof nodeAddress>;

export const empty = z.object({});
