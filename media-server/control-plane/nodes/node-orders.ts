import {
  type DrainReport,
  HoldfastError,
  type ParamsOf,
  type registryClientContract,
} from '../../protocol/index.ts';
import type { NodeConnection } from './node-listener.ts';
import type { Registry } from './registry.ts';

type Contract = typeof registryClientContract;

export interface NodeOrdersOptions {
  readonly registry: Registry;
  readonly connectionOf: (nodeId: string) => NodeConnection | undefined;
}

/** What a node is told to do, over its own connection. NODE_UNKNOWN, NODE_UNREACHABLE. */
export class NodeOrders {
  readonly #options: NodeOrdersOptions;

  constructor(options: NodeOrdersOptions) {
    this.#options = options;
  }

  async drain(nodeId: string, order: ParamsOf<Contract, 'node.drain'>): Promise<DrainReport> {
    return (await this.#connection(nodeId)).request('node.drain', order);
  }

  /** DRAIN_RELEASED after the release. */
  async cancelDrain(nodeId: string, order: ParamsOf<Contract, 'node.cancelDrain'>): Promise<DrainReport> {
    return (await this.#connection(nodeId)).request('node.cancelDrain', order);
  }

  /** To every TURN server: end what this participant relays. One that is not connected hears nothing of it, now or later. */
  async endRelays(whose: ParamsOf<Contract, 'relay.end'>): Promise<void> {
    const machines = await this.#options.registry.machines();
    const servers = machines.filter(({ role }) => role === 'turn');
    const connections = servers.flatMap(({ nodeId }) => this.#options.connectionOf(nodeId) ?? []);
    await Promise.all(connections.map((connection) => connection.request('relay.end', whose)));
  }

  async #connection(nodeId: string): Promise<NodeConnection> {
    const { registry, connectionOf } = this.#options;
    if (!(await registry.get(nodeId))) throw new HoldfastError('NODE_UNKNOWN', `there is no node ${nodeId}`);
    const connection = connectionOf(nodeId);
    if (!connection)
      throw new HoldfastError('NODE_UNREACHABLE', `node ${nodeId} is not connected at the moment`);
    return connection;
  }
}
