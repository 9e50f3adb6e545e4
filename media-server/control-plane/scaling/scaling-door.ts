import type { WebSocket } from 'ws';
import type { Logger } from '../../process/logger.ts';
import { RpcSocket } from '../../process/rpc-socket.ts';
import {
  type Handlers,
  type ScalingReport,
  scalingClientContract,
  scalingContract,
} from '../../protocol/index.ts';
import type { DecisionLog } from './decision-log.ts';
import type { Leadership } from './leadership.ts';
import type { ScalingMetrics } from './scaling-metrics.ts';

export interface ScalingDoorOptions {
  readonly leadership: Leadership;
  readonly decisions: DecisionLog;
  readonly metrics: ScalingMetrics;
  readonly log: Logger;
}

/** An autoscaler that has vanished holds nothing but its lease, which ends by itself. */
const PING_MS = 5000;

/** Serves one autoscaler, whether it leads, stands by or only shows what it would do. */
export function serveAutoscaler(ws: WebSocket, options: ScalingDoorOptions): void {
  const { log } = options;
  const socket = new RpcSocket(ws, {
    local: scalingContract,
    remote: scalingClientContract,
    handlers: handlersFor(options),
    pingMs: PING_MS,
    onError: (error, context) => log.warn({ err: error, ...context }, 'scaling.error'),
  });
  log.info('scaling.connected');
  void socket.closed.then((reason) => log.info({ reason }, 'scaling.disconnected'));
}

function handlersFor({
  leadership,
  decisions,
  metrics,
  log,
}: ScalingDoorOptions): Handlers<typeof scalingContract> {
  return {
    'lease.take': ({ holder, ttlMs }) => leadership.take(holder, ttlMs),
    'lease.write': async ({ fence, journal }) => {
      await leadership.write(fence, journal);
      return {};
    },
    'lease.resign': async ({ fence }) => {
      await leadership.resign(fence);
      return {};
    },
    'decision.report': async (report) => {
      const dryRun = report.fence === null;
      if (report.fence !== null) await leadership.assertLeads(report.fence);
      await decisions.report(report, !dryRun || (await leadership.leader()) === undefined);
      if (!dryRun) metrics.report(report);
      log[report.decision.type === 'hold' ? 'debug' : 'info'](summary(report), 'scaling.decision');
      return {};
    },
  };
}

function summary({ holder, decision, outcome, failure, fence }: ScalingReport) {
  return { holder, decision, outcome, dryRun: fence === null, ...(failure ? { failure } : {}) };
}
