import { z } from 'zod';
import { type Contract, notification, request } from './contract.ts';
import { drainOrderedBy, drainReport, drainWithinMs } from './drain.ts';
import * as v from './values.ts';
import { internalVersion } from './versions.ts';

/** Media node ↔ control plane: one WebSocket at `/internal/nodes`, dialled by the node, kept for its life. */

/** What a part of a meeting asks of the one worker it lives on. */
export const share = z.object({
  streams: z
    .number()
    .min(0)
    .meta({ description: 'Streams forwarded to somebody, now or as soon as all have what they came for.' }),
  egressBps: z.number().min(0),
});
const shares = z.array(share).max(64).meta({ description: 'One for each worker that it lives on.' });

export const machineCapacity = z.object({
  workers: z.int().min(0).meta({ description: 'mediasoup workers; a share lives on one of them.' }),
  workerStreams: z
    .number()
    .positive()
    .meta({ description: 'Streams that one worker forwards before it counts as full.' }),
  nodeStreams: z
    .number()
    .positive()
    .meta({ description: "Streams that Node's own thread serves, over all workers." }),
  networkBps: z.number().positive().meta({ description: 'What the machine may send, bits per second.' }),
});

export const workerLoad = z.object({
  index: z.int().min(0).meta({
    description: 'Names the worker for as long as the node lives; its successor after a crash has the same.',
  }),
  cpu: z
    .number()
    .nullable()
    .meta({ description: 'Cores used by the worker thread over the last second, 0..1; null: not known.' }),
  packetsPerSecond: z
    .number()
    .nullable()
    .meta({ description: 'RTP packets sent to participants; null: not known.' }),
  meetings: z.int(),
  consumers: z.int(),
  streams: z.number().min(0).meta({ description: "What its meetings' shares ask of it." }),
});
export const nodeLoad = z.object({
  workers: z.array(workerLoad),
  processCpu: z.number().nullable().meta({ description: 'Cores used by the Node process itself.' }),
  egressBps: z
    .number()
    .nullable()
    .meta({ description: 'RTP sent to participants, bits per second; null: not known.' }),
  rssBytes: z.number(),
  participants: z.int(),
  stress: z.number().nullable().meta({
    description:
      'How full the machine is: over its workers, or what they share (network, Node), whichever is more; 1 = nothing fits any more. null: not known, which is never taken for zero.',
  }),
});
export type NodeLoad = z.output<typeof nodeLoad>;

export const heldMeeting = z.object({
  meetingId: v.meetingId,
  epoch: v.epoch,
  role: z.enum(['home', 'incoming', 'outgoing']).meta({
    description: 'home: lives here. incoming: being moved here. outgoing: being moved away.',
  }),
  participants: z.int(),
  shares,
  workers: z.array(z.int().min(0)).max(64).meta({ description: 'The worker of each share, by index.' }),
});
export type HeldMeeting = z.output<typeof heldMeeting>;

export const moveState = z.enum(['moving', 'committed', 'given-up', 'elsewhere']).meta({
  description:
    'moving: not committed. committed: the target is the home. given-up: the asking node is the home, and this move can no longer be committed. elsewhere: another node is the home, or the meeting is over.',
});
export type MoveState = z.output<typeof moveState>;

const meetingAt = z.object({ meetingId: v.meetingId, epoch: v.epoch });

export const nodeVerdict = z.object({
  superseded: z.array(meetingAt).meta({
    description: 'Held by this node, and known to live elsewhere or to have been given up: let go of it.',
  }),
  adopt: z.array(meetingAt).meta({
    description: 'Incoming on this node, and its move is committed: it is the home now.',
  }),
});
export type NodeVerdict = z.output<typeof nodeVerdict>;

export const relayFacts = z
  .object({
    healthy: z
      .boolean()
      .meta({ description: 'false: an allocation could not be had, so nobody is sent there.' }),
    why: z.string().optional().meta({ description: 'Of one that is not healthy, for people.' }),
    allocations: z.int().min(0),
    users: z.int().min(0).meta({ description: 'Participants with an allocation here.' }),
    maxAllocations: z.int().positive(),
    toClientsBytes: z
      .number()
      .min(0)
      .meta({ description: 'Relayed to participants since the process began.' }),
    fromClientsBytes: z.number().min(0).meta({ description: 'Relayed from participants since then.' }),
  })
  .meta({ description: 'What a TURN server relays.' });
export type RelayFacts = z.output<typeof relayFacts>;

/** What a machine is, besides what it does and holds: found by itself at boot. */
export const machineKind = z.object({
  role: v.machineRole,
  machineType: z.string().min(1).meta({ description: 'As the cloud names it; `local` on nobody’s cloud.' }),
  zone: z.string().min(1).nullable().meta({ description: 'null: not known, or the cloud has none.' }),
  market: v.market,
  workers: z
    .int()
    .min(0)
    .meta({ description: 'mediasoup workers; a meeting lives on one of them. A TURN server has none.' }),
});
export type MachineKind = z.output<typeof machineKind>;

