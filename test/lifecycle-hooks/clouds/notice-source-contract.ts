import { isDeepStrictEqual } from 'node:util';
import { deadlineAtMs, gainMs } from '@holdfast/lifecycle-hooks/clouds/deadline.ts';
import type { Notice, NoticeSource } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

type True = { readonly deadlineMs: number | undefined };

/** One machine of a cloud that can be given notice, made for one test. */
export interface NoticesUnderTest {
  /** A source as a newly started agent has it. */
  source(): NoticeSource;
  /** The cloud wants the machine to end, and waits for it. Resolves with the notice's true deadline. */
  terminate(): Promise<True>;
  /** The same, and the machine is not told its deadline. Undefined where the cloud always tells it. */
  readonly terminateHidden?: () => Promise<True>;
  /** The cloud takes the machine in any case. Undefined where the cloud has no such thing. */
  readonly preempt?: () => Promise<True>;
  /** The cloud says that it would be better if the machine went. Undefined where it never does. */
  readonly advise?: () => Promise<void>;
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

/** What is heard of one machine. */
class Listener {
  readonly machine: NoticesUnderTest;
  readonly stop = new AbortController();
  readonly watching: Promise<void>[] = [];

  constructor(machine: NoticesUnderTest) {
    this.machine = machine;
  }

  /** Everything that a new watch hears. */
  hear(): Notice[] {
    const heard: Notice[] = [];
    const watch = async () => {
      for await (const notice of this.machine.source().watch(this.stop.signal)) heard.push(notice);
    };
    this.watching.push(watch());
    return heard;
  }

  /** The first notice heard after the cloud's act. */
  async firstOf(heard: Notice[]): Promise<Notice> {
    await this.machine.until('the notice', () => heard.length > 0);
    const [notice] = heard;
    if (!notice) throw new Error('nothing was heard');
    return notice;
  }

  async close(): Promise<void> {
    this.stop.abort();
    await Promise.all(this.watching);
  }
}

/** Repeats a call that may work later, as the agent does. */
async function insist<T>(machine: NoticesUnderTest, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof HoldfastError) || !error.retryable) throw error;
      await machine.pass(100);
    }
  }
}

const refused = expect.objectContaining({ code: 'CLOUD_REFUSED' });

/** `without`: what a cloud may lack; then the rule does not apply. */
interface Rule {
  readonly without?: 'terminateHidden' | 'preempt' | 'advise' | 'withdraw' | 'interrupt';
  readonly check: (machine: NoticesUnderTest, listener: Listener) => Promise<void>;
}

