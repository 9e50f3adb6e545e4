import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../process/logger.ts';
import { HoldfastError, toHoldfastError } from '../../protocol/index.ts';
import { publicError } from '../public-error.ts';

/**
 * Every error leaves in the one shape: `{ error: { code, message, action, retryAfterMs? } }`; but a browser that asks for
 * a page that is not there gets the pages' own word for it, where there are `pages`.
 */
export function answerErrors(app: FastifyInstance, log: Logger, options: { readonly pages: boolean }): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = known(thrown);
    if (error.status >= 500 && error.code === 'INTERNAL') {
      log.error({ err: thrown, method: request.method, route: request.routeOptions.url }, 'api.failed');
    }
    if (error.retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(error.retryAfterMs / 1000));
    return reply.status(error.status).send(bodyOf(error));
  });
  app.setNotFoundHandler((request, reply) => {
    const wantsPage = request.method === 'GET' && request.headers.accept?.includes('text/html');
    if (options.pages && wantsPage) return reply.status(404).sendFile('index.html');
    const error = new HoldfastError(
      'NOT_FOUND',
      `there is no ${request.method} ${request.url.split('?')[0]}`,
    );
    return reply.status(error.status).send(bodyOf(error));
  });
}

function bodyOf(error: HoldfastError) {
  const { code, message, action, retryAfterMs } = publicError(error);
  return { error: { code, message, action, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } };
}

/** Fastify's own errors (a body that is not JSON, too large, of another type) carry the status of a client's mistake. */
function known(thrown: unknown): HoldfastError {
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number') {
    if (thrown.statusCode >= 400 && thrown.statusCode < 500) {
      return new HoldfastError('BAD_REQUEST', thrown.message, { cause: thrown });
    }
  }
  return toHoldfastError(thrown);
}
