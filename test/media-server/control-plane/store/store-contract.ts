import type { MeetingRecord } from '@holdfast/media-server/control-plane/store/records.ts';
import type { Store } from '@holdfast/media-server/control-plane/store/store.ts';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

export interface StoreUnderTest {
  readonly store: Store;
  /** Lets this much time pass for the store. */
  readonly advance: (ms: number) => Promise<void>;
}

const record = (meetingId: string, createdAtMs = 1): MeetingRecord => ({
  meetingId,
  createdAtMs,
  startsAtMs: null,
  expectedParticipants: null,
});

/** What every store must do. Give it a function that makes an empty one. */
export function describeStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store`, () => {
    let store: Store;
    let advance: StoreUnderTest['advance'];
    beforeEach(async () => {
      ({ store, advance } = await make());
    });
    afterEach(() => store.close());

    it('has no row that nobody wrote', async () => {
      expect(await store.meetings.get('a')).toBeUndefined();
      expect((await store.meetings.list()).size).toBe(0);
    });

    it('gives back what was set, under its key and in its table only', async () => {
      await store.meetings.set('a', record('a'));
      expect((await store.meetings.get('a'))?.value).toEqual(record('a'));
      expect(await store.meetings.get('b')).toBeUndefined();
      expect(await store.endedSessions.get('a')).toBeUndefined();
    });

    it('lists every row by key', async () => {
      await store.meetings.set('a', record('a'));
      await store.meetings.set('b', record('b'));
      const rows = await store.meetings.list();
      expect([...rows].map(([key, { value }]) => [key, value.meetingId]).sort()).toEqual([
        ['a', 'a'],
        ['b', 'b'],
      ]);
    });

    it('hands out copies: changing one changes nothing in the store', async () => {
      const mine = { reason: 'left', endedAtMs: 1 };
      await store.endedSessions.set('s', mine);
      mine.reason = 'changed by its writer';
      const read = await store.endedSessions.get('s');
      if (read) read.value.reason = 'changed by its reader';
      expect((await store.endedSessions.get('s'))?.value.reason).toBe('left');
    });

    it('creates by compare-and-set only where there is no row', async () => {
      expect(await store.meetings.compareAndSet('a', undefined, record('a', 1))).toBe(true);
      expect(await store.meetings.compareAndSet('a', undefined, record('a', 2))).toBe(false);
      expect((await store.meetings.get('a'))?.value.createdAtMs).toBe(1);
    });

    it('writes by compare-and-set only over the version that was read', async () => {
      await store.meetings.set('a', record('a', 1));
      const read = await store.meetings.get('a');
      await store.meetings.set('a', record('a', 2));
      expect(await store.meetings.compareAndSet('a', read?.version, record('a', 3))).toBe(false);
      const again = await store.meetings.get('a');
      expect(await store.meetings.compareAndSet('a', again?.version, record('a', 3))).toBe(true);
      expect((await store.meetings.get('a'))?.value.createdAtMs).toBe(3);
    });

    it('does not take an equal value for an unchanged row', async () => {
      await store.meetings.set('a', record('a', 1));
      const read = await store.meetings.get('a');
      await store.meetings.set('a', record('a', 2));
      await store.meetings.set('a', record('a', 1));
      expect(await store.meetings.compareAndSet('a', read?.version, record('a', 3))).toBe(false);
    });

    it('does not take a row made anew for the one that was deleted', async () => {
      await store.meetings.set('a', record('a', 1));
      const read = await store.meetings.get('a');
      await store.meetings.delete('a');
      await store.meetings.set('a', record('a', 1));
      expect(await store.meetings.compareAndSet('a', read?.version, record('a', 2))).toBe(false);
    });

    it('lets exactly one of many writers with the same expectation win', async () => {
      const wins = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          store.meetings.compareAndSet('a', undefined, record('a', i + 1)),
        ),
      );
      expect(wins.filter(Boolean)).toHaveLength(1);
      expect((await store.meetings.get('a'))?.value.createdAtMs).toBe(wins.indexOf(true) + 1);
    });

    it('deletes, and says whether there was something', async () => {
      await store.meetings.set('a', record('a'));
      expect(await store.meetings.delete('a')).toBe(true);
      expect(await store.meetings.delete('a')).toBe(false);
      expect(await store.meetings.get('a')).toBeUndefined();
    });

    it('deletes a named version only while it is there', async () => {
      await store.meetings.set('a', record('a', 1));
      const read = await store.meetings.get('a');
      await store.meetings.set('a', record('a', 2));
      expect(await store.meetings.delete('a', read?.version)).toBe(false);
      expect((await store.meetings.get('a'))?.value.createdAtMs).toBe(2);
    });

    it('forgets a row when its time is over, and then lets it be created again', async () => {
      await store.meetings.set('a', record('a', 1), { ttlMs: 1000 });
      await store.meetings.set('b', record('b', 1));
      await advance(900);
      expect(await store.meetings.get('a')).toBeDefined();
      await advance(200);
      expect(await store.meetings.get('a')).toBeUndefined();
      expect([...(await store.meetings.list()).keys()]).toEqual(['b']);
      expect(await store.meetings.compareAndSet('a', undefined, record('a', 2))).toBe(true);
    });

    it('counts the time of a row from its last write, and keeps it for good when that names no time', async () => {
      await store.meetings.set('a', record('a', 1), { ttlMs: 1000 });
      await advance(900);
      await store.meetings.set('a', record('a', 2), { ttlMs: 1000 });
      await advance(900);
      expect((await store.meetings.get('a'))?.value.createdAtMs).toBe(2);
      await store.meetings.set('a', record('a', 3));
      await advance(5000);
      expect((await store.meetings.get('a'))?.value.createdAtMs).toBe(3);
    });

    it('loses no increment of counters that many change at once', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 6 }),
          fc.integer({ min: 1, max: 5 }),
          async (writers, each) => {
            await store.meetings.set('n', record('n', 0));
            const increment = async (): Promise<void> => {
              const row = await store.meetings.get('n');
              const next = record('n', (row?.value.createdAtMs ?? 0) + 1);
              if (!(await store.meetings.compareAndSet('n', row?.version, next))) await increment();
            };
            await Promise.all(
              Array.from({ length: writers }, async () => {
                for (let i = 0; i < each; i += 1) await increment();
              }),
            );
            expect((await store.meetings.get('n'))?.value.createdAtMs).toBe(writers * each);
          },
        ),
        { numRuns: 20 },
      );
    });
  });
}
