import { z } from 'zod';
import { type Contract, notification, request } from './contract.ts';
import * as m from './media.ts';
import * as v from './values.ts';

/** Browser ↔ gateway, over one WebSocket at `/v1/signal`; the first message is `join` or `resume`, within 5 s. */
export const PROTOCOL_VERSION = 1;

export const legReason = z.enum(['join', 'handover', 'recovery']).meta({
  description:
    'Why the leg is opened: first leg; make-before-break to another node (switch when the new picture is steady); the old leg is dead (switch at the first frame).',
});
export type LegReason = z.output<typeof legReason>;

const legRef = z.object({ legId: v.legId });

export const legOpen = z.object({
  legId: v.legId,
  nodeId: v.nodeId,
  epoch: v.epoch,
  reason: legReason,
  publishDelayMs: z.number().min(0).meta({
    description:
      "This participant's place in the publishing order: how long to wait before publishing. Receiving does not wait.",
  }),
  routerRtpCapabilities: m.rtpCapabilities,
  sendTransport: v.transport,
  recvTransport: v.transport,
  iceServers: z.array(v.iceServer),
  participants: z
    .array(v.participant)
    .meta({ description: 'Who is already there on this node, without the receiver.' }),
});
export type LegOpen = z.output<typeof legOpen>;

export const consumerNew = z.object({
  legId: v.legId,
  consumerId: m.mediaId,
  producerId: m.mediaId,
  participantId: v.participantId,
  source: v.mediaSource,
  kind: m.mediaKind,
  rtpParameters: m.rtpParameters,
  producerPaused: z.boolean().meta({ description: 'The sender has muted this source.' }),
});
export type ConsumerNew = z.output<typeof consumerNew>;

/** What a node still has of a leg; the client brings itself in line with it after a lost connection. */
export const legSnapshot = z.object({
  legId: v.legId,
  nodeId: v.nodeId,
  epoch: v.epoch,
  participants: z.array(v.participant),
  producers: z.array(z.object({ producerId: m.mediaId, source: v.mediaSource, paused: z.boolean() })),
  consumers: z.array(consumerNew),
});
export type LegSnapshot = z.output<typeof legSnapshot>;

/** Requests about a leg: the gateway passes them unchanged to the leg's media node. */
export const legRequests = {
  'leg.ready': request(
    'The client has loaded its device: consumers may be made for it.',
    legRef.extend({ rtpCapabilities: m.rtpCapabilities }),
    v.empty,
  ),
  'transport.connect': request(
    "Finish a transport with the client's DTLS parameters.",
    legRef.extend({ transportId: m.mediaId, dtlsParameters: m.dtlsParameters }),
    v.empty,
  ),
  'transport.restartIce': request(
    'New ICE credentials for a transport, after a change of network or of TURN server.',
    legRef.extend({ transportId: m.mediaId }),
    z.object({
      iceParameters: m.iceParameters,
      iceServers: z
        .array(v.iceServer)
        .optional()
        .meta({ description: 'Added by the gateway: to be taken before ICE is restarted.' }),
    }),
  ),
  'producer.create': request(
    'Publish a track on this leg.',
    legRef.extend({
      transportId: m.mediaId,
      source: v.mediaSource,
      kind: m.mediaKind,
      rtpParameters: m.rtpParameters,
      paused: z.boolean(),
    }),
    z.object({ producerId: m.mediaId }),
  ),
  'producer.pause': request('Mute.', legRef.extend({ producerId: m.mediaId }), v.empty),
  'producer.resume': request('Unmute.', legRef.extend({ producerId: m.mediaId }), v.empty),
  'producer.close': request('Stop publishing.', legRef.extend({ producerId: m.mediaId }), v.empty),
  'consumer.ready': request(
    'The client has made its consumer: the node lets media flow.',
    legRef.extend({ consumerId: m.mediaId }),
    v.empty,
  ),
  'consumer.pause': request(
    'Stop sending this stream for now.',
    legRef.extend({ consumerId: m.mediaId }),
    v.empty,
  ),
  'consumer.resume': request('Send it again.', legRef.extend({ consumerId: m.mediaId }), v.empty),
  'consumer.setPreferredLayers': request(
    'The highest simulcast layer wanted; the node sends less when the path carries less.',
    legRef.extend({
      consumerId: m.mediaId,
      spatialLayer: z.int().min(0).max(3),
      temporalLayer: z.int().min(0).max(3).optional(),
    }),
    v.empty,
  ),
} as const satisfies Contract;

/** What a client says about its legs without waiting for an answer, for the gateway itself. */
export const legReports = {
  'leg.published': notification('All of the participant’s own tracks are published on this leg.', legRef),
  'leg.switched': notification(
    "The participant now sees or hears this sender's source from this leg.",
    legRef.extend({ participantId: v.participantId, source: v.mediaSource }),
  ),
  'leg.path': notification(
    'By which path this leg’s media goes, and whether its participant notices that it is bad. Sent when that changes.',
    legRef.extend({ path: v.mediaPath, poor: z.boolean() }),
  ),
} as const satisfies Contract;

