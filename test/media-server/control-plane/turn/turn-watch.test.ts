import { Registry } from '@holdfast/media-server/control-plane/nodes/registry.ts';
import { MemoryStore } from '@holdfast/media-server/control-plane/store/memory-store.ts';
import { TurnWatch } from '@holdfast/media-server/control-plane/turn/turn-watch.ts';
import type { DrainReport } from '@holdfast/media-server/protocol/index.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { localMachine } from '../../machine-kind.ts';
import { oneWorker, someLoad } from '../../node-facts.ts';
import { ManualClock } from '../../process/manual-clock.ts';
import { silentLog } from '../silent-log.ts';

describe('the watch over TURN servers', () => {
  let clock: ManualClock;
  let registry: Registry;
  let gone: number;
  let watch: TurnWatch;
  beforeEach(async () => {
    clock = new ManualClock();
    const now = () => clock.now();
    registry = new Registry({
      nodes: new MemoryStore(now).nodes,
      nodeLostMs: 3500,
      sweepMs: 250,
      now,
      log: silentLog,
    });
    gone = 0;
    watch = new TurnWatch({
      registry,
      clock,
      onGone: () => {
        gone += 1;
      },
    });
    await heard();
    gone = 0;
  });

  const heard = (
    facts: {
      healthy?: boolean;
      drain?: DrainReport['state'];
      role?: 'media' | 'turn';
      allocations?: number;
    } = {},
  ) => {
    const { healthy = true, drain = 'active', role = 'turn', allocations = 0 } = facts;
    return registry.report({
      nodeId: 't1',
      rpcUrl: 'ws://127.0.0.1:1/',
      generation: 'g1',
      version: '1',
      startedAtMs: 1,
      ...localMachine,
      role,
      capacity: oneWorker,
      load: someLoad(),
      meetings: [],
      drain: { state: drain },
      relay: { healthy, allocations, users: 0, maxAllocations: 9, toClientsBytes: 0, fromClientsBytes: 0 },
    });
  };

  it.each([
    ['drains', { drain: 'draining' as const }],
    ['relays nothing any more', { healthy: false }],
  ])('says at once that one %s, and that once', async (_, facts) => {
    await heard(facts);
    await heard(facts);
    expect(gone).toBe(1);
  });

  it('says nothing of heartbeats that change nothing, nor of media nodes', async () => {
    await heard({ allocations: 5 });
    await heard({ role: 'media', drain: 'draining' });
    expect(gone).toBe(0);
  });

  it('takes one whose connection broke for gone when it does not dial anew at once', async () => {
    registry.disconnected('t1');
    await clock.advance(499);
    expect(gone).toBe(0);
    await clock.advance(1);
    expect(gone).toBe(1);
    expect(await registry.get('t1')).toMatchObject({ reachable: false });
  });

  it('takes one that dials anew for what it was', async () => {
    registry.disconnected('t1');
    await clock.advance(200);
    await heard();
    await clock.advance(1000);
    expect(gone).toBe(0);
    expect(await registry.get('t1')).toMatchObject({ reachable: true });
  });

  it('says that one has fallen silent, and that one has left, but not that one has come: nobody waits for it', async () => {
    await clock.advance(3501);
    // The first look after a long time proves nothing.
    await registry.sweep();
    await registry.sweep();
    expect(gone).toBe(1);
    await heard();
    expect(gone).toBe(1);
    await registry.leave('t1');
    expect(gone).toBe(2);
  });

  it('waits for nothing when it is closed', () => {
    registry.disconnected('t1');
    watch.close();
    expect(clock.pendingTimers).toBe(0);
  });
});
