import { z } from 'zod';
import { type Contract, notification, request } from './contract.ts';
import * as m from './media.ts';
import { legEvents, legReason, legRequests, legSnapshot, nodeReports } from './signalling.ts';
import * as v from './values.ts';
import { internalVersion } from './versions.ts';

/** Gateway → media node, and media node → media node: one WebSocket at `/rpc`, dialled by the gateway or the source node. */

export const legOpenResult = z.object({
  routerRtpCapabilities: m.rtpCapabilities,
  sendTransport: v.transport,
  recvTransport: v.transport,
  participants: z.array(v.participant),
});

const meetingRef = z.object({ meetingId: v.meetingId, epoch: v.epoch });

export const nodeContract = {
  'link.hello': request(
    'Who is calling. The first request on a connection.',
    z.object({ peerId: v.nodeId, role: z.enum(['gateway', 'node']), protocol: internalVersion }),
    z.object({ nodeId: v.nodeId, protocol: internalVersion }),
  ),
  'meeting.prepare': request(
    'A meeting is about to move here: create it (idempotent). From now on newcomers join here.',
    meetingRef.extend({
      participants: z.int().min(0).optional().meta({
        description: 'How many people it is going to bring: newcomers leave room for them.',
      }),
    }),
    v.empty,
  ),
  'meeting.abandon': request(
    'The move was given up: close what was prepared (idempotent).',
    meetingRef,
    v.empty,
  ),
  'meeting.adopt': request(
    'The move is committed: this node is the home now (idempotent).',
    meetingRef,
    v.empty,
  ),
  'leg.open': request(
    'Open a leg for a participant; the meeting is created if it is not there. Refused with EPOCH_STALE for an older epoch than the one the node has.',
    z.object({
      legId: v.legId,
      meetingId: v.meetingId,
      epoch: v.epoch,
      participant: v.participant,
      incoming: z.boolean().meta({
        description:
          'The epoch is one that the meeting is being moved to: the target makes it, if it must, as `incoming`, which is not yet the home.',
      }),
      reason: legReason.meta({
        description:
          'Only who comes with `join` can be refused with MEETING_FULL; the others are in the meeting already.',
      }),
      initialOutgoingBitrateBps: v.bitrateBps.optional().meta({
        description: 'Start of the bandwidth estimate: what the old leg had.',
      }),
    }),
    legOpenResult,
  ),
  'leg.attach': request(
    'This connection now speaks for the leg (after a lost connection or a new gateway).',
    z.object({ legId: v.legId, meetingId: v.meetingId, participantId: v.participantId }),
    legSnapshot,
  ),
  'leg.close': request(
    'The participant left, or the leg is no longer needed (idempotent).',
    z.object({ legId: v.legId }),
    v.empty,
  ),
  'handover.progress': notification(
    'A participant of a meeting that this node is handing over has published or switched on the new leg, or has one and is now away.',
    meetingRef.extend({
      participantId: v.participantId,
      event: z.discriminatedUnion('type', [
        z.object({ type: z.literal('published') }),
        z.object({ type: z.literal('switched'), from: v.participantId, source: v.mediaSource }),
        z.object({ type: z.literal('away') }),
      ]),
    }),
  ),
  ...legRequests,
  ...nodeReports,
} as const satisfies Contract;

/** Media node → gateway, on the same connection. */
export const nodeClientContract = {
  ...legEvents,
  'handover.open': request(
    'Open a second leg on the target for these participants and tell their clients. `epoch` is the new one.',
    meetingRef.extend({
      target: v.nodeAddress,
      participants: z.array(
        z.object({
          participantId: v.participantId,
          publishDelayMs: z.number().min(0),
          initialOutgoingBitrateBps: v.bitrateBps.optional(),
        }),
      ),
    }),
    z.object({
      opened: z.array(v.participantId),
      failed: z.array(z.object({ participantId: v.participantId, code: z.string() })),
    }),
  ),
  'handover.commit': request(
    'The directory has moved: tell the clients to close their legs on this node; send those without a leg on the target through recovery.',
    meetingRef.extend({ target: v.nodeAddress }),
    v.empty,
  ),
  'handover.abort': request(
    'The move was given up: close the legs on the target again; this node keeps the meeting.',
    meetingRef.extend({ target: v.nodeAddress }),
    v.empty,
  ),
  'leg.lost': notification(
    'A transport of this leg broke on the node; the meeting lives. The participant needs a new leg.',
    z.object({ legId: v.legId }),
  ),
  'meeting.lost': notification(
    'The worker process that carried this meeting died; the node lives. Recover the meeting.',
    meetingRef,
  ),
} as const satisfies Contract;
