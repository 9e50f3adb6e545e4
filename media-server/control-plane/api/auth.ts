import type { FastifyRequest } from 'fastify';
import { hasBearer } from '../../process/bearer.ts';
import { HoldfastError } from '../../protocol/index.ts';

/** A Fastify hook that lets only bearers of this token pass. */
export function onlyBearer(who: string, token: string): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    if (hasBearer(request.headers.authorization, token)) return;
    throw new HoldfastError('UNAUTHENTICATED', `this needs the ${who} as a bearer token`);
  };
}
