import { isDeepStrictEqual } from 'node:util';
import { deadlineAtMs, gainMs } from '@holdfast/lifecycle-hooks/clouds/deadline.ts';
import type { Notice, NoticeSource } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** One machine of a cloud that can be given notice, made for one test. */
export interface NoticesUnderTest {
  /** A source as a newly started agent has it. */
  source(): NoticeSource;
  /** The cloud wants the machine to end, and waits for it. Resolves with the notice's true deadline. */
  terminate(): Promise<{ readonly deadlineMs: number | undefined }>;
  /** The cloud takes the machine in any case. Undefined where the cloud has no such thing. */
  readonly preempt?: () => Promise<{ readonly deadlineMs: number | undefined }>;
  /** The cloud takes back its only pending word. Undefined where the cloud never does. */
  readonly withdraw?: () => Promise<void>;
  /** The metadata service is gone for a moment. Undefined where that cannot be. */
  readonly interrupt?: () => Promise<void>;
  /** Lets time pass, ms. */
  pass(ms: number): Promise<void>;
  /** Whether the machine was let go. */
  isGone(): boolean;
  /** Lets the cloud work until the condition holds. */
  until(what: string, condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** What the drain agent may rely on, whatever the cloud. */
export function noticeSourceContract(cloud: string, make: () => Promise<NoticesUnderTest>): void {
  describe(`notice source of ${cloud}`, { timeout: 20_000 }, () => {
    let machine: NoticesUnderTest;
    let stop: AbortController;
    let watching: Promise<void>[];

    beforeEach(async () => {
      machine = await make();
      stop = new AbortController();
      watching = [];
    });
    afterEach(async () => {
      stop.abort();
      await Promise.all(watching);
      await machine.close();
    });

    /** Everything that a new watch hears. */
    const hear = (signal = stop.signal): Notice[] => {
      const heard: Notice[] = [];
      const watch = async () => {
        for await (const notice of machine.source().watch(signal)) heard.push(notice);
      };
      watching.push(watch());
      return heard;
    };
    /** The first notice heard after the cloud's act. */
    const firstOf = async (heard: Notice[]): Promise<Notice> => {
      await machine.until('the notice', () => heard.length > 0);
      const [notice] = heard;
      if (!notice) throw new Error('nothing was heard');
      return notice;
    };

    it('yields the notice once, with a deadline that is never later than the true one', async () => {
      const heard = hear();
      const { deadlineMs } = await machine.terminate();
      const notice = await firstOf(heard);
      expect(notice).toMatchObject({ status: 'pending', urgency: 'order' });
      expect(deadlineAtMs(notice.deadline) ?? Infinity).toBeLessThanOrEqual(deadlineMs ?? Infinity);
      // A second one may come later than at once.
      await machine.pass(45_000);
      expect(heard).toHaveLength(1);
    });

    it('yields a pending notice again to an agent that was started again', async () => {
      const first = hear();
      await machine.terminate();
      const { id } = await firstOf(first);
      expect(await firstOf(hear())).toMatchObject({ id, status: 'pending' });
    });

    it('yields the notice again when its deadline has moved, and says so when it cannot be moved', async () => {
      const heard = hear();
      await machine.terminate();
      const notice = await firstOf(heard);
      if (!notice.canExtend) {
        await expect(machine.source().extend(notice)).rejects.toThrow();
        return;
      }
      await machine.pass(1000);
      const extended = await machine.source().extend(notice);
      expect(gainMs(notice.deadline, extended.deadline)).toBeGreaterThan(0);
      await machine.until('the news', () => isDeepStrictEqual(heard.at(-1)?.deadline, extended.deadline));
    });

    it('lets the machine go when the notice is completed, once or twice', async () => {
      const heard = hear();
      await machine.terminate();
      const notice = await firstOf(heard);
      expect(machine.isGone()).toBe(false);
      const source = machine.source();
      await Promise.all([source.complete(notice), source.complete(notice)]);
      await machine.until('the end of the machine', () => machine.isGone());
    });

    it('tells when the word is taken back', async ({ skip }) => {
      if (!machine.withdraw) return skip();
      const heard = hear();
      await machine.terminate();
      const { id } = await firstOf(heard);
      await machine.withdraw();
      await machine.until('the news', () => heard.at(-1)?.status === 'withdrawn');
      expect(heard.at(-1)).toMatchObject({ id });
      expect(machine.isGone()).toBe(false);
    });

    it('marks a preemption as one that can be neither extended nor completed', async ({ skip }) => {
      if (!machine.preempt) return skip();
      const heard = hear();
      await machine.preempt();
      const notice = await firstOf(heard);
      expect(notice).toMatchObject({ kind: 'spot', canExtend: false, canComplete: false });
      await expect(machine.source().extend(notice)).rejects.toThrow();
    });

    it('goes on by itself when the metadata service was gone for a moment', async ({ skip }) => {
      if (!machine.interrupt) return skip();
      const heard = hear();
      await machine.interrupt();
      await machine.terminate();
      expect(await firstOf(heard)).toMatchObject({ status: 'pending' });
    });

    it('ends its watch when the signal aborts', async () => {
      hear();
      stop.abort();
      await Promise.all(watching);
    });
  });
}
