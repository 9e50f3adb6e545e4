import { type DrainAgentConfig, drainAgentConfig, loadConfig } from '@holdfast/media-server/config/index.ts';
import { systemClock } from '@holdfast/media-server/process/clock.ts';
import { runProcess } from '@holdfast/media-server/process/run-process.ts';
import type { Logger } from 'pino';
import { LocalNoticeSource } from '../clouds/local/local-notice-source.ts';
import type { NoticeSource } from '../clouds/types.ts';
import { AgentMetrics } from './agent-metrics.ts';
import { agentServer } from './agent-server.ts';
import { DrainAgent } from './drain-agent.ts';
import { SocketNodeClient } from './node-client.ts';

runProcess('drain-agent', async (processLog) => {
  const config = loadConfig(drainAgentConfig);
  const log = processLog.child({ nodeId: config.nodeId });
  const metrics = new AgentMetrics();
  const agent = new DrainAgent({
    source: noticeSource(config.cloud, log),
    node: new SocketNodeClient({
      nodeId: config.nodeId,
      socketPath: config.drainSocket,
      healthUrl: config.nodeHealthUrl,
    }),
    clock: systemClock,
    log,
    metrics,
    settings: { safetyMarginMs: config.safetyMarginMs },
  });
  const stop = new AbortController();
  const server = agentServer({
    nodeId: config.nodeId,
    plan: () => agent.plan,
    ready: () => !stop.signal.aborted,
    metrics,
  });
  const address = await server.listen(config.http);
  log.info({ address }, 'agent.listening');
  const running = agent.run(stop.signal);
  return {
    async close() {
      stop.abort();
      await Promise.all([running, server.close()]);
    },
  };
});

function noticeSource(cloud: DrainAgentConfig['cloud'], log: Logger): NoticeSource {
  switch (cloud.kind) {
    case 'local':
      return new LocalNoticeSource({ socketPath: cloud.metadataSocket, clock: systemClock, log });
  }
}
