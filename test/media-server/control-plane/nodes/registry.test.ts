import { Claims } from '@holdfast/media-server/control-plane/directory/claims.ts';
import { Directory } from '@holdfast/media-server/control-plane/directory/directory.ts';
import { Registry } from '@holdfast/media-server/control-plane/nodes/registry.ts';
import { MemoryStore } from '@holdfast/media-server/control-plane/store/memory-store.ts';
import type { HeldMeeting, MachineRole } from '@holdfast/media-server/protocol/index.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { localMachine } from '../../machine-kind.ts';
import { oneWorker, someLoad, someMeeting } from '../../node-facts.ts';
import { silentLog } from '../silent-log.ts';

const nodeLostMs = 3500;
const sweepMs = 250;

describe('registry', () => {
  let nowMs: number;
  let store: MemoryStore;
  let registry: Registry;
  let events: string[];

  beforeEach(() => {
    nowMs = 1_000_000;
    store = new MemoryStore(() => nowMs);
    registry = new Registry({ nodes: store.nodes, nodeLostMs, sweepMs, now: () => nowMs, log: silentLog });
    events = [];
    for (const name of ['lost', 'left'] as const) {
      registry.on(name, (nodeId) => events.push(`${name} ${nodeId}`));
    }
  });

  const report = (nodeId: string, meetings: HeldMeeting[] = [], role: MachineRole = 'media') =>
    registry.report({
      nodeId,
      rpcUrl: 'ws://127.0.0.1:1/rpc',
      generation: 'g1',
      version: '1',
      startedAtMs: 1,
      ...localMachine,
      role,
      capacity: oneWorker,
      drain: { state: 'active' },
      load: someLoad(),
      meetings,
    });
  const held = (meetingId: string, epoch: number) => someMeeting({ meetingId, epoch });
  const reachable = async (nodeId: string) => (await registry.get(nodeId))?.reachable;
  const pass = async (ms: number) => {
    for (const endMs = nowMs + ms; nowMs < endMs; ) {
      nowMs = Math.min(endMs, nowMs + sweepMs);
      await registry.sweep();
    }
  };

  it('holds a node for reachable as long as its heartbeats come', async () => {
    for (let i = 0; i < 5; i += 1) {
      await report('n1');
      await pass(nodeLostMs);
    }
    expect(await reachable('n1')).toBe(true);
    expect(events).toEqual([]);
  });

  it('offers media nodes alone for meetings, and shows every machine to operators', async () => {
    await report('n1');
    await report('t1', [], 'turn');
    expect((await registry.list()).map(({ nodeId }) => nodeId)).toEqual(['n1']);
    expect((await registry.machines()).map(({ nodeId, role }) => `${nodeId} ${role}`)).toEqual([
      'n1 media',
      't1 turn',
    ]);
  });

  it('declares a silent node lost, once, and still shows it', async () => {
    await report('n1');
    await pass(nodeLostMs + 1);
    await pass(1000);
    expect(events).toEqual(['lost n1']);
    expect((await registry.list()).map(({ nodeId, reachable: r }) => [nodeId, r])).toEqual([['n1', false]]);
  });

  it('takes a lost node back when it is heard of again', async () => {
    await report('n1');
    await pass(nodeLostMs + 1);
    await report('n1');
    expect(await reachable('n1')).toBe(true);
    await pass(nodeLostMs + 1);
    expect(events).toEqual(['lost n1', 'lost n1']);
  });

  it('does not take its own standstill for the silence of all nodes', async () => {
    await report('n1');
    nowMs += 60_000;
    await registry.sweep();
    await report('n1');
    await pass(1000);
    expect(events).toEqual([]);
  });

  it('forgets a node that left on purpose, without raising an alarm', async () => {
    await report('n1');
    await registry.leave('n1');
    await pass(nodeLostMs + 1);
    expect(events).toEqual(['left n1']);
    expect(await registry.list()).toEqual([]);
  });

  it('gives a node that somebody could not reach nothing until it is trusted again, or a while later', async () => {
    await report('n1');
    registry.suspect('n1');
    expect(await reachable('n1')).toBe(false);
    registry.trust('n1');
    expect(await reachable('n1')).toBe(true);
    registry.suspect('n1');
    nowMs += 10_000;
    await report('n1');
    expect(await reachable('n1')).toBe(true);
  });

  describe('and the claims of its nodes', () => {
    let directory: Directory;
    let claims: Claims;
    beforeEach(() => {
      directory = new Directory(store.directory, () => nowMs);
      claims = new Claims(directory, registry, () => nowMs);
    });
    const hear = async (nodeId: string, meetings: HeldMeeting[]) => {
      await report(nodeId, meetings);
      await claims.mergeFrom(nodeId);
    };

    it('rebuild a directory that was wiped', async () => {
      await hear('n1', [held('m1', 4), held('m2', 1)]);
      expect(await directory.get('m1')).toMatchObject({ state: 'home', nodeId: 'n1', epoch: 4 });
      expect(await directory.get('m2')).toMatchObject({ state: 'home', nodeId: 'n1', epoch: 1 });
    });

    it('read all nodes only when something is new, or when the directory has lost it', async () => {
      let looks = 0;
      const list = registry.list.bind(registry);
      registry.list = () => {
        looks += 1;
        return list();
      };
      await hear('n1', [held('m1', 4)]);
      for (let second = 0; second < 60; second += 1) {
        nowMs += 1000;
        await hear('n1', [held('m1', 4)]);
      }
      expect(looks).toBe(1);
      await store.directory.delete('m1');
      nowMs += 6000;
      await hear('n1', [held('m1', 4)]);
      expect(looks).toBe(2);
      expect(await directory.get('m1')).toMatchObject({ state: 'home', nodeId: 'n1', epoch: 4 });
    });

    it('a lost node that comes back does not regain what was recovered elsewhere', async () => {
      await hear('n1', [held('m1', 1)]);
      await hear('n2', []);
      await pass(nodeLostMs + 1);
      await hear('n2', []);
      await directory.replaceLost('m1', { nodeId: 'n1', epoch: 1 }, 'n2');
      await hear('n1', [held('m1', 1)]);
      expect(await directory.get('m1')).toMatchObject({ state: 'home', nodeId: 'n2', epoch: 2 });
    });

    it('a lost node that comes back keeps what nobody has recovered', async () => {
      await hear('n1', [held('m1', 1)]);
      await pass(nodeLostMs + 1);
      await hear('n1', [held('m1', 1)]);
      expect(await directory.get('m1')).toMatchObject({ state: 'home', nodeId: 'n1', epoch: 1 });
    });

    it('end a meeting that its node no longer speaks of, though nobody said that it ended', async () => {
      await hear('n1', [held('m1', 1), held('m2', 1)]);
      nowMs += 61_000;
      await hear('n1', [held('m2', 1)]);
      await claims.endUnconfirmed();
      expect(await directory.get('m1')).toBeUndefined();
      expect(await directory.get('m2')).toBeDefined();
    });

    it('do not end a meeting that has only just been placed', async () => {
      await hear('n1', []);
      await directory.place('m1', 'n1');
      await claims.endUnconfirmed();
      expect(await directory.get('m1')).toBeDefined();
    });
  });
});
