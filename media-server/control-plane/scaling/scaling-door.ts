import type { WebSocket } from 'ws';
import type { Logger } from '../../process/logger.ts';
import { RpcSocket } from '../../process/rpc-socket.ts';
import {
  type Handlers,
  HoldfastError,
  type ScalingReport,
  scalingClientContract,
  scalingContract,
} from '../../protocol/index.ts';
import type { PlatformView } from '../capacity/platform-view.ts';
import type { FleetRecord } from '../store/records.ts';
import type { Table } from '../store/store.ts';
import type { DecisionLog } from './decision-log.ts';
import type { DrainOrders } from './drain-orders.ts';
import type { Leadership } from './leadership.ts';
import type { ScalingMetrics } from './scaling-metrics.ts';
import { ViewParts } from './view-parts.ts';

export interface ScalingDoorOptions {
  readonly leadership: Leadership;
  readonly decisions: DecisionLog;
  readonly orders: DrainOrders;
  readonly view: () => Promise<PlatformView>;
  /** What the fleet's machines are launched from, for whoever places meetings. */
  readonly fleets: Table<FleetRecord>;
  /** Unix time in ms. */
  readonly now: () => number;
  readonly metrics: Pick<ScalingMetrics, 'report'>;
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

function handlersFor(options: ScalingDoorOptions): Handlers<typeof scalingContract> {
  const { leadership, decisions, orders, view, fleets, metrics, now, log } = options;
  let viewed: ViewParts | undefined;
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
    'platform.observe': async () => {
      viewed = new ViewParts(await view(), now());
      return viewed.part(0);
    },
    'platform.more': ({ viewId, part }) => {
      if (viewed?.viewId !== viewId) throw new HoldfastError('NOT_FOUND', 'that view is not there any more');
      return viewed.part(part);
    },
    'node.drain': async (order) => {
      await orders.drain(order);
      log.info(order, 'scaling.drain');
      return {};
    },
    'node.cancelDrain': async (order) => {
      await orders.cancelDrain(order);
      log.info(order, 'scaling.cancel_drain');
      return {};
    },
    'decision.report': async (report) => {
      const dryRun = report.fence === null;
      if (report.fence !== null) await leadership.assertLeads(report.fence);
      await decisions.report(report, !dryRun || (await leadership.leader()) === undefined);
      if (!dryRun) {
        metrics.report(report);
        if (report.figures)
          await fleets.set('media', { generation: report.figures.generation, asOfMs: now() });
      }
      log[report.decision.type === 'hold' ? 'debug' : 'info'](summary(report), 'scaling.decision');
      return {};
    },
  };
}

function summary({ holder, decision, outcome, failure, fence }: ScalingReport) {
  return { holder, decision, outcome, dryRun: fence === null, ...(failure ? { failure } : {}) };
}
