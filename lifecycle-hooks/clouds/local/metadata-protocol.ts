import { noticeKind } from '@holdfast/media-server/protocol/index.ts';
import { z } from 'zod';

/**
 * The local cloud's metadata service: HTTP with JSON over one Unix socket for each machine, so that a machine sees its own
 * notices and nobody else's.
 * - `GET /v1/notices?etag=E`: all notices of this machine, withdrawn ones too. Answers at once when they differ from
 *   what E stands for, else when they change, at the latest after `LONG_POLL_MS`.
 * - `POST /v1/notices/{id}/extend`: more time, as much as the notice's heartbeat gives; 409 CLOUD_REFUSED when there is none.
 * - `POST /v1/notices/{id}/complete`: let this machine go now. Twice is the same as once.
 */
export const notice = z.object({
  id: z.string(),
  kind: noticeKind,
  source: z.string(),
  nodeId: z.string(),
  status: z.enum(['pending', 'withdrawn']),
  urgency: z.enum(['order', 'advice']),
  deadline: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('known'), atMs: z.number() }),
    z.object({ kind: z.literal('unlimited') }),
    z.object({ kind: z.literal('unknown'), assumedAtMs: z.number() }),
  ]),
  canExtend: z.boolean(),
  canComplete: z.boolean(),
  coupledNodeIds: z.array(z.string()),
});

export const noticeList = z.object({ etag: z.string(), notices: z.array(notice) });
export type NoticeList = z.output<typeof noticeList>;

export const LONG_POLL_MS = 20_000;
