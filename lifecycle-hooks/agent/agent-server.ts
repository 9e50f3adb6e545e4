import Fastify, { type FastifyInstance } from 'fastify';
import type { AgentMetrics } from './agent-metrics.ts';
import type { DrainPlan } from './drain-plan.ts';

/** `/healthz`, `/readyz` and `/metrics` of the agent. Ready: it watches its cloud. */
export function agentServer(options: {
  readonly nodeId: string;
  readonly plan: () => DrainPlan;
  readonly ready: () => boolean;
  readonly metrics: AgentMetrics;
}): FastifyInstance {
  const server = Fastify();
  server.get('/healthz', () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const { phase, why, notices } = options.plan();
    const ready = options.ready();
    return reply
      .code(ready ? 200 : 503)
      .send({ ready, nodeId: options.nodeId, phase, why, notices: notices.size });
  });
  server.get('/metrics', async (_request, reply) => {
    const { registry } = options.metrics;
    return reply.type(registry.contentType).send(await registry.metrics());
  });
  return server;
}
