import { setImmediate } from 'node:timers/promises';
import type { Notice, NoticeSource } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { describe, expect, it } from 'vitest';
import { localNotices } from './local/local-notices.ts';
import { type NoticeSourceRule, noticeSourceRules, tryNoticeSourceRule } from './notice-source-contract.ts';

/** A mistake that a source of a real cloud could make, made with the local one. `memory`: lives as long as the machine. */
type Mistake = (right: NoticeSource, memory: Set<string>) => Partial<NoticeSource>;

/** What the right one hears, each changed; undefined: not told. */
function told(right: NoticeSource, change: (notice: Notice) => Notice | undefined): Partial<NoticeSource> {
  return {
    async *watch(signal) {
      for await (const notice of right.watch(signal)) {
        const changed = change(notice);
        if (changed) yield changed;
      }
    },
  };
}

const mistakes: Record<NoticeSourceRule, Record<string, Mistake>> = {
  'yields an order once, with a deadline that is never later than the true one': {
    'says it again a little later': (right) => ({
      async *watch(signal) {
        for await (const notice of right.watch(signal)) {
          yield notice;
          await setImmediate();
          await setImmediate();
          yield notice;
        }
      },
    }),
    'counts the time from when it heard': (right) =>
      told(right, (notice) =>
        notice.deadline.kind === 'known'
          ? { ...notice, deadline: { kind: 'known', atMs: notice.deadline.atMs + 2000 } }
          : notice,
      ),
    'takes what it is not told for unlimited': (right) =>
      told(right, (notice) => ({ ...notice, deadline: { kind: 'unlimited' } })),
  },
  'yields a pending notice again to an agent that was started again': {
    'remembers for another agent what it has said': (right, memory) =>
      told(right, (notice) => {
        if (memory.has(notice.id)) return { ...notice, status: 'withdrawn' };
        memory.add(notice.id);
        return notice;
      }),
  },
  'gains time by an extension, and yields the notice again with it; or refuses': {
    'says yes and does nothing': (right) => ({
      ...told(right, (notice) => notice),
      extend: async (notice) => notice,
    }),
    'says that nothing can be extended, and extends': (right) =>
      told(right, (notice) => ({ ...notice, canExtend: false })),
  },
  'says of a deadline that it is not told that it is unknown, and knows it when it has asked for more time': {
    'takes it for unlimited, so that nobody asks': (right) =>
      told(right, (notice) => ({ ...notice, deadline: { kind: 'unlimited' } })),
    'does not look at the answer': (right) => ({
      extend: async (notice) => {
        await right.extend(notice);
        return notice;
      },
    }),
  },
  'lets the machine go when the notice is completed, once or twice': {
    'takes the second time for a mistake': (right, memory) => ({
      complete: async (notice) => {
        if (memory.has(notice.id)) throw new Error('No active Lifecycle Action found');
        memory.add(notice.id);
        await right.complete(notice);
      },
    }),
  },
  'tells when the word is taken back': {
    'says it as a new order': (right) => told(right, (notice) => ({ ...notice, status: 'pending' })),
  },
  'marks a preemption as an order that can be neither extended nor completed, with a deadline': {
    'takes all notices for hooks': (right) =>
      told(right, (notice) => ({ ...notice, canExtend: true, canComplete: true })),
    'says yes to more time': () => ({ extend: async (notice) => notice }),
    'takes it for advice': (right) => told(right, (notice) => ({ ...notice, urgency: 'advice' })),
  },
  'tells advice from an order': {
    'takes all for orders': (right) => told(right, (notice) => ({ ...notice, urgency: 'order' })),
  },
  'goes on by itself when the metadata service was gone for a moment': {
    'takes what it hears after that for old': (right) =>
      told(right, (notice) => ({ ...notice, status: 'withdrawn' })),
  },
  'ends its watch when the signal aborts': {
    'waits for one more': () => ({
      async *watch() {
        await new Promise(() => {});
      },
    }),
  },
};

describe('the contract of notice sources finds a source that', { timeout: 20_000 }, () => {
  for (const rule of Object.keys(noticeSourceRules) as NoticeSourceRule[]) {
    for (const [what, mistake] of Object.entries(mistakes[rule])) {
      it(`${what} (${rule})`, async () => {
        const memory = new Set<string>();
        const machine = await localNotices((right) => ({
          watch: (signal) => right.watch(signal),
          extend: (notice) => right.extend(notice),
          complete: (notice) => right.complete(notice),
          ...mistake(right, memory),
        }));
        try {
          await expect(tryNoticeSourceRule(rule, machine)).rejects.toThrow();
        } finally {
          await machine.close();
        }
      });
    }
  }
});
