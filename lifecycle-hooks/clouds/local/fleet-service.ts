import { chmod } from 'node:fs/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { FleetDriver } from '../types.ts';
import { answerErrors } from './answer-errors.ts';
import { growth, operation } from './fleet-protocol.ts';

const params = z.object({ id: z.string() });

/** The group's API, for an autoscaler that is a process of its own as it is with every cloud. */
export class FleetService {
  readonly #server: FastifyInstance;

  /** @param driver of the cloud that lives in this process */
  constructor(driver: FleetDriver) {
    this.#server = Fastify({ forceCloseConnections: true });
    answerErrors(this.#server);
    this.#server.get('/v1/fleet', () => driver.describe());
    this.#server.post('/v1/fleet/grow', async (request, reply) => {
      await driver.grow(growth.parse(request.body));
      return reply.code(204).send();
    });
    const onMember = (action: string, call: (id: string, operationId: string) => Promise<void>) =>
      this.#server.post(`/v1/fleet/members/:id/${action}`, async (request, reply) => {
        await call(params.parse(request.params).id, operation.parse(request.body).operationId);
        return reply.code(204).send();
      });
    onMember('give-up', (id, operationId) => driver.giveUp(id, operationId));
    onMember('release', (id, operationId) => driver.release(id, operationId));
  }

  async listen(socketPath: string): Promise<void> {
    await this.#server.listen({ path: socketPath });
    await chmod(socketPath, 0o600);
  }

  async close(): Promise<void> {
    await this.#server.close();
  }
}
