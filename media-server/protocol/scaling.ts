import { z } from 'zod';
import { type Contract, request } from './contract.ts';
import * as v from './values.ts';

/**
 * Autoscaler ↔ control plane: one WebSocket at `/internal/scaling`, dialled by the autoscaler, with a secret that media
 * nodes do not have. The control plane keeps the lease; it refuses with LEASE_LOST what comes under any other token than
 * the present one.
 */

const reason = z.string().min(1).max(2000).meta({ description: 'Why, in words.' });
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
    .object({ code: z.string().max(100), message: z.string().max(2000) })
    .nullable()
    .meta({ description: 'Of `failed`.' }),
  figures: scalingFigures
    .nullable()
    .meta({ description: 'What it was made from; null: as reported before.' }),
});
export type ScalingReport = z.output<typeof scalingReport>;

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
  'decision.report': request(
    'A decision, with the reason and the figures it was made from; again under the same id when its outcome is known.',
    scalingReport,
    v.empty,
  ),
} as const satisfies Contract;

/** Control plane → autoscaler: nothing. */
export const scalingClientContract = {} as const satisfies Contract;
