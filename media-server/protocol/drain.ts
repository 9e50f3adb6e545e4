import { z } from 'zod';
import { drainReport } from './registry.ts';
import * as v from './values.ts';

/**
 * Drain agent ↔ media node: HTTP with JSON over the node's local (Unix) socket.
 * `PUT /v1/drain` begins or updates a drain (idempotent), `DELETE /v1/drain[?noticeId=ID]` cancels it, or one notice's part of it (409 DRAIN_RELEASED after the
 * release), `GET /v1/drain` tells how far it is, `POST /v1/drain/release` is the point of no return: refused with
 * 409 CONFLICT while the node still holds meetings, unless `force` is set because the deadline is over.
 */
export const drainRequest = z.object({
  noticeId: z.string().min(1),
  kind: z.string().min(1).meta({ description: 'scale-in, spot, maintenance, replacement or operator.' }),
  deadlineMs: v.timestampMs.optional(),
});
export type DrainRequest = z.output<typeof drainRequest>;

export const drainStatus = drainReport.extend({
  nodeId: v.nodeId,
  meetings: z.int().meta({ description: 'Meetings still here.' }),
  participants: z.int().meta({ description: 'Participants still here.' }),
});
export type DrainStatus = z.output<typeof drainStatus>;

export const releaseRequest = z.object({ force: z.boolean().default(false) });
