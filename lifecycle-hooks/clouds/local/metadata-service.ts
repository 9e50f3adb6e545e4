import { chmod } from 'node:fs/promises';
import type { Clock } from '@holdfast/media-server/process/clock.ts';
import Fastify, { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import { answerErrors } from './answer-errors.ts';
import { LONG_POLL_MS, type NoticeList } from './metadata-protocol.ts';
import type { NoticeBoard } from './notice-board.ts';

const query = z.object({ etag: z.string().optional() });
const params = z.object({ id: z.string() });

/** Serves one machine's notices to it, over a Unix socket that only this user can open. */
export class MetadataService {
  readonly #board: NoticeBoard;
  readonly #clock: Clock;
  readonly #server: FastifyInstance;
  readonly #waiting = new Set<() => void>();

  constructor(board: NoticeBoard, clock: Clock) {
    this.#board = board;
    this.#clock = clock;
    this.#server = Fastify({ forceCloseConnections: true });
    answerErrors(this.#server);
    this.#server.get('/v1/notices', async (request): Promise<NoticeList> => {
      if (query.parse(request.query).etag === board.etag) await this.#change();
      return {
        etag: board.etag,
        notices: board.notices.map((notice) => ({ ...notice, coupledNodeIds: [...notice.coupledNodeIds] })),
      };
    });
    this.#server.post('/v1/notices/:id/extend', (request) => board.extend(params.parse(request.params).id));
    this.#server.post('/v1/notices/:id/complete', async (request, reply) => {
      board.complete(params.parse(request.params).id);
      return reply.code(204).send();
    });
  }

  async listen(socketPath: string): Promise<void> {
    await this.#server.listen({ path: socketPath });
    await chmod(socketPath, 0o600);
  }

  async close(): Promise<void> {
    for (const answer of [...this.#waiting]) answer();
    await this.#server.close();
  }

  /** Resolves when the notices change, or when a question has hung long enough. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      const answer = () => {
        unwatch();
        cancel();
        this.#waiting.delete(answer);
        resolve();
      };
      const unwatch = this.#board.watch(answer);
      const cancel = this.#clock.after(LONG_POLL_MS, answer);
      this.#waiting.add(answer);
    });
  }
}
