import { DrainOrders } from '@holdfast/media-server/control-plane/scaling/drain-orders.ts';
import { Leadership } from '@holdfast/media-server/control-plane/scaling/leadership.ts';
import { MemoryStore } from '@holdfast/media-server/control-plane/store/memory-store.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { beforeEach, describe, expect, it } from 'vitest';

const TTL_MS = 20_000;
const lost = expect.objectContaining({ code: 'LEASE_LOST' });

describe('orders of the autoscaler', () => {
  let nowMs: number;
  let leadership: Leadership;
  let done: string[];
  /** Nodes whose order hangs until it is let go. */
  let hanging: Map<string, PromiseWithResolvers<void>>;
  let orders: DrainOrders;
  const fenceOf = async (holder: string) => {
    const lead = await leadership.take(holder, TTL_MS);
    if (!lead.held) throw new Error(`${holder} does not lead`);
    return lead.fence;
  };
  const order = (nodeId: string, fence: number) => ({
    nodeId,
    fence,
    operationId: nodeId,
    reason: 'surplus',
  });
  const told = async (what: string, nodeId: string) => {
    await hanging.get(nodeId)?.promise;
    if (nodeId === 'unknown') throw new HoldfastError('NODE_UNKNOWN', 'there is none');
    done.push(`${what} ${nodeId}`);
    return { state: 'draining' as const };
  };
  beforeEach(() => {
    nowMs = 1_000_000;
    done = [];
    hanging = new Map();
    const now = () => nowMs;
    leadership = new Leadership({ ...new MemoryStore(now), now });
    orders = new DrainOrders({
      leadership,
      drain: (nodeId) => told('drain', nodeId),
      cancelDrain: (nodeId) => told('cancel', nodeId),
    });
  });

  it('are carried out under the present token alone: neither a late leader is obeyed nor one that never was', async () => {
    const before = await fenceOf('a');
    await orders.drain(order('n1', before));
    nowMs += TTL_MS;
    const after = await fenceOf('b');
    await expect(orders.drain(order('n2', before))).rejects.toEqual(lost);
    await expect(orders.cancelDrain(order('n1', before))).rejects.toEqual(lost);
    await expect(orders.drain(order('n2', after + 1))).rejects.toEqual(lost);
    await orders.cancelDrain(order('n1', after));
    expect(done).toEqual(['drain n1', 'cancel n1']);
  });

  it('that were under way when the lead went over come before what the next one orders', async () => {
    const before = await fenceOf('a');
    const gate = Promise.withResolvers<void>();
    hanging.set('n1', gate);
    const late = orders.drain(order('n1', before));
    // Waits for its turn behind the hanging one; by then it is void.
    const later = orders.drain(order('n2', before));
    later.catch(() => {});
    await leadership.resign(before);
    const after = await fenceOf('b');
    const cancelled = orders.cancelDrain(order('n1', after));
    gate.resolve();
    await late;
    await expect(later).rejects.toEqual(lost);
    await cancelled;
    expect(done).toEqual(['drain n1', 'cancel n1']);
  });

  it('go on after one has failed', async () => {
    const fence = await fenceOf('a');
    await expect(orders.drain(order('unknown', fence))).rejects.toHaveProperty('code', 'NODE_UNKNOWN');
    await orders.drain(order('n1', fence));
    expect(done).toEqual(['drain n1']);
  });
});
