import { Leadership } from '@holdfast/media-server/control-plane/scaling/leadership.ts';
import { MemoryStore } from '@holdfast/media-server/control-plane/store/memory-store.ts';
import type { LeaderRecord } from '@holdfast/media-server/control-plane/store/records.ts';
import type { Table } from '@holdfast/media-server/control-plane/store/store.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leaseContract } from '../../../lifecycle-hooks/autoscaler/lease-contract.ts';

const TTL_MS = 20_000;
const lost = expect.objectContaining({ code: 'LEASE_LOST' });

function storeWithClock(beginsAtMs = 1_000_000) {
  const clock = { nowMs: beginsAtMs };
  const now = () => clock.nowMs;
  return { clock, now, store: new MemoryStore(now) };
}

leaseContract("the control plane's store", () => {
  const { clock, now, store } = storeWithClock();
  return {
    lease: new Leadership({ ...store, now }),
    pass: (ms) => {
      clock.nowMs += ms;
    },
  };
});

describe("the autoscalers' leadership", () => {
  it('refuses every token but the present one, lower or higher: none that was never given out is obeyed', async () => {
    const { now, store } = storeWithClock();
    const leadership = new Leadership({ ...store, now });
    await expect(leadership.assertLeads(1)).rejects.toEqual(lost);
    const lead = await leadership.take('a', TTL_MS);
    if (!lead.held) throw new Error('a does not lead');
    await leadership.assertLeads(lead.fence);
    await expect(leadership.assertLeads(lead.fence - 1)).rejects.toEqual(lost);
    await expect(leadership.assertLeads(lead.fence + 1)).rejects.toEqual(lost);
    await expect(leadership.assertLeads(Number.MAX_SAFE_INTEGER)).rejects.toEqual(lost);
  });

  it('gives out higher tokens after the store was lost: who led before that is refused', async () => {
    const before = storeWithClock();
    const led = await new Leadership({ ...before.store, now: before.now }).take('a', TTL_MS);
    const after = storeWithClock(before.clock.nowMs + 5000);
    const leadership = new Leadership({ ...after.store, now: after.now });
    const leads = await leadership.take('b', TTL_MS);
    if (!led.held || !leads.held) throw new Error('nobody leads');
    expect(leads.fence).toBeGreaterThan(led.fence);
    await expect(leadership.assertLeads(led.fence)).rejects.toEqual(lost);
  });

  /** Replicas whose reads and writes come in any order, some of which stop for good in the middle. */
  it('has one holder and one token at a time, whatever order the calls of several replicas come in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.record({ holder: fc.constantFrom('a', 'b', 'c'), dies: fc.nat(12) }), {
          minLength: 2,
          maxLength: 6,
        }),
        async (scheduler, takes) => {
          const { clock, now, store } = storeWithClock();
          const fences = new Map<number, string>();
          const violations: string[] = [];
          const running = takes.map(async ({ holder, dies }) => {
            let left = dies;
            const table = <T>(inner: Table<T>): Table<T> => {
              const late = async <R>(call: () => Promise<R>): Promise<R> => {
                left -= 1;
                if (left === 0) await new Promise(() => {});
                await scheduler.schedule(Promise.resolve());
                return call();
              };
              return {
                get: (key) => late(() => inner.get(key)),
                list: () => late(() => inner.list()),
                compareAndSet: (...args) => late(() => inner.compareAndSet(...args)),
                set: (...args) => late(() => inner.set(...args)),
                delete: (...args) => late(() => inner.delete(...args)),
              };
            };
            const leadership = new Leadership({
              leaders: table<LeaderRecord>(store.leaders),
              terms: table(store.terms),
              now,
            });
            const lead = await leadership.take(holder, TTL_MS).catch(() => undefined);
            if (!lead?.held) return;
            if ((fences.get(lead.fence) ?? holder) !== holder) violations.push(`two have ${lead.fence}`);
            fences.set(lead.fence, holder);
          });
          // Those who died never come to an end.
          await Promise.race([Promise.all(running), scheduler.waitIdle()]);
          expect(violations).toEqual([]);
          // Whatever was left half done: when the leases are over, somebody can lead.
          clock.nowMs += TTL_MS;
          const next = await new Leadership({ ...store, now }).take('next', TTL_MS);
          expect(next.held).toBe(true);
          if (next.held) for (const fence of fences.keys()) expect(next.fence).toBeGreaterThan(fence);
        },
      ),
      { numRuns: 300 },
    );
  });
});
