import { z } from 'zod';
import { type Contract, request } from './contract.ts';
import { drainState } from './drain.ts';
import { machineCapacity, share } from './registry.ts';
import * as v from './values.ts';

/**
 * Autoscaler ↔ control plane: one WebSocket at `/internal/scaling`, dialled by the autoscaler, with a secret that media
 * nodes do not have. The control plane keeps the lease; it refuses with LEASE_LOST what comes under any other token than
 * the present one.
 */

/** Of the words of a decision, and of what went wrong with it. */
export const MOST_REASON_CHARACTERS = 2000;

const reason = z.string().min(1).max(MOST_REASON_CHARACTERS).meta({ description: 'Why, in words.' });
const operationId = z
  .string()
  .min(1)
  .max(200)
  .meta({ description: 'Names the operation: the same one twice is the same as once.' });
const holder = z.string().min(1).max(200).meta({ description: 'Names the process among all that may lead.' });
const fence = z.int().min(1).meta({
  description:
    "The fencing token of the leader's lease. Later ones are higher, also after the store was lost.",
});

/** Where and as what machines are to be launched; what is absent is the cloud's choice. */
export const launchPreference = z.object({
  zone: z.string().min(1).max(100).exactOptional(),
  machineType: z.string().min(1).max(100).exactOptional(),
  market: z.enum(['on-demand', 'spot']).exactOptional(),
});

const onNode = { reason, nodeId: v.nodeId };
const act = [
  z.object({ type: z.literal('grow'), reason, to: z.int().min(0), prefer: launchPreference }),
  z.object({ type: z.literal('give-up'), ...onNode }),
  z.object({ type: z.literal('drain'), ...onNode }),
  z.object({ type: z.literal('cancel-drain'), ...onNode }),
  z.object({ type: z.literal('release'), ...onNode }),
] as const;
/** What an autoscaler does. */
export const scalingAct = z.discriminatedUnion('type', act);
/** What an autoscaler decides, `hold` among it: nothing is to be done. */
export const scalingDecision = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hold'), reason }),
  ...act,
]);
export type ScalingDecision = z.output<typeof scalingDecision>;

export const scalingJournal = z.object({
  id: z.string().min(1).max(200).meta({
    description: 'Made with the journal, so that a lost one and a new one never name two operations alike.',
  }),
  sequence: z.int().min(0).meta({ description: 'Of the last operation.' }),
  intent: z
    .object({ operationId, decision: scalingAct, sinceMs: v.timestampMs, attempts: z.int().min(1) })
    .nullable()
    .meta({ description: 'What the leader is about to do; null: nothing.' }),
});
export type ScalingJournal = z.output<typeof scalingJournal>;

export const scalingLead = z.discriminatedUnion('held', [
  z.object({ held: z.literal(true), fence, journal: scalingJournal.nullable() }),
  z.object({ held: z.literal(false), by: holder }),
]);
export type ScalingLead = z.output<typeof scalingLead>;

export const machineDoing = z
  .enum(['launching', 'arriving', 'serving', 'draining', 'drained', 'leaving', 'failed', 'unreachable'])
  .meta({
    description:
      'launching: the cloud makes it. arriving: it runs, and its node has not been heard of. serving: takes meetings. draining: gives up its meetings. drained: is empty. leaving: the cloud ends it. failed: the cloud says so. unreachable: its node is not heard of any more.',
  });
export type MachineDoing = z.output<typeof machineDoing>;

/** How many machines a report names. */
export const MOST_MACHINES_REPORTED = 200;

export const scalingFigures = z.object({
  generation: z.string().max(200).meta({ description: 'What new machines are launched from.' }),
  wanted: z.int().min(0).meta({ description: 'Machines that the cloud is to keep.' }),
  capacityWorkers: z.number().min(0).meta({ description: 'Workers of all nodes that are reachable.' }),
  usedWorkers: z
    .number()
    .min(0)
    .meta({ description: 'How many of these their meetings take, in parts too.' }),
  freeWorkers: z.number().min(0).meta({ description: 'Of nodes that take meetings, less what is promised.' }),
  askingMeetings: z.int().min(0).meta({ description: 'Meetings that ask for room and have none.' }),
  meetings: z.int().min(0),
  participants: z.int().min(0),
  machines: z
    .array(z.object({ nodeId: v.nodeId, doing: machineDoing }))
    .max(MOST_MACHINES_REPORTED)
    .meta({ description: 'What each does; of many, those first that do anything but serve.' }),
  machinesLeftOut: z.int().min(0),
});
export type ScalingFigures = z.output<typeof scalingFigures>;

export const decisionOutcome = z.enum(['held', 'begun', 'done', 'failed', 'dropped']).meta({
  description:
    'held: there is nothing to do. begun: it is being done, or would be in a dry run. done: accepted. failed: refused. dropped: it was begun and was not right any more.',
});

