import { Directory } from '@holdfast/media-server/control-plane/directory/directory.ts';
import { MemoryStore } from '@holdfast/media-server/control-plane/store/memory-store.ts';
import type { DirectoryEntry } from '@holdfast/media-server/control-plane/store/records.ts';
import type { Table } from '@holdfast/media-server/control-plane/store/store.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const nodes = ['n1', 'n2', 'n3', 'n4'];
const anyNode = fc.constantFrom(...nodes);

/** What somebody does, having read the entry at some earlier time. */
const anyAct = fc.record({
  act: fc.constantFrom('place', 'move', 'commit', 'abort', 'lost home', 'lost target', 'end', 'claim'),
  node: anyNode,
});
type Act = typeof anyAct extends fc.Arbitrary<infer A> ? A : never;

/** Lets the scheduler decide in which order the reads and writes of all users happen, and keeps what was written. */
function recorded(table: Table<DirectoryEntry>, scheduler: fc.Scheduler) {
  const written: DirectoryEntry[] = [];
  const turn = (label: string) => scheduler.schedule(Promise.resolve(), label);
  const scheduled: Table<DirectoryEntry> = {
    ...table,
    list: () => table.list(),
    set: (key, value, options) => table.set(key, value, options),
    delete: (key, expected) => table.delete(key, expected),
    get: async (key) => {
      await turn('get');
      return table.get(key);
    },
    compareAndSet: async (key, expected, value, options) => {
      await turn('compareAndSet');
      const done = await table.compareAndSet(key, expected, value, options);
      if (done) written.push(value);
      return done;
    },
  };
  return { scheduled, written };
}

async function perform(directory: Directory, { act, node }: Act): Promise<void> {
  const entry = await directory.get('m');
  const from = { nodeId: entry?.nodeId ?? node, epoch: entry?.epoch ?? 1 };
  const target = entry?.state === 'moving' ? entry.movingTo : { nodeId: node, epoch: from.epoch };
  switch (act) {
    case 'place':
      await directory.place('m', node);
      return;
    case 'move':
      await directory.beginMove('m', from, node);
      return;
    case 'commit':
      await directory.commitMove('m', from, target.nodeId);
      return;
    case 'abort':
      await directory.abortMove('m', from, target.nodeId);
      return;
    case 'lost home':
      await directory.replaceLost('m', from, node);
      return;
    case 'lost target':
      await directory.replaceLost('m', target, node);
      return;
    case 'end':
      await directory.end('m', from);
      return;
    default:
      await directory.merge('m', [{ ...from, role: 'home' }]);
  }
}

describe('the directory', () => {
  it('gives each epoch to one node, and lets them only grow, however its users interleave', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.array(anyAct, { maxLength: 4 }), { maxLength: 5 }),
        async (s, users) => {
          const { scheduled, written } = recorded(new MemoryStore().directory, s);
          const directory = new Directory(scheduled, () => 1);
          const all = users.map(async (acts) => {
            for (const act of acts) {
              await perform(directory, act).catch((error: unknown) => {
                expect(error).toHaveProperty('code', 'EPOCH_STALE');
              });
            }
          });
          await s.waitFor(Promise.all(all));

          const nodeOf = new Map<number, string>();
          let before: DirectoryEntry | undefined;
          for (const entry of written) {
            expect(entry.epoch).toBeGreaterThanOrEqual(before?.epoch ?? 0);
            expect(entry.issuedEpoch).toBeGreaterThanOrEqual(before?.issuedEpoch ?? 0);
            for (const place of entry.state === 'moving' ? [entry, entry.movingTo] : [entry]) {
              expect(nodeOf.get(place.epoch) ?? place.nodeId).toBe(place.nodeId);
              expect(place.epoch).toBeLessThanOrEqual(entry.issuedEpoch);
              nodeOf.set(place.epoch, place.nodeId);
            }
            before = entry;
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never makes a home of an epoch that was given up, whoever claims what', async () => {
    const anyClaim = fc.record({
      nodeId: anyNode,
      epoch: fc.integer({ min: 1, max: 4 }),
      role: fc.constantFrom('home' as const, 'incoming' as const, 'outgoing' as const),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(anyNode, fc.array(anyClaim, { maxLength: 4 })), { minLength: 1, maxLength: 6 }),
        async (attempts) => {
          const directory = new Directory(new MemoryStore().directory, () => 1);
          const home = await directory.place('m', 'n0');
          for (const [target, claims] of attempts) {
            const movingTo = await directory.beginMove('m', { nodeId: 'n0', epoch: home.epoch }, target);
            await directory.abortMove('m', { nodeId: 'n0', epoch: home.epoch }, target);
            // What nodes say of epochs that were never given out is another matter: a store may have been set back.
            const known = claims.filter(({ epoch }) => epoch <= movingTo.epoch && epoch !== home.epoch);
            expect(await directory.merge('m', known)).toMatchObject({
              state: 'home',
              nodeId: 'n0',
              epoch: home.epoch,
            });
          }
        },
      ),
    );
  });

  it('gives a meeting one first home, the same for everybody who asks at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(anyNode, { minLength: 2, maxLength: 6 }),
        async (s, wishes) => {
          const { scheduled, written } = recorded(new MemoryStore().directory, s);
          const directory = new Directory(scheduled, () => 1);
          const homes = await s.waitFor(Promise.all(wishes.map((node) => directory.place('m', node))));
          expect(new Set(homes.map(({ nodeId }) => nodeId)).size).toBe(1);
          expect(written).toHaveLength(1);
        },
      ),
    );
  });

  it('elects one new home after a loss, the same for everybody who noticed it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(anyNode, { minLength: 2, maxLength: 6 }),
        async (s, wishes) => {
          const store = new MemoryStore();
          const lost = await new Directory(store.directory, () => 1).place('m', 'lost');
          const { scheduled, written } = recorded(store.directory, s);
          const directory = new Directory(scheduled, () => 1);
          const elections = wishes.map((node) =>
            directory.replaceLost('m', { nodeId: 'lost', epoch: lost.epoch }, node),
          );
          const homes = await s.waitFor(Promise.all(elections));
          expect(new Set(homes.map((entry) => `${entry?.nodeId} ${entry?.epoch}`)).size).toBe(1);
          expect(written).toHaveLength(1);
          expect(wishes).toContain(homes[0]?.nodeId);
        },
      ),
    );
  });

  it('tells who comes too late with a move that it has an old view', async () => {
    const directory = new Directory(new MemoryStore().directory, () => 1);
    await directory.place('m', 'n1');
    await directory.replaceLost('m', { nodeId: 'n1', epoch: 1 }, 'n2');
    await expect(directory.beginMove('m', { nodeId: 'n1', epoch: 1 }, 'n3')).rejects.toHaveProperty(
      'code',
      'EPOCH_STALE',
    );
  });
});
