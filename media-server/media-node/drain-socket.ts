import { chmod, rm } from 'node:fs/promises';
import fastify, { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  type DrainStatus,
  drainRequest,
  errorTable,
  HoldfastError,
  releaseRequest,
  toHoldfastError,
} from '../protocol/index.ts';
import type { Drain } from './drain.ts';
import type { MeetingStore } from './meeting-store.ts';

/** What the drain agent asks for, over the node's Unix socket (see protocol/drain.ts). Only this user can open it. */
export class DrainSocket {
  readonly #path: string;
  readonly #server: FastifyInstance;

  constructor(options: { path: string; nodeId: string; drain: Drain; meetings: MeetingStore }) {
    const { drain, meetings, nodeId } = options;
    this.#path = options.path;
    this.#server = fastify({ forceCloseConnections: true });
    const status = (): DrainStatus => ({
      ...drain.report(),
      nodeId,
      meetings: meetings.all.length,
      participants: meetings.participantCount,
    });
    this.#server.setErrorHandler((error, _request, reply) => {
      const known = toHoldfastError(error);
      const { action, status: code } = errorTable[known.code];
      return reply.code(code).send({ error: { code: known.code, message: known.message, action } });
    });
    this.#server.get('/v1/drain', status);
    this.#server.put('/v1/drain', (request) => {
      const { noticeId, kind, deadlineMs } = parse(drainRequest, request.body);
      drain.drain({ id: noticeId, by: 'cloud', reason: kind, deadlineMs });
      return status();
    });
    this.#server.delete('/v1/drain', (request) => {
      const { noticeId } = parse(z.object({ noticeId: z.string().optional() }), request.query);
      drain.cancel('cloud', noticeId);
      return status();
    });
    this.#server.post('/v1/drain/release', (request) => {
      drain.release(parse(releaseRequest, request.body ?? {}).force);
      return status();
    });
  }

  async listen(): Promise<void> {
    // A socket file left by a killed process would make the address look taken.
    await rm(this.#path, { force: true });
    await this.#server.listen({ path: this.#path });
    await chmod(this.#path, 0o600);
  }

  async close(): Promise<void> {
    await this.#server.close();
    await rm(this.#path, { force: true });
  }
}

function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new HoldfastError('BAD_REQUEST', z.prettifyError(parsed.error));
  return parsed.data;
}
