import { type ErrorCode, isErrorCode } from '@holdfast/media-server/protocol/index.ts';
import { z } from 'zod';

/**
 * The local cloud's group API: HTTP with JSON over one Unix socket that only this user can open.
 * - `GET /v1/fleet`: the fleet as it is
 * - `POST /v1/fleet/grow`: `growth`; the same operation twice grows once
 * - `POST /v1/fleet/members/{id}/give-up`, `POST /v1/fleet/members/{id}/release`: `operation`
 *
 * Errors have the body and the codes of everything else.
 */
const market = z.enum(['on-demand', 'spot']);
const operationId = z.string().min(1).max(200);
const code = z.custom<ErrorCode>(isErrorCode);

const common = {
  id: z.string(),
  generation: z.string(),
  zone: z.string().nullable(),
  machineType: z.string(),
  workers: z.int(),
  market,
  launchedAtMs: z.number(),
  launchedBy: z.string().nullable(),
  releasable: z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true) }),
    z.object({ ok: z.literal(false), why: z.string() }),
  ]),
};
const member = z.discriminatedUnion('state', [
  z.object({ state: z.enum(['launching', 'running', 'leaving']), ...common }),
  z.object({ state: z.literal('failed'), failure: z.object({ code, message: z.string() }), ...common }),
]);

export const fleet = z.object({
  wanted: z.int(),
  limits: z.object({ min: z.int(), max: z.int() }),
  generation: z.string(),
  asOfMs: z.number(),
  members: z.array(member),
});

export const growth = z.object({
  operationId,
  to: z.int().min(0),
  prefer: z
    .object({
      zone: z.string().exactOptional(),
      machineType: z.string().exactOptional(),
      market: market.exactOptional(),
    })
    .exactOptional(),
});

export const operation = z.object({ operationId });