/** What both sides must hold for the same; the control plane's configuration says it. */
export const agreement = z.object({
  heartbeatMs: z.number().meta({ description: 'Between two heartbeats.' }),
  resumeMs: z.number().default(30_000).meta({
    description:
      'How long a participant without a WebSocket may come back: so long no leg ends because nobody speaks for it.',
  }),
});
export type Agreement = z.output<typeof agreement>;

/** Machine → control plane. */
export const registryContract = {
  'node.register': request(
    'Take this machine into the registry, whatever its role. Sent again after every reconnect, together with all it holds: the registry is rebuilt from it.',
    z.object({
      nodeId: v.nodeId,
      rpcUrl: v.nodeAddress.shape.rpcUrl,
      generation: z.string(),
      version: z.string(),
      startedAtMs: v.timestampMs,
      protocol: internalVersion,
      ...machineKind.shape,
      turnUrls: v.turnUrls.optional(),
      capacity: machineCapacity,
      drain: drainReport,
      load: nodeLoad,
      meetings: z.array(heldMeeting),
      relay: relayFacts.optional(),
    }),
    nodeVerdict.extend({ ...agreement.shape, protocol: internalVersion }),
  ),
  'node.heartbeat': request(
    'Once a second, and at once when something changes: state, load, meetings with epochs.',
    z.object({
      nodeId: v.nodeId,
      drain: drainReport,
      load: nodeLoad,
      meetings: z.array(heldMeeting),
      relay: relayFacts.optional(),
    }),
    nodeVerdict,
  ),
  'node.leaving': notification(
    'The process stops on purpose; it holds nothing any more.',
    z.object({ nodeId: v.nodeId }),
  ),
  'meeting.ended': request(
    'The last participant has left: the directory may forget the meeting (if it still has this epoch).',
    z.object({ meetingId: v.meetingId, epoch: v.epoch, nodeId: v.nodeId }),
    v.empty,
  ),
  'move.reserve': request(
    'A target with room for the whole meeting at once. NO_CAPACITY when there is none: ask again.',
    z.object({
      meetingId: v.meetingId,
      epoch: v.epoch,
      nodeId: v.nodeId,
      shares,
      exclude: z.array(v.nodeId),
    }),
    z.object({ target: v.nodeAddress, epoch: v.epoch.meta({ description: 'The epoch after the move.' }) }),
  ),
  'move.commit': request(
    'Compare and set: the meeting moves from this node and epoch to the target (idempotent). EPOCH_STALE when somebody else moved it, TARGET_LOST when nothing was written because the target is not there.',
    z.object({ meetingId: v.meetingId, epoch: v.epoch, nodeId: v.nodeId, target: v.nodeId }),
    v.empty,
  ),
  'move.status': request(
    'What became of a move whose answer was lost. Changes nothing. Without `target`: of whichever move of this meeting is under way.',
    z.object({ meetingId: v.meetingId, epoch: v.epoch, nodeId: v.nodeId, target: v.nodeId.optional() }),
    z.object({
      state: moveState,
      place: v.nodeAddress.extend({ epoch: v.epoch }).optional().meta({
        description: 'moving: where to; committed, elsewhere: the home, if its node is known.',
      }),
    }),
  ),
  'move.abort': request(
    'The move was given up; the reservation is free again (idempotent).',
    z.object({ meetingId: v.meetingId, epoch: v.epoch, nodeId: v.nodeId, target: v.nodeId }),
    v.empty,
  ),
} as const satisfies Contract;

/** Control plane → machine, on the same connection. */
export const registryClientContract = {
  'node.drain': request(
    'Take no new meetings and move those you have (idempotent).',
    z.object({ by: drainOrderedBy, reason: z.string(), withinMs: drainWithinMs.optional() }),
    drainReport,
  ),
  'node.cancelDrain': request(
    'Take back what the same one ordered (idempotent); the node takes meetings again when nobody else wants it empty. DRAIN_RELEASED after the release.',
    z.object({ by: drainOrderedBy }),
    drainReport,
  ),
  'relay.end': request(
    'To a TURN server: this participant was put out. End what it has there, and whatever it begins there with credentials that it has already (idempotent).',
    z.object({
      user: v.relayUser,
      untilMs: v.timestampMs.meta({
        description: 'When the last of those credentials ends; later ones are good again.',
      }),
    }),
    z.object({ ended: z.int().meta({ description: 'Allocations that were ended.' }) }),
  ),
} as const satisfies Contract;
