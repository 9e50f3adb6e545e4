import { createServer, type Server } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { ControlPlaneConfig } from '../../config/index.ts';
import { clientAddress } from '../../process/client-address.ts';
import type { Logger } from '../../process/logger.ts';
import { HoldfastError, type pageSettings } from '../../protocol/index.ts';
import { type ApplicationRoutesOptions, applicationRoutes } from './applications.ts';
import type { OnRefused } from './auth.ts';
import { Certificate } from './certificate.ts';
import { answerErrors } from './errors.ts';
import { type JoinRates, joinLimits } from './join-limits.ts';
import { type OperatorRoutesOptions, operatorRoutes } from './operators.ts';
import { pages, securityHeaders } from './pages.ts';

export interface PublicServerOptions {
  readonly http: ControlPlaneConfig['http'];
  readonly webRoot: string | undefined;
  /** A link with `?join=1` enters without the lobby. */
  readonly autoJoin: boolean;
  readonly operators: Omit<OperatorRoutesOptions, 'onRefused'>;
  readonly applications: Omit<ApplicationRoutesOptions, 'onRefused' | 'limits'>;
  readonly joinRates: JoinRates;
  /** Whether the listener goes by this name. */
  readonly knowsHost: (host: string | undefined) => boolean;
  /** Counted: a request without a good token. */
  readonly onRefused: (who: string) => void;
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
    const { http, webRoot, knowsHost, ready, log } = options;
    const tls = http.tls && new Certificate(http.tls, log);
    const app = Fastify({
      bodyLimit: MAX_BODY_BYTES,
      forceCloseConnections: true,
      serverFactory: (handler) => (tls ? tls.server(handler, PATIENCE) : createServer(PATIENCE, handler)),
    });
    const server = new PublicServer(options, app);
    if (tls) app.addHook('onClose', async () => tls.close());
    answerErrors(app, log, { pages: webRoot !== undefined });
    securityHeaders(app, http.tls !== undefined);
    app.addHook('onRequest', async (request) => {
      if (knowsHost(request.headers.host)) return;
      throw new HoldfastError('FORBIDDEN', 'this server does not go by that name; see hostNames');
    });
    const onRefused = refusalLog(options.onRefused, log);
    const limits = await joinLimits(app, options.joinRates, clientAddress(http.trustedProxies));
    operatorRoutes(app, { ...options.operators, onRefused });
    applicationRoutes(app, { ...options.applications, onRefused, limits });
    app.get('/healthz', async () => ({ status: 'ok' }));
    app.get('/readyz', async (_request, reply) =>
      ready() ? { status: 'ready' } : reply.status(503).send({ status: 'closing' }),
    );
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

/** Whoever sends a request a byte at a time is let go; Node itself would wait for one and for five minutes. */
const PATIENCE = { headersTimeout: 10_000, requestTimeout: 20_000, connectionsCheckingInterval: 5000 };

/** At most one line in this time, ms: whoever guesses tokens must not fill the disk as well. */
const REFUSALS_LOGGED_EVERY_MS = 10_000;

function refusalLog(count: (who: string) => void, log: Logger): OnRefused {
  let since = 0;
  let loggedAtMs = Number.NEGATIVE_INFINITY;
  return (who, request) => {
    count(who);
    since += 1;
    const nowMs = performance.now();
    if (nowMs - loggedAtMs < REFUSALS_LOGGED_EVERY_MS) return;
    loggedAtMs = nowMs;
    log.warn({ who, from: request.ip, route: request.routeOptions.url, since }, 'api.unauthenticated');
    since = 0;
  };
}
