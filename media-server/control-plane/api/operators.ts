import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  type DecisionList,
  type DrainReport,
  decisionQuery,
  drainNode,
  HoldfastError,
  type MeetingView,
  type NodeView,
  parsed,
} from '../../protocol/index.ts';
import * as v from '../../protocol/values.ts';
import type { Directory } from '../directory/directory.ts';
import type { NodeOrders } from '../nodes/node-orders.ts';
import type { RegisteredNode, Registry } from '../nodes/registry.ts';
import type { LookOptions } from '../scaling/decision-log.ts';
import type { MeetingRecord } from '../store/records.ts';
import type { Table } from '../store/store.ts';
import { type OnRefused, onlyBearer } from './auth.ts';
import { meetingViewOf } from './meeting-view.ts';

export interface OperatorRoutesOptions {
  readonly token: string;
  readonly registry: Registry;
  readonly directory: Directory;
  readonly meetings: Table<MeetingRecord>;
  readonly decisions: (look: LookOptions) => Promise<DecisionList>;
  readonly onRefused: OnRefused;
  readonly orders: NodeOrders;
  /** How the media of a meeting's participants goes. */
  readonly paths: (meetingId: string) => Pick<MeetingView, 'paths' | 'poorPaths'>;
}

/** What operators see and do: nodes, meetings, drains. */
export function operatorRoutes(app: FastifyInstance, options: OperatorRoutesOptions): void {
  const { registry, directory, meetings, orders } = options;
  const guard = { onRequest: onlyBearer('operator', options.token, options.onRefused) };

  app.get('/v1/nodes', guard, async () => ({ nodes: (await registry.machines()).map(nodeViewOf) }));

  app.get('/v1/meetings', guard, async () => {
    const [entries, records, nodes] = await Promise.all([directory.list(), meetings.list(), registry.list()]);
    const ids = new Set([...entries.keys(), ...records.keys()]);
    const views = [...ids]
      .sort()
      .map((id) => meetingViewOf(id, entries.get(id), records.get(id)?.value, nodes, options.paths(id)));
    return { meetings: views };
  });

  app.get('/v1/decisions', guard, (request) => options.decisions(parsed(decisionQuery, request.query)));

  /** The answer is fresher than the registry, which hears of it next. */
  const order = async (
    params: unknown,
    command: (nodeId: string) => Promise<DrainReport>,
  ): Promise<NodeView> => {
    const { id } = parsed(z.object({ id: v.nodeId }), params);
    const drain = await command(id);
    const node = await registry.get(id);
    if (!node) throw new HoldfastError('NODE_UNKNOWN', `node ${id} has just left`);
    return nodeViewOf({ ...node, drain });
  };

  app.post('/v1/nodes/:id/drain', guard, async (request, reply) => {
    const { reason, withinMs } = parsed(drainNode, request.body ?? {});
    const within = withinMs === undefined ? {} : { withinMs };
    const node = await order(request.params, (id) => orders.drain(id, { by: 'operator', reason, ...within }));
    return reply.status(202).send(node);
  });

  app.delete('/v1/nodes/:id/drain', guard, (request) =>
    order(request.params, (id) => orders.cancelDrain(id, { by: 'operator' })),
  );
}

function nodeViewOf(node: RegisteredNode): NodeView {
  const { nodeId, generation, version, startedAtMs, lastHeartbeatAtMs, reachable } = node;
  const { role, machineType, zone, market, workers, drain, load, meetings, turnUrls, relay } = node;
  return {
    nodeId,
    role,
    generation,
    version,
    machineType,
    zone,
    market,
    workers,
    startedAtMs,
    lastHeartbeatAtMs,
    reachable,
    drain,
    load,
    meetings,
    ...(turnUrls ? { turnUrls } : {}),
    ...(relay ? { relay } : {}),
  };
}
