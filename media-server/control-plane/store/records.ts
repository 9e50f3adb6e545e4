import { z } from 'zod';
import { drainReport } from '../../protocol/drain.ts';
import {
  heldMeeting,
  machineCapacity,
  machineKind,
  nodeLoad,
  relayFacts,
  share,
} from '../../protocol/registry.ts';
import { scalingJournal } from '../../protocol/scaling.ts';
import * as v from '../../protocol/values.ts';

/** The rows of the store. A store outside this process parses what it reads with these. */

const common = {
  nodeId: v.nodeId,
  epoch: v.epoch,
  /** The highest epoch that was ever given out for this meeting: each is given to one node only. */
  issuedEpoch: v.epoch,
  changedAtMs: v.timestampMs,
};

export const directoryEntry = z.discriminatedUnion('state', [
  /** Lives on `nodeId`. */
  z.object({ state: z.literal('home'), ...common }),
  /** Lives on `nodeId`, is being moved; newcomers join on `movingTo`. */
  z.object({
    state: z.literal('moving'),
    ...common,
    movingTo: z.object({ nodeId: v.nodeId, epoch: v.epoch }),
  }),
  /** Rebuilt from the target of a move alone; where it comes from has not been heard of yet. */
  z.object({ state: z.literal('arriving'), ...common }),
  /** Over. Kept for a while, so that nobody brings back an old epoch. */
  z.object({ state: z.literal('ended'), ...common }),
]);
export type DirectoryEntry = z.output<typeof directoryEntry>;

export const meetingRecord = z.object({
  meetingId: v.meetingId,
  createdAtMs: v.timestampMs,
  startsAtMs: v.timestampMs.nullable(),
  expectedParticipants: z.int().nullable(),
});
export type MeetingRecord = z.output<typeof meetingRecord>;

/** All of one meeting's; see `capacity/reservations.ts`. */
export const meetingReservations = z
  .array(
    z.object({
      meetingId: v.meetingId,
      nodeId: v.nodeId,
      purpose: z.enum(['expected', 'move']),
      shares: z.array(share).readonly(),
      madeAtMs: v.timestampMs,
      keptUntilMs: v.timestampMs,
      decays: z.boolean(),
    }),
  )
  .readonly();
export type MeetingReservations = z.output<typeof meetingReservations>;

const wish = {
  meetingId: v.meetingId,
  shares: z.array(share).readonly(),
  firstAtMs: v.timestampMs,
  lastAtMs: v.timestampMs,
};
/** Somebody who asked for room and has none; see `capacity/demand.ts`. */
export const wishRecord = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('refused'), ...wish }),
  z.object({ kind: z.literal('waiting'), ...wish }),
  z.object({ kind: z.literal('announced'), startsAtMs: v.timestampMs, ...wish }),
]);
export type WishRecord = z.output<typeof wishRecord>;

/** What the cloud's group of media nodes is, as the autoscaler saw it last. */
export const fleetRecord = z.object({ generation: z.string(), asOfMs: v.timestampMs });
export type FleetRecord = z.output<typeof fleetRecord>;

export const nodeRecord = z.object({
  nodeId: v.nodeId,
  rpcUrl: v.nodeAddress.shape.rpcUrl,
  generation: z.string(),
  version: z.string(),
  startedAtMs: v.timestampMs,
  ...machineKind.shape,
  turnUrls: v.turnUrls.optional(),
  lastHeartbeatAtMs: v.timestampMs,
  capacity: machineCapacity,
  drain: drainReport,
  load: nodeLoad,
  meetings: z.array(heldMeeting),
  relay: relayFacts.optional(),
});
export type NodeRecord = z.output<typeof nodeRecord>;

export const endedSession = z.object({ reason: z.string(), endedAtMs: v.timestampMs });
export type EndedSession = z.output<typeof endedSession>;

/** A participant's token that has let somebody in. */
export const usedToken = z.object({ usedAtMs: v.timestampMs });
export type UsedToken = z.output<typeof usedToken>;

/** The newest of a session's resume tokens that was shown. Older ones are void. */
export const resumeTurn = z.object({ usedTurn: z.int().min(1) });
export type ResumeTurn = z.output<typeof resumeTurn>;

/** Tokens made until then are void. */
export const revocation = z.object({ beforeMs: v.timestampMs });
export type Revocation = z.output<typeof revocation>;

/** The autoscaler that leads. */
export const leaderRecord = z.object({ holder: z.string(), fence: z.int() });
export type LeaderRecord = z.output<typeof leaderRecord>;

/** The highest fencing token that was given out, and what its holder is about to do. */
export const termRecord = z.object({ fence: z.int(), journal: scalingJournal.nullable() });
export type TermRecord = z.output<typeof termRecord>;
