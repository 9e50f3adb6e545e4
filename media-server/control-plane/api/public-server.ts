import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import Fastify, { type FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { ConfigError, type ControlPlaneConfig } from '../../config/index.ts';
import type { Logger } from '../../process/logger.ts';
import type { pageSettings } from '../../protocol/index.ts';
import type { ControlPlaneMetrics } from '../metrics.ts';
import { type ApplicationRoutesOptions, applicationRoutes } from './applications.ts';
import { answerErrors } from './errors.ts';
import { type OperatorRoutesOptions, operatorRoutes } from './operators.ts';
import { pages, securityHeaders } from './pages.ts';

export interface PublicServerOptions {
  readonly http: ControlPlaneConfig['http'];
  readonly webRoot: string | undefined;
  /** A link with `?join=1` enters without the lobby. */
  readonly autoJoin: boolean;
  readonly operators: OperatorRoutesOptions;
  readonly applications: ApplicationRoutesOptions;
  readonly metrics: ControlPlaneMetrics;
  /** false: load balancers are told to look elsewhere. */
  readonly ready: () => boolean;
  readonly log: Logger;
}

type PageSettings = z.output<typeof pageSettings>;

const MAX_BODY_BYTES = 64 * 1024;

/** The public listener. The gateway's WebSockets share it. */
export class PublicServer {
  readonly #app: FastifyInstance;
  readonly #options: PublicServerOptions;
  #closing: Promise<void> | undefined;

  private constructor(options: PublicServerOptions, app: FastifyInstance) {
    this.#options = options;
    this.#app = app;
  }

  static async create(options: PublicServerOptions): Promise<PublicServer> {
    const { http, webRoot, metrics, ready, log } = options;
    const app = Fastify({
      bodyLimit: MAX_BODY_BYTES,
      forceCloseConnections: true,
      serverFactory: (handler) => (http.tls ? tlsServer(http.tls, handler) : createServer(handler)),
    });
    const server = new PublicServer(options, app);
    answerErrors(app, log, { pages: webRoot !== undefined });
    securityHeaders(app, http.tls !== undefined);
    operatorRoutes(app, options.operators);
    applicationRoutes(app, options.applications);
    app.get('/healthz', async () => ({ status: 'ok' }));
    app.get('/readyz', async (_request, reply) =>
      ready() ? { status: 'ready' } : reply.status(503).send({ status: 'closing' }),
    );
    app.get('/metrics', async (_request, reply) => {
      const { contentType, body } = await metrics.render();
      return reply.type(contentType).send(body);
    });
    app.get('/v1/page', async (): Promise<PageSettings> => ({ autoJoin: options.autoJoin }));
    if (webRoot !== undefined) await pages(app, webRoot);
    return server;
  }

  /** For the WebSockets. */
  get http(): Server {
    return this.#app.server;
  }

  /** @returns the port it listens on. Rejects with EADDRINUSE when it is taken. */
  async listen(): Promise<number> {
    const { host, port } = this.#options.http;
    await this.#app.listen({ host, port });
    const address = this.#app.server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#app.close();
    return this.#closing;
  }
}

function tlsServer(
  { certFile, keyFile }: { certFile: string; keyFile: string },
  handler: Parameters<typeof createTlsServer>[1],
): Server {
  let cert: Buffer;
  let key: Buffer;
  try {
    cert = readFileSync(certFile);
    key = readFileSync(keyFile);
  } catch (error) {
    throw new ConfigError(`http.tls: ${error instanceof Error ? error.message : String(error)}`);
  }
  return createTlsServer({ cert, key }, handler);
}
