import type { FastifyRequest } from 'fastify';
import { hasBearer } from '../../process/bearer.ts';
import { HoldfastError } from '../../protocol/index.ts';

/** Told of each request that had no good token. */
export type OnRefused = (who: 'operator' | 'application', request: FastifyRequest) => void;

/** A Fastify hook that lets only bearers of this token pass. */
export function onlyBearer(
  who: 'operator' | 'application',
  token: string,
  onRefused: OnRefused,
): (request: FastifyRequest) => Promise<void> {
  const what = who === 'operator' ? 'operator token' : 'API key';
  return async (request) => {
    if (hasBearer(request.headers.authorization, token)) return;
    onRefused(who, request);
    throw new HoldfastError('UNAUTHENTICATED', `this needs the ${what} as a bearer token`);
  };
}
