import type { IncomingMessage } from 'node:http';
import fastifyRateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { HoldfastError } from '../../protocol/index.ts';

/** Joins by the page alone, without an application: so many a minute. */
export interface JoinRates {
  readonly perAddress: number;
  readonly total: number;
}

export interface JoinLimits {
  /** Run before the request is read; they reject with TOO_MANY. */
  readonly hooks: onRequestAsyncHookHandler[];
}

const WINDOW_MS = 60_000;

/** Bounds how often anybody, and everybody together, may ask for a token without an API key. */
export async function joinLimits(
  app: FastifyInstance,
  rates: JoinRates,
  addressOf: (request: IncomingMessage) => string,
): Promise<JoinLimits> {
  await app.register(fastifyRateLimit, {
    global: false,
    addHeadersOnExceeding: {},
    addHeaders: {},
    errorResponseBuilder: (_request, { ttl }) =>
      new HoldfastError('TOO_MANY', 'too many joins from here, or from everywhere together', {
        retryAfterMs: ttl,
      }),
  });
  const limit = (max: number, keyGenerator: (request: FastifyRequest) => string) =>
    app.rateLimit({ max, timeWindow: WINDOW_MS, keyGenerator });
  return {
    hooks: [limit(rates.perAddress, ({ raw }) => addressOf(raw)), limit(rates.total, () => 'everybody')],
  };
}
