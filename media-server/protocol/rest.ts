import { z } from 'zod';
import { drainReport, drainWithinMs } from './drain.ts';
import { heldMeeting, machineKind, nodeLoad, relayFacts } from './registry.ts';
import { decisionOutcome, machineDoing, scalingDecision, scalingFigures, scalingReport } from './scaling.ts';
import * as v from './values.ts';

/**
 * The REST API of the control plane. Operators send `Authorization: Bearer <operator token>`, applications
 * `Authorization: Bearer <API key>`. Errors: `{ error: { code, message, action, retryAfterMs? } }`.
 */
export const errorBody = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    action: z.string(),
    retryAfterMs: z.number().optional(),
  }),
});

/** `GET /v1/nodes` (operator) → `{ nodes }`: every machine that is registered, whatever its role. */
export const nodeView = z.object({
  nodeId: v.nodeId,
  generation: z.string(),
  version: z.string(),
  startedAtMs: v.timestampMs,
  ...machineKind.shape,
  lastHeartbeatAtMs: v.timestampMs,
  reachable: z
    .boolean()
    .meta({ description: 'false: heartbeats are missing; its meetings are being recovered.' }),
  drain: drainReport,
  load: nodeLoad,
  meetings: z.array(heldMeeting),
  turnUrls: v.turnUrls.optional().meta({ description: 'How a TURN server is reached.' }),
  relay: relayFacts.optional().meta({ description: "A TURN server's." }),
});
export type NodeView = z.output<typeof nodeView>;
export const nodeList = z.object({ nodes: z.array(nodeView) });

/** `GET /v1/meetings` (operator) → `{ meetings }` */
export const meetingView = z.object({
  meetingId: v.meetingId,
  nodeId: v.nodeId.nullable().meta({ description: 'null: nobody has joined yet.' }),
  epoch: v.epoch.nullable(),
  movingTo: v.nodeId.nullable(),
  participants: z.int(),
  paths: z.partialRecord(v.mediaPath, z.int()).meta({
    description: 'Participants by the path of their media, as far as they have said so to this replica.',
  }),
  poorPaths: z.int().meta({ description: 'Of them, those who notice that their path is bad.' }),
  createdAtMs: v.timestampMs,
  startsAtMs: v.timestampMs.nullable(),
  expectedParticipants: z.int().nullable(),
});
export type MeetingView = z.output<typeof meetingView>;
export const meetingList = z.object({ meetings: z.array(meetingView) });

/** `POST /v1/meetings` (application) → 201 `meetingView`; 200 when it is there already with the same values. */
export const createMeeting = z.object({
  meetingId: v.meetingId.optional().meta({ description: 'Made up when absent.' }),
  startsAtMs: v.timestampMs.optional(),
  expectedParticipants: z.int().min(1).max(10_000).optional(),
});

/** `POST /v1/meetings/{id}/tokens` (application) → 201 `tokenView` */
export const createToken = z.object({
  displayName: v.displayName,
  participantId: v.participantId
    .optional()
    .meta({ description: 'Made up when absent; give it to let somebody rejoin as the same participant.' }),
  ttlSeconds: z.int().min(10).max(86_400).default(3600),
});
export const tokenView = z.object({
  token: z.string(),
  meetingId: v.meetingId,
  participantId: v.participantId,
  expiresAtMs: v.timestampMs,
});

/** `POST /v1/join` (nobody in particular) → 201 `tokenView`. Only where the configuration has `openJoin`. */
export const openJoin = z.object({ meetingId: v.meetingId, displayName: v.displayName });

/** `GET /v1/page` (nobody in particular) → 200 `pageSettings`: what the pages must know before anybody is let in. */
export const pageSettings = z.object({
  autoJoin: z.boolean().meta({ description: 'A link with `?join=1` enters without the lobby.' }),
});

/** `POST /v1/nodes/{id}/drain` (operator) → 202 `nodeView`; `DELETE` → 200 `nodeView`. Both idempotent. */
export const drainNode = z.strictObject({
  reason: z.string().min(1).max(200).default('operator'),
  withinMs: drainWithinMs.optional(),
});

/** `GET /v1/decisions` (operator) → `decisionList`: what the autoscaler decided and why. */
export const decisionQuery = z.object({
  limit: z.coerce.number().int().min(1).max(300).default(100),
  samplesSinceMs: z.coerce
    .number()
    .min(0)
    .default(0)
    .meta({ description: 'Only samples that are newer than this.' }),
});

export const keptDecision = z.object({
  reportId: scalingReport.shape.reportId,
  holder: scalingReport.shape.holder,
  dryRun: z.boolean(),
  atMs: v.timestampMs,
  untilMs: v.timestampMs.meta({
    description: 'When it was last heard of: its outcome, or once more the same.',
  }),
  times: z.int().min(1).meta({ description: 'Holds that follow each other are one, with the last reason.' }),
  decision: scalingDecision,
  outcome: decisionOutcome,
  failure: scalingReport.shape.failure,
  figures: scalingFigures.nullable().meta({ description: 'What it was made from.' }),
});
export type KeptDecision = z.output<typeof keptDecision>;

export const scalingSample = scalingFigures
  .omit({ generation: true, machines: true, machinesLeftOut: true })
  .extend({ atMs: v.timestampMs });
export type ScalingSample = z.output<typeof scalingSample>;

export const machineTrack = z.object({
  nodeId: v.nodeId,
  steps: z
    .array(z.object({ atMs: v.timestampMs, doing: z.enum([...machineDoing.options, 'gone']) }))
    .meta({ description: 'What it did, from when on; the oldest first.' }),
});
export type MachineTrack = z.output<typeof machineTrack>;

export const decisionList = z.object({
  nowMs: v.timestampMs,
  leader: scalingReport.shape.holder
    .nullable()
    .meta({ description: 'The autoscaler that leads; null: none does.' }),
  decisions: z.array(keptDecision).meta({ description: 'The newest first.' }),
  samples: z.array(scalingSample).meta({ description: 'Of the last hour, the oldest first.' }),
  machines: z.array(machineTrack),
});
export type DecisionList = z.output<typeof decisionList>;