/** What a client says about its legs without waiting for an answer, passed on to the leg's media node. */
export const nodeReports = {
  'consumer.stalled': notification(
    'No frame for too long though frames should come: send the layer that is surely alive.',
    legRef.extend({ consumerId: m.mediaId }),
  ),
} as const satisfies Contract;

/** What a gateway understands from browsers. */
export const gatewayContract = {
  join: request(
    'Enter the meeting the token is for. `leg.open` follows.',
    z.object({ protocol: z.int(), token: z.string().max(4096) }),
    z.object({
      meetingId: v.meetingId,
      participantId: v.participantId,
      displayName: v.displayName,
      resumeToken: z.string().meta({
        description: 'Proves on any replica that this participant was here. Keep it in memory only.',
      }),
      resumeWithinMs: z.number(),
    }),
  ),
  resume: request(
    'Take up the session again after a lost connection. The answer says which legs live on; `leg.open` follows if a new one is needed.',
    z.object({
      protocol: z.int(),
      resumeToken: z.string().max(4096),
      legs: z.array(z.object({ legId: v.legId, nodeId: v.nodeId, epoch: v.epoch })).max(8),
    }),
    z.object({
      meetingId: v.meetingId,
      participantId: v.participantId,
      resumeToken: z.string(),
      legs: z.array(legSnapshot),
    }),
  ),
  leave: request('Leave the meeting for good.', v.empty, v.empty),
  ping: request(
    'Is this connection alive in both directions? A browser cannot send WebSocket pings. Answered at once, also before `join`.',
    v.empty,
    v.empty,
  ),
  'leg.renew': request(
    'This leg carries nothing any more although ICE was restarted, or its receiving side is broken: close it and open another one where the meeting lives (`leg.open` follows).',
    legRef,
    v.empty,
  ),
  ...legRequests,
  ...legReports,
  ...nodeReports,
} as const satisfies Contract;

/** What nodes tell the clients of a leg; the gateway passes it on unchanged. */
export const legEvents = {
  'consumer.new': notification(
    'A stream is there to be received. Answer with `consumer.ready`.',
    consumerNew,
  ),
  'consumer.closed': notification('The stream has ended.', legRef.extend({ consumerId: m.mediaId })),
  'consumer.paused': notification('Its sender has muted.', legRef.extend({ consumerId: m.mediaId })),
  'consumer.resumed': notification('Its sender has unmuted.', legRef.extend({ consumerId: m.mediaId })),
  'participant.joined': notification(
    'Somebody is there on this leg’s node.',
    legRef.extend({ participant: v.participant }),
  ),
  'participant.left': notification('Somebody has left.', legRef.extend({ participantId: v.participantId })),
} as const satisfies Contract;
export type LegEventName = keyof typeof legEvents;

/** Codes with which a gateway closes a participant's WebSocket. */
export const closeCode = {
  /** Neither `join` nor `resume` came in time. */
  notEntered: 4401,
  /** This session went on over another WebSocket; nothing to do on this one. */
  superseded: 4408,
  /** The same participant has joined anew elsewhere: this session is over, do not resume it. */
  replaced: 4409,
  /** The session is over: join again with a fresh token. */
  ended: 4410,
  /** The application or an operator has removed this participant: the session is over, do not come back unasked. */
  removed: 4411,
  /** This connection sent far too much, or too many on it were waiting to enter. Come back later, on a new one. */
  tooMany: 4429,
  /** Resume now: this gateway stops, or it lost touch with a node and must learn what the client has. */
  resume: 4503,
} as const;

/** What a browser understands from its gateway. */
export const clientContract = {
  'leg.open': notification('Open a leg on this node, beside the ones there are.', legOpen),
  'leg.close': notification(
    'Close this leg. Only now: until then its send transport feeds those who have not switched yet.',
    legRef.extend({ reason: z.enum(['moved', 'lost', 'aborted', 'left']) }),
  ),
  'leg.iceServers': notification(
    'From now on these servers and credentials, for this leg. Restart ICE when it is relayed by one that is not named any more: that one is about to go.',
    legRef.extend({ iceServers: z.array(v.iceServer) }),
  ),
  ...legEvents,
  'gateway.closing': notification(
    'This gateway stops. Open a second connection and resume there; this one closes afterwards.',
    z.object({
      withinMs: z.number().min(0).meta({ description: 'Then this connection closes.' }),
      spreadMs: z.number().min(0).optional().meta({
        description: 'Come back at a random moment within this time: so many others will come too.',
      }),
    }),
  ),
} as const satisfies Contract;
