import { errorTable, toHoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

/** Errors of the local cloud's services, in the form that everything else has. */
export function answerErrors(server: FastifyInstance): void {
  server.setErrorHandler((error, _request, reply) => {
    const known = error instanceof z.ZodError ? undefined : toHoldfastError(error);
    const code = known?.code ?? 'BAD_REQUEST';
    const { status, action } = errorTable[code];
    return reply.code(status).send({ error: { code, message: known?.message ?? String(error), action } });
  });
}