export const scalingReport = z.object({
  reportId: operationId,
  holder,
  /** Of a dry run: it takes no lead. */
  fence: fence.nullable().meta({ description: 'null: a dry run, which does nothing and leads nobody.' }),
  decision: scalingDecision,
  outcome: decisionOutcome,
  failure: z
    .object({ code: z.string().max(100), message: z.string().max(MOST_REASON_CHARACTERS) })
    .nullable()
    .meta({ description: 'Of `failed`.' }),
  figures: scalingFigures
    .nullable()
    .meta({ description: 'What it was made from; null: as reported before.' }),
});
export type ScalingReport = z.output<typeof scalingReport>;

const order = z.object({ nodeId: v.nodeId, operationId, fence, reason });
export type ScalingOrder = z.output<typeof order>;

const list = <S extends z.ZodType>(of: S) => z.array(of).readonly();

/** A media node as the autoscaler sees it; `capacity/node-room.ts` says what the figures mean. */
export const observedNode = z.object({
  nodeId: v.nodeId,
  generation: z.string(),
  zone: z.string().nullable(),
  state: z.enum(['open', 'draining', 'unreachable']),
  machine: machineCapacity,
  workers: list(z.object({ cpu: z.number().nullable(), streams: z.number() })),
  processCpu: z.number().nullable(),
  egressBps: z.number().nullable(),
  meetings: list(
    z.object({
      meetingId: v.meetingId,
      shares: list(share),
      workers: list(z.int()).exactOptional(),
    }),
  ),
  drain: drainState,
  drainedBy: z
    .enum(['autoscaler', 'others'])
    .nullable()
    .meta({ description: 'autoscaler: it alone wants it empty, and may take that back.' }),
  participants: z.int(),
});

/** Room that is kept free; see `capacity/reservations.ts`. */
export const observedReservation = z.object({
  meetingId: v.meetingId,
  nodeId: v.nodeId,
  purpose: z.enum(['expected', 'move']),
  shares: list(share),
  madeAtMs: v.timestampMs,
  keptUntilMs: v.timestampMs,
  decays: z.boolean(),
});

const asking = {
  meetingId: v.meetingId,
  shares: list(share),
  firstAtMs: v.timestampMs,
  lastAtMs: v.timestampMs,
};
/** Somebody who asks for room; see `capacity/demand.ts`. */
export const observedWish = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['refused', 'waiting']), ...asking }),
  z.object({ kind: z.literal('announced'), startsAtMs: v.timestampMs, ...asking }),
]);

/** A view has as many parts as it needs: a message between our processes has its limit. */
export const platformPart = z.object({
  viewId: z.string(),
  parts: z.int().min(1),
  nowMs: v.timestampMs.meta({
    description: "The control plane's clock when the view was made: times are by it.",
  }),
  ageMs: z.number().min(0).meta({ description: 'Nothing in it was older than this.' }),
  wishesLeftOut: z.int().min(0),
  nodes: list(observedNode),
  reservations: list(observedReservation),
  wishes: list(observedWish),
});
export type PlatformPart = z.output<typeof platformPart>;

/** Autoscaler → control plane. */
export const scalingContract = {
  'lease.take': request(
    'Take the lead, or keep it, for so long from now by the clock of the store.',
    z.object({ holder, ttlMs: z.int().min(1000).max(600_000) }),
    scalingLead,
  ),
  'lease.write': request(
    'Write down what the leader is about to do. LEASE_LOST when somebody else has led since.',
    z.object({ fence, journal: scalingJournal }),
    v.empty,
  ),
  'lease.resign': request(
    'The next may lead at once. Nothing happens when somebody else leads already.',
    z.object({ fence }),
    v.empty,
  ),
  'platform.observe': request(
    'The first part of a view of nodes, reservations and demand, which is made now.',
    v.empty,
    platformPart,
  ),
  'platform.more': request(
    'Another part of the view that was made last on this connection. NOT_FOUND for any other view.',
    z.object({ viewId: z.string(), part: z.int().min(1) }),
    platformPart,
  ),
  'node.drain': request(
    'The node takes no new meetings and moves those it has (idempotent). NODE_UNKNOWN, LEASE_LOST.',
    order,
    v.empty,
  ),
  'node.cancelDrain': request(
    "Take back a drain of the autoscaler's own; nothing happens to anybody else's. NODE_UNKNOWN, DRAIN_RELEASED, LEASE_LOST.",
    order,
    v.empty,
  ),
  'decision.report': request(
    'A decision, with the reason and the figures it was made from; again under the same id when its outcome is known.',
    scalingReport,
    v.empty,
  ),
} as const satisfies Contract;

/** Control plane → autoscaler: nothing. */
export const scalingClientContract = {} as const satisfies Contract;