/** What the drain agent may rely on, whatever the cloud. */
export const noticeSourceRules = {
  'yields an order once, with a deadline that is never later than the true one': {
    check: async (machine, listener) => {
      const heard = listener.hear();
      const { deadlineMs } = await machine.terminate();
      const notice = await listener.firstOf(heard);
      expect(notice).toMatchObject({ status: 'pending', urgency: 'order' });
      expect(deadlineAtMs(notice.deadline) ?? Infinity).toBeLessThanOrEqual(deadlineMs ?? Infinity);
      // A second one may come later than at once.
      await machine.pass(45_000);
      expect(heard).toHaveLength(1);
    },
  },
  'yields a pending notice again to an agent that was started again': {
    check: async (machine, listener) => {
      const first = listener.hear();
      await machine.terminate();
      const { id } = await listener.firstOf(first);
      expect(await listener.firstOf(listener.hear())).toMatchObject({ id, status: 'pending' });
    },
  },
  'gains time by an extension, and yields the notice again with it; or refuses': {
    check: async (machine, listener) => {
      const heard = listener.hear();
      await machine.terminate();
      const notice = await listener.firstOf(heard);
      await machine.pass(1000);
      if (!notice.canExtend) {
        await expect(insist(machine, () => machine.source().extend(notice))).rejects.toEqual(refused);
        return;
      }
      const extended = await insist(machine, () => machine.source().extend(notice));
      expect(extended).toMatchObject({ id: notice.id, deadline: { kind: 'known' } });
      expect(gainMs(notice.deadline, extended.deadline)).toBeGreaterThan(0);
      await machine.until('the news', () => isDeepStrictEqual(heard.at(-1)?.deadline, extended.deadline));
    },
  },
  'says of a deadline that it is not told that it is unknown, and knows it when it has asked for more time': {
    without: 'terminateHidden',
    check: async (machine, listener) => {
      const heard = listener.hear();
      const { deadlineMs = Infinity } = (await machine.terminateHidden?.()) ?? {};
      const notice = await listener.firstOf(heard);
      expect(notice).toMatchObject({ deadline: { kind: 'unknown' }, canExtend: true });
      expect(deadlineAtMs(notice.deadline)).toBeLessThanOrEqual(deadlineMs);
      const extended = await insist(machine, () => machine.source().extend(notice));
      expect(extended.deadline.kind).toBe('known');
      expect(deadlineAtMs(extended.deadline)).toBeGreaterThanOrEqual(deadlineMs);
    },
  },
  'lets the machine go when the notice is completed, once or twice': {
    check: async (machine, listener) => {
      const heard = listener.hear();
      await machine.terminate();
      const notice = await listener.firstOf(heard);
      expect(machine.isGone()).toBe(false);
      const source = machine.source();
      const complete = () => insist(machine, () => source.complete(notice));
      await Promise.all([complete(), complete()]);
      await machine.until('the end of the machine', () => machine.isGone());
    },
  },
  'tells when the word is taken back': {
    without: 'withdraw',
    check: async (machine, listener) => {
      const heard = listener.hear();
      await machine.terminate();
      const { id } = await listener.firstOf(heard);
      await machine.withdraw?.();
      await machine.until('the news', () => heard.length > 1);
      expect(heard.at(-1)).toMatchObject({ id, status: 'withdrawn' });
      expect(machine.isGone()).toBe(false);
    },
  },
  'marks a preemption as an order that can be neither extended nor completed, with a deadline': {
    without: 'preempt',
    check: async (machine, listener) => {
      const heard = listener.hear();
      const { deadlineMs = Infinity } = (await machine.preempt?.()) ?? {};
      const notice = await listener.firstOf(heard);
      expect(notice).toMatchObject({ kind: 'spot', urgency: 'order', canExtend: false, canComplete: false });
      expect(deadlineAtMs(notice.deadline)).toBeLessThanOrEqual(deadlineMs);
      await expect(insist(machine, () => machine.source().extend(notice))).rejects.toEqual(refused);
      await expect(insist(machine, () => machine.source().complete(notice))).rejects.toEqual(refused);
    },
  },
  'tells advice from an order': {
    without: 'advise',
    check: async (machine, listener) => {
      const heard = listener.hear();
      await machine.advise?.();
      expect(await listener.firstOf(heard)).toMatchObject({ urgency: 'advice', canComplete: false });
      await machine.pass(600_000);
      expect(machine.isGone()).toBe(false);
      await machine.terminate();
      await machine.until('the order', () => heard.length > 1);
      expect(heard.at(-1)).toMatchObject({ urgency: 'order' });
    },
  },
  'goes on by itself when the metadata service was gone for a moment': {
    without: 'interrupt',
    check: async (machine, listener) => {
      const heard = listener.hear();
      await machine.interrupt?.();
      await machine.terminate();
      expect(await listener.firstOf(heard)).toMatchObject({ status: 'pending' });
    },
  },
  'ends its watch when the signal aborts': {
    check: async (machine, listener) => {
      listener.hear();
      listener.stop.abort();
      let ended = false;
      void Promise.all(listener.watching).then(() => {
        ended = true;
      });
      await machine.pass(1000);
      expect(ended).toBe(true);
    },
  },
} as const satisfies Record<string, Rule>;

export type NoticeSourceRule = keyof typeof noticeSourceRules;

export function ruleOf(name: NoticeSourceRule): Rule {
  return noticeSourceRules[name];
}

/** Tries one rule on one machine. */
export async function tryNoticeSourceRule(name: NoticeSourceRule, machine: NoticesUnderTest): Promise<void> {
  const listener = new Listener(machine);
  try {
    await ruleOf(name).check(machine, listener);
  } finally {
    // What does not end when it should is not waited for.
    await Promise.race([listener.close(), machine.pass(1000)]);
  }
}

/** Every rule is a test. */
export function noticeSourceContract(cloud: string, make: () => Promise<NoticesUnderTest>): void {
  describe(`notice source of ${cloud}`, { timeout: 20_000 }, () => {
    let machine: NoticesUnderTest;
    beforeEach(async () => {
      machine = await make();
    });
    afterEach(() => machine.close());
    for (const name of Object.keys(noticeSourceRules) as NoticeSourceRule[]) {
      it(name, async ({ skip }) => {
        const { without } = ruleOf(name);
        if (without && !machine[without]) return skip();
        await tryNoticeSourceRule(name, machine);
      });
    }
  });
}
