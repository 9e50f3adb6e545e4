import type { Journal, Lease } from '@holdfast/lifecycle-hooks/autoscaler/lease.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

export interface LeaseUnderTest {
  readonly lease: Lease;
  /** Moves the store's clock, ms. */
  pass(ms: number): void;
  close?(): Promise<void>;
}

const TTL_MS = 20_000;
const lost = expect.objectContaining({ code: 'LEASE_LOST' });
const journal = (sequence: number): Journal => ({ id: 'journal', sequence, intent: null });

/** What the autoscaler may rely on, wherever its lease is kept. */
export function leaseContract(where: string, make: () => LeaseUnderTest | Promise<LeaseUnderTest>): void {
  describe(`lease in ${where}`, () => {
    let lease: Lease;
    let pass: (ms: number) => void;
    let close: (() => Promise<void>) | undefined;
    beforeEach(async () => {
      ({ lease, pass, close } = await make());
    });
    afterEach(() => close?.());
    const fenceOf = async (holder: string) => {
      const lead = await lease.take(holder, TTL_MS);
      if (!lead.held) throw new Error(`${holder} does not lead`);
      return lead.fence;
    };

    it('has one holder, who keeps it with the same token as long as it asks in time', async () => {
      const fence = await fenceOf('a');
      for (let turn = 0; turn < 5; turn += 1) {
        pass(TTL_MS - 1);
        expect(await lease.take('b', TTL_MS)).toEqual({ held: false, by: 'a' });
        expect(await fenceOf('a')).toBe(fence);
      }
    });

    it('goes to another when its time is over, with a higher token', async () => {
      const before = await fenceOf('a');
      pass(TTL_MS);
      expect(await fenceOf('b')).toBeGreaterThan(before);
      expect(await lease.take('a', TTL_MS)).toEqual({ held: false, by: 'b' });
    });

    it('takes nothing more from who led before, whatever the clock of that one says', async () => {
      const before = await fenceOf('a');
      await lease.write(before, journal(1));
      pass(TTL_MS);
      const after = await fenceOf('b');
      await expect(lease.write(before, journal(2))).rejects.toEqual(lost);
      await lease.write(after, journal(3));
      expect(await lease.take('b', TTL_MS)).toMatchObject({ journal: journal(3) });
    });

    it('hands the journal on', async () => {
      const lead = await lease.take('a', TTL_MS);
      expect(lead).toMatchObject({ held: true, journal: null });
      await lease.write(await fenceOf('a'), journal(7));
      pass(TTL_MS);
      expect(await lease.take('b', TTL_MS)).toMatchObject({ held: true, journal: journal(7) });
    });

    it('gives the same holder a new token when it came too late: somebody may have led meanwhile', async () => {
      const before = await fenceOf('a');
      pass(TTL_MS);
      expect(await fenceOf('a')).toBeGreaterThan(before);
      await expect(lease.write(before, journal(1))).rejects.toEqual(lost);
    });

    it('goes to another at once when its holder resigns, but not when one resigns who leads no more', async () => {
      const before = await fenceOf('a');
      await lease.resign(before);
      const after = await fenceOf('b');
      expect(after).toBeGreaterThan(before);
      await lease.resign(before);
      expect(await lease.take('a', TTL_MS)).toEqual({ held: false, by: 'b' });
    });
  });
}
