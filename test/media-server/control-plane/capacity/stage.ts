import { DemandBoard } from '@holdfast/media-server/control-plane/capacity/demand-board.ts';
import { fleetGeneration } from '@holdfast/media-server/control-plane/capacity/fleet-generation.ts';
import { Placer } from '@holdfast/media-server/control-plane/capacity/placer.ts';
import { Directory } from '@holdfast/media-server/control-plane/directory/directory.ts';
import { Registry } from '@holdfast/media-server/control-plane/nodes/registry.ts';
import { MemoryStore } from '@holdfast/media-server/control-plane/store/memory-store.ts';
import type { NodeRecord } from '@holdfast/media-server/control-plane/store/records.ts';
import { localMachine } from '../../machine-kind.ts';
import { oneWorker, someLoad } from '../../node-facts.ts';
import { silentLog } from '../silent-log.ts';

/** Placement, reservations and demand over a store, with a clock that the test moves. */
export class CapacityStage {
  nowMs = 1_000_000;
  readonly now = () => this.nowMs;
  readonly store = new MemoryStore(this.now);
  readonly registry = new Registry({
    nodes: this.store.nodes,
    nodeLostMs: 3500,
    sweepMs: 250,
    now: this.now,
    log: silentLog,
  });
  readonly directory = new Directory(this.store.directory, this.now);
  readonly demand = new DemandBoard({
    wishes: this.store.wishes,
    meetings: this.store.meetings,
    directory: this.directory,
    now: this.now,
  });
  readonly placer = new Placer({
    registry: this.registry,
    reservations: this.store.reservations,
    generation: () => fleetGeneration(this.store.fleets, this.nowMs),
    now: this.now,
  });

  /** A node of one empty worker says that it is there. */
  async report(nodeId: string, change: Partial<NodeRecord> = {}): Promise<void> {
    await this.registry.report({
      nodeId,
      rpcUrl: 'ws://127.0.0.1:1/rpc',
      generation: 'g1',
      version: '1',
      startedAtMs: 1,
      ...localMachine,
      capacity: oneWorker,
      drain: { state: 'active' },
      load: someLoad(),
      meetings: [],
      ...change,
    });
  }

  /** "m on n1: expected 264". */
  async reserved(): Promise<string[]> {
    return [...(await this.store.reservations.list()).values()]
      .flatMap(({ value }) => value)
      .map(
        ({ meetingId, nodeId, purpose, shares }) =>
          `${meetingId} on ${nodeId}: ${purpose} ${shares[0]?.streams}`,
      )
      .sort();
  }
}
