import { type DrainAgentConfig, drainAgentConfig, loadConfig } from '@holdfast/media-server/config/index.ts';
import { findMachineFacts } from '@holdfast/media-server/machine/find-machine-facts.ts';
import { systemClock } from '@holdfast/media-server/process/clock.ts';
import { ProbeServer } from '@holdfast/media-server/process/probe-server.ts';
import { runProcess } from '@holdfast/media-server/process/run-process.ts';
import type { Logger } from 'pino';
import { openAwsNotices } from '../clouds/aws/open-aws-notices.ts';
import { LocalNoticeSource } from '../clouds/local/local-notice-source.ts';
import type { NoticeSource } from '../clouds/types.ts';
import { AgentMetrics } from './agent-metrics.ts';
import { DrainAgent } from './drain-agent.ts';
import { SocketNodeClient } from './node-client.ts';

runProcess('drain-agent', async (processLog) => {
  const config = loadConfig(drainAgentConfig);
  const { nodeId } = await findMachineFacts(config.machine);
  const log = processLog.child({ nodeId });
  const metrics = new AgentMetrics();
  let cloudAnswers = true;
  const onLook = (answered: boolean) => {
    cloudAnswers = answered;
    if (!answered) metrics.cloudError('watch');
  };
  const agent = new DrainAgent({
    source: noticeSource(config.cloud, nodeId, log, onLook),
    node: new SocketNodeClient({
      nodeId,
      socketPath: config.drainSocket,
      healthUrl: config.nodeHealthUrl,
    }),
    clock: systemClock,
    log,
    metrics,
    settings: { safetyMarginMs: config.safetyMarginMs },
  });
  const stop = new AbortController();
  const probes = new ProbeServer({
    nodeId,
    role: 'drain-agent',
    // Ready: it watches its cloud, and the cloud answers.
    readiness: () => {
      const { phase, why, notices } = agent.plan;
      return { ready: cloudAnswers && !stop.signal.aborted, phase, why, notices: notices.size };
    },
    metrics: () => metrics.render(),
    log,
  });
  const port = await probes.listen(config.http);
  log.info({ port }, 'agent.listening');
  const running = agent.run(stop.signal);
  return {
    async close() {
      stop.abort();
      await Promise.all([running, probes.close()]);
    },
  };
});

/** `onLook`: called after each look at a cloud that is asked again and again. */
function noticeSource(
  cloud: DrainAgentConfig['cloud'],
  nodeId: string,
  log: Logger,
  onLook: (answered: boolean) => void,
): NoticeSource {
  switch (cloud.kind) {
    case 'local':
      return new LocalNoticeSource({ socketPath: cloud.metadataSocket, clock: systemClock, log });
    case 'aws': {
      const { region, group, hook, heartbeatTimeoutMs, memoryFile, endpoint, metadataEndpoint } = cloud;
      return openAwsNotices({
        instanceId: nodeId,
        group,
        hook,
        heartbeatTimeoutMs,
        memoryFile,
        access: { region, endpoint },
        metadata: { endpoint: metadataEndpoint },
        clock: systemClock,
        log,
        onLook,
      });
    }
  }
}
