import { z } from 'zod';
import * as v from './values.ts';

/**
 * Drain agent ↔ its machine's server, whatever its role: HTTP with JSON over that machine's local (Unix) socket.
 * `PUT /v1/drain` begins or updates a drain (idempotent), `DELETE /v1/drain[?noticeId=ID]` cancels it, or one notice's part of it (409 DRAIN_RELEASED after the
 * release), `GET /v1/drain` tells how far it is, `POST /v1/drain/release` is the point of no return: refused with
 * 409 CONFLICT while something still holds the machine, unless `force` is set because the deadline is over.
 *
 * Deadlines travel as durations: two machines' clocks need not agree. Who hears one counts from its arrival.
 */

export const drainState = z.enum(['active', 'draining', 'drained', 'released']).meta({
  description:
    'active: takes newcomers (meetings, relayed connections). draining: takes no new ones and moves those it has. drained: empty, may go back to active. released: the cloud was told; no way back.',
});
export type DrainState = z.output<typeof drainState>;

/** Who wants a node empty. */
export const drainedBy = z.enum(['operator', 'autoscaler', 'cloud', 'process']).meta({
  description:
    "operator: a person. autoscaler: there are too many nodes. cloud: a notice of the machine's end. process: it was told to end.",
});
export type DrainedBy = z.output<typeof drainedBy>;
/** Those who order it through the control plane, and may each take back their own order. */
export const drainOrderedBy = drainedBy.extract(['operator', 'autoscaler']);
export type DrainOrderedBy = z.output<typeof drainOrderedBy>;

/** Why a cloud ends a node. */
export const noticeKind = z.enum(['scale-in', 'spot', 'maintenance', 'replacement', 'operator']);
export type NoticeKind = z.output<typeof noticeKind>;

/** The time that a drain may be given, ms: with less, nobody can be moved before the cut; more is a mistake. */
export const DRAIN_WITHIN_MS = { least: 5000, most: 48 * 3_600_000 } as const;

/** For orders of people and programs, which are refused when they make no sense. */
export const drainWithinMs = z
  .number()
  .min(
    DRAIN_WITHIN_MS.least,
    `must be at least ${DRAIN_WITHIN_MS.least}: in less time nobody can be moved, everybody would be cut off`,
  )
  .max(DRAIN_WITHIN_MS.most, `must be at most ${DRAIN_WITHIN_MS.most} (48 hours), or be left out`)
  .meta({ description: 'The node must be empty within this time, ms from now. Absent: there is no hurry.' });

export const waitReason = z
  .enum(['room', 'control-plane', 'target', 'turn', 'people', 'gateways', 'arrival', 'fault'])
  .meta({
    description:
      'room: no other node can take it. control-plane: it does not answer. target: the target failed, another one is tried. turn: others are moved first. people: not everybody is on the new node yet. gateways: no gateway is connected, so nobody can be told. arrival: it is only just coming here. fault: an error of this node, see its log.',
  });
export type WaitReason = z.output<typeof waitReason>;

export const drainWait = z.object({
  why: waitReason,
  meetings: z.int().meta({ description: 'Meetings that wait for it.' }),
  forMs: z.number().meta({ description: 'How long the first of them has waited.' }),
});
export type DrainWait = z.output<typeof drainWait>;

export const drainReport = z.object({
  state: drainState,
  sinceMs: v.timestampMs.optional(),
  by: z.array(drainedBy).optional().meta({ description: 'All who want it empty. Absent: nobody does.' }),
  reason: z.string().optional(),
  remainingMs: z
    .number()
    .min(0)
    .optional()
    .meta({ description: 'Until the deadline, when this was said; 0: it is over. Absent: there is none.' }),
  waitingFor: z
    .array(drainWait)
    .optional()
    .meta({ description: 'What the meetings that are still here wait for.' }),
});
export type DrainReport = z.output<typeof drainReport>;

export const drainRequest = z.object({
  noticeId: z.string().min(1),
  kind: noticeKind,
  withinMs: z.number().optional().meta({
    description:
      'The node must be empty within this time, ms from now. A cloud is not to be argued with: what is too short or too long is taken for the nearest time that makes sense.',
  }),
});
export type DrainRequest = z.output<typeof drainRequest>;

export const drainStatus = drainReport.extend({
  nodeId: v.nodeId,
  role: v.machineRole,
  holds: z.int().min(0).meta({
    description:
      'How many things hold the machine, those that are only just coming among them: meetings of a media node, relayed connections of a TURN server. 0: it is empty.',
  }),
  people: z.int().min(0).meta({ description: 'People who are served by it now.' }),
});
export type DrainStatus = z.output<typeof drainStatus>;

/** In each answer of a machine's `/healthz`: which one it is. A port may have been another's before. */
export const NODE_ID_HEADER = 'holdfast-node';

export const releaseRequest = z.object({ force: z.boolean().default(false) });
