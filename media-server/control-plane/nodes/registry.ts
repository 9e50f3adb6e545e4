import { EventEmitter } from 'eventemitter3';
import type { Logger } from '../../process/logger.ts';
import type { NodeRecord } from '../store/records.ts';
import type { Table } from '../store/store.ts';

export interface RegistryOptions {
  readonly nodes: Table<NodeRecord>;
  /** No heartbeat for this long: the node is lost. */
  readonly nodeLostMs: number;
  /** How often `sweep` is called, ms. */
  readonly sweepMs: number;
  readonly now: () => number;
  readonly log: Logger;
}

export interface RegisteredNode extends NodeRecord {
  /** It has been heard of lately and nobody has found it dead. */
  readonly reachable: boolean;
}

interface RegistryEvents {
  lost: (nodeId: string) => void;
  left: (nodeId: string) => void;
  /** Anything was heard of this node. */
  reported: (node: Omit<NodeRecord, 'lastHeartbeatAtMs'>) => void;
  /** Its connection has broken: it may dial anew in a moment, or be gone. */
  disconnected: (nodeId: string) => void;
}

/** A sweep that is later than this says that this process itself stood still, ms. */
const STALL_MS = 500;
/** Lost nodes stay visible to operators this long, ms. */
const FORGET_LOST_MS = 600_000;
/** How long a suspicion counts if the node neither registers anew nor answers, ms. */
const SUSPICION_MS = 5000;

/** All machines, as their heartbeats describe them. Nothing here has timers: whoever owns it calls `sweep`. */
export class Registry extends EventEmitter<RegistryEvents> {
  readonly #options: RegistryOptions;
  readonly #known = new Set<string>();
  readonly #lost = new Set<string>();
  readonly #left = new Set<string>();
  readonly #suspectUntilMs = new Map<string, number>();
  #sweptAtMs: number;

  constructor(options: RegistryOptions) {
    super();
    this.#options = options;
    this.#sweptAtMs = options.now();
  }

  /** A registration or a heartbeat. */
  async report(node: Omit<NodeRecord, 'lastHeartbeatAtMs'>): Promise<void> {
    const { nodeId } = node;
    const record = { ...node, lastHeartbeatAtMs: this.#options.now() };
    await this.#options.nodes.set(nodeId, record, { ttlMs: FORGET_LOST_MS });
    const returned = this.#lost.delete(nodeId);
    const appeared = returned || !this.#known.has(nodeId);
    this.#known.add(nodeId);
    this.#left.delete(nodeId);
    if (appeared) {
      this.#options.log.info({ nodeId, rpcUrl: node.rpcUrl, returned }, 'node.appeared');
    }
    this.emit('reported', node);
  }

  /** The process stops on purpose. */
  async leave(nodeId: string): Promise<void> {
    await this.#options.nodes.delete(nodeId);
    this.#known.delete(nodeId);
    this.#lost.delete(nodeId);
    this.#left.add(nodeId);
    this.#suspectUntilMs.delete(nodeId);
    this.#options.log.info({ nodeId }, 'node.left');
    this.emit('left', nodeId);
  }

  /** It has lost its connection, without a goodbye. */
  disconnected(nodeId: string): void {
    this.emit('disconnected', nodeId);
  }

  /** It said goodbye: nobody need wait for it. */
  hasLeft(nodeId: string): boolean {
    return this.#left.has(nodeId);
  }

  /** Somebody could not reach the node. It gets nothing new until it is heard of on a fresh connection, or for a while. */
  suspect(nodeId: string): void {
    this.#suspectUntilMs.set(nodeId, this.#options.now() + SUSPICION_MS);
  }

  /** It answers: on a fresh connection of its own, or one of ours. */
  trust(nodeId: string): void {
    this.#suspectUntilMs.delete(nodeId);
  }

  /** Declares those lost that have been silent too long. */
  async sweep(): Promise<void> {
    const nowMs = this.#options.now();
    const lateMs = nowMs - this.#sweptAtMs - this.#options.sweepMs;
    this.#sweptAtMs = nowMs;
    // The heartbeats of the time in which we stood still wait to be read; until then silence proves nothing.
    if (lateMs > STALL_MS) return;
    for (const [nodeId, { value }] of await this.#options.nodes.list()) {
      this.#known.add(nodeId);
      if (this.#lost.has(nodeId) || this.#heardLately(value)) continue;
      this.#lost.add(nodeId);
      const silentMs = nowMs - value.lastHeartbeatAtMs;
      this.#options.log.warn({ nodeId, silentMs, meetings: value.meetings.length }, 'node.lost');
      this.emit('lost', nodeId);
    }
  }

  async get(nodeId: string): Promise<RegisteredNode | undefined> {
    const row = await this.#options.nodes.get(nodeId);
    return row && this.#view(row.value);
  }

  /** The media nodes: those that a meeting can live on. */
  async list(): Promise<RegisteredNode[]> {
    return (await this.machines()).filter(({ role }) => role === 'media');
  }

  /** Every machine, whatever its role. */
  async machines(): Promise<RegisteredNode[]> {
    return [...(await this.#options.nodes.list()).values()]
      .map(({ value }) => this.#view(value))
      .sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  }

  #view(record: NodeRecord): RegisteredNode {
    const suspectUntilMs = this.#suspectUntilMs.get(record.nodeId) ?? 0;
    return { ...record, reachable: this.#heardLately(record) && suspectUntilMs <= this.#options.now() };
  }

  #heardLately({ lastHeartbeatAtMs }: NodeRecord): boolean {
    return this.#options.now() - lastHeartbeatAtMs <= this.#options.nodeLostMs;
  }
}
