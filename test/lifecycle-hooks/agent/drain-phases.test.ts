import {
  cutoffMs,
  type DrainEvent,
  extendAtMs,
  lastStatus,
  mayComplete,
  defaultPlanSettings as settings,
  timeIsOver,
} from '@holdfast/lifecycle-hooks/agent/drain-knowledge.ts';
import { type DrainPlan, initialPlan, transition } from '@holdfast/lifecycle-hooks/agent/drain-plan.ts';
import { type DrainStep, nextStep } from '@holdfast/lifecycle-hooks/agent/next-step.ts';
import type { DrainStatus } from '@holdfast/media-server/protocol/index.ts';
import { describe, expect, it } from 'vitest';
import { known, notice } from '../notices.ts';

type At = readonly [number, DrainEvent];

const status = (state: DrainStatus['state'], holds = 0): DrainStatus => ({
  nodeId: 'node-1',
  state,
  role: 'media',
  holds,
  people: holds * 3,
});
const answered = (state: DrainStatus['state'], holds = 0): DrainEvent => ({
  type: 'node-answered',
  status: status(state, holds),
});
const heard = (about: Parameters<typeof notice>[0] = {}): DrainEvent => ({
  type: 'notice',
  notice: notice(about),
});
const told = (about: Parameters<typeof notice>[0] = {}): DrainEvent => ({
  type: 'told',
  notice: notice(about),
});
const withdrawn = heard({ status: 'withdrawn' });
const gone: DrainEvent = { type: 'node-unanswered', found: { socket: 'nobody', health: 'nobody' } };
const silent: DrainEvent = {
  type: 'node-unanswered',
  found: { socket: 'no-answer', health: 'not-asked' },
};
const takenBack: DrainEvent = { type: 'taken-back', noticeIds: ['hook'] };
const deadline = { deadlineMs: 60_000 };
/** It cannot be completed, so an empty node waits. */
const spot = { kind: 'spot', canComplete: false, deadlineMs: 60_000 } as const;

const after = (...events: readonly At[]): DrainPlan =>
  events.reduce((plan, [atMs, event]) => transition(plan, event, atMs, settings), initialPlan);
const phase = (...events: readonly At[]): string => {
  const plan = after(...events);
  return plan.phase === 'releasing' && plan.forced ? 'releasing by force' : plan.phase;
};
const next = (plan: DrainPlan, atMs: number): DrainStep =>
  nextStep(transition(plan, { type: 'tick' }, atMs, settings), atMs, settings);

const tick: DrainEvent = { type: 'tick' };
const forced: At[] = [
  [0, heard(deadline)],
  [0, answered('draining', 2)],
  [58_000, tick],
];

describe('the phase that follows', () => {
  const rows: readonly (readonly [string, string, readonly At[]])[] = [
    ['nothing happened', 'idle', []],
    ['a node that answers and no notice', 'idle', [[0, answered('draining', 1)]]],
    ['a notice', 'draining', [[0, heard()]]],
    [
      'a notice and a node with meetings',
      'draining',
      [
        [0, heard()],
        [1, answered('draining', 1)],
      ],
    ],
    // Drained, as the node says, is not empty by our count.
    [
      'a node that is drained and counts meetings',
      'draining',
      [
        [0, heard()],
        [1, answered('drained', 1)],
      ],
    ],
    [
      'an active node without meetings: it has not heard of it',
      'draining',
      [
        [0, heard()],
        [1, answered('active')],
      ],
    ],
    [
      'an empty node',
      'releasing',
      [
        [0, heard()],
        [1, answered('drained')],
      ],
    ],
    [
      'an empty node and a notice that cannot be completed',
      'drained',
      [
        [0, heard(spot)],
        [1, answered('drained')],
      ],
    ],
    [
      'a node that was released before',
      'released',
      [
        [0, heard()],
        [1, answered('released')],
      ],
    ],
    ['the end of the time', 'releasing by force', forced],
    ['a moment before the end of the time', 'draining', [...forced.slice(0, 2), [57_999, tick]]],
    [
      'the end of the time, and an empty node',
      'releasing',
      [
        [0, heard(deadline)],
        [1, answered('drained')],
        [58_000, tick],
      ],
    ],
    ['a forced release that was taken', 'released', [...forced, [58_001, answered('released', 2)]]],
    ['a forced release that was not taken', 'released', [...forced, [58_001, { type: 'request-failed' }]]],
    [
      'a release without force that was not taken',
      'releasing',
      [
        [0, heard()],
        [1, answered('drained')],
        [2, { type: 'request-failed' }],
      ],
    ],
    [
      'more time in the middle of a forced release',
      'draining',
      [...forced, [58_001, heard({ deadlineMs: 90_000 })]],
    ],
    [
      'meetings that came back before the release',
      'draining',
      [
        [0, heard()],
        [1, answered('drained')],
        [2, answered('draining', 1)],
      ],
    ],
    [
      'meetings that came back on a drained node',
      'draining',
      [
        [0, heard(spot)],
        [1, answered('drained')],
        [2, answered('draining', 1)],
      ],
    ],
    [
      'time that ends while a release is asked for and the node is silent',
      'releasing by force',
      [
        [0, heard(deadline)],
        [1, answered('drained')],
        [58_000, silent],
      ],
    ],
    [
      'a node that is gone for some seconds',
      'released',
      [
        [0, heard()],
        [1, gone],
        [5001, gone],
      ],
    ],
    [
      'a node that is gone for a moment',
      'draining',
      [
        [0, heard()],
        [1, gone],
        [5000, gone],
      ],
    ],
    [
      'a drained node that is gone',
      'released',
      [
        [0, heard(spot)],
        [1, answered('drained')],
        [2, gone],
        [5002, gone],
      ],
    ],
    [
      'a node that is gone in the middle of a release',
      'released',
      [
        [0, heard()],
        [1, answered('drained')],
        [2, gone],
        [5002, gone],
      ],
    ],
    [
      'a released node that is there again with meetings',
      'draining',
      [
        [0, heard()],
        [0, gone],
        [5000, gone],
        [5001, answered('active', 1)],
      ],
    ],
    [
      'a node that was given up and is silent now',
      'draining',
      [
        [0, heard()],
        [0, gone],
        [5000, gone],
        [5001, silent],
      ],
    ],
    [
      'a withdrawal, not taken back yet',
      'cancelling',
      [
        [0, heard()],
        [1, withdrawn],
      ],
    ],
    [
      'a withdrawal on a drained node',
      'cancelling',
      [
        [0, heard(spot)],
        [1, answered('drained')],
        [2, withdrawn],
      ],
    ],
    [
      'a withdrawal in the middle of a release',
      'cancelling',
      [
        [0, heard()],
        [1, answered('drained')],
        [2, withdrawn],
      ],
    ],
    [
      'a withdrawal that was taken back',
      'idle',
      [
        [0, heard()],
        [1, withdrawn],
        [2, takenBack],
      ],
    ],
    [
      'a withdrawal that came too late',
      'released',
      [
        [0, heard()],
        [1, withdrawn],
        [2, answered('released')],
      ],
    ],
    [
      'a withdrawal of a notice whose node was given up',
      'cancelling',
      [
        [0, heard()],
        [0, gone],
        [5000, gone],
        [5000, answered('active')],
        [5001, withdrawn],
      ],
    ],
    [
      'a withdrawal on a node that is gone',
      'idle',
      [
        [0, heard()],
        [1, withdrawn],
        [2, gone],
        [5002, gone],
      ],
    ],
    [
      'another notice while one is taken back',
      'draining',
      [
        [0, heard()],
        [1, withdrawn],
        [2, heard({ id: 'next' })],
      ],
    ],
    ['a withdrawal of something never heard of', 'cancelling', [[0, withdrawn]]],
  ];
  it.each(rows)('from %s is %s', (_what, expected, events) => {
    expect(phase(...events)).toBe(expected);
  });

  it('forgets what it told a node that is gone for good', () => {
    const plan = after([0, heard()], [0, told()], [1, withdrawn], [2, gone], [5002, gone]);
    expect(plan.withdrawn.size).toBe(0);
    expect(plan.told.size).toBe(0);
  });

  it('gives the withdrawal up on a node that stays released', () => {
    const plan = after([0, heard()], [1, answered('released')], [2, withdrawn], [3, answered('released')]);
    expect(plan.phase).toBe('released');
    expect(plan.withdrawn.size).toBe(0);
    expect(next(plan, 3)).toEqual({ type: 'wait', untilMs: 253 });
  });
});

describe('the step that follows', () => {
  it('is one word about each notice, then a question every quarter of a second', () => {
    const plan = after([0, heard(deadline)], [0, told(deadline)], [0, answered('draining', 1)]);
    expect(next(plan, 249)).toEqual({ type: 'wait', untilMs: 250 });
    expect(next(plan, 250)).toEqual({ type: 'ask' });
  });

  it('is a question at once while nothing is known of the node', () => {
    expect(next(after([0, heard()], [0, told()]), 0)).toEqual({ type: 'ask' });
  });

  it('is no word for a moment after one that failed, but a question when it is time for that', () => {
    const plan = after([0, heard()], [0, silent], [0, { type: 'request-failed' }]);
    expect(next(plan, 100)).toEqual({ type: 'wait', untilMs: 250 });
    expect(next(plan, 250).type).toBe('tell');
    const later = after([0, silent], [100, heard()], [100, { type: 'request-failed' }]);
    expect(next(later, 250)).toEqual({ type: 'ask' });
    expect(next(later, 350).type).toBe('tell');
  });

  it('is no question in the middle of a forced release', () => {
    expect(next(after(...forced), 58_000)).toEqual({ type: 'release', force: true, people: 6 });
  });

  it('is no release without force for a moment after one that failed', () => {
    const plan = after([0, heard()], [1, answered('drained')], [2, { type: 'request-failed' }]);
    expect(next(plan, 2).type).toBe('wait');
    expect(next(plan, 252)).toEqual({ type: 'release', force: false, people: 0 });
  });

  it('is another try to complete after a second, with a fresh look before it', () => {
    const failed = after(
      [0, heard()],
      [0, answered('released')],
      [0, { type: 'complete-failed', noticeId: 'hook' }],
    );
    expect(next(failed, 250)).toEqual({ type: 'ask' });
    const looked = transition(failed, answered('released'), 999, settings);
    expect(next(looked, 999)).toEqual({ type: 'wait', untilMs: 1000 });
    expect(next(looked, 1000)).toEqual({ type: 'complete', notice: notice() });
  });

  it('is to complete without another look when the time is over', () => {
    const plan = after(...forced, [58_001, answered('released', 2)]);
    expect(next(plan, 59_500)).toEqual({ type: 'complete', notice: notice(deadline) });
  });

  it('is to wait for the earliest of all that is to come', () => {
    const base: At[] = [
      [0, heard(spot)],
      [0, told(spot)],
      [57_900, answered('drained')],
    ];
    expect(next(after(...base), 57_900)).toEqual({ type: 'wait', untilMs: 58_000 });
  });

  it('is to tell all that is withdrawn, and that nothing is left', () => {
    const two = after([0, heard({ id: 'a' })], [0, heard({ id: 'b' })], [0, answered('draining', 1)]);
    const one = after(
      [0, heard({ id: 'a' })],
      [0, heard({ id: 'b' })],
      [0, told({ id: 'a' })],
      [0, told({ id: 'b' })],
      [0, heard({ id: 'a', status: 'withdrawn' })],
    );
    expect(two.phase).toBe('draining');
    expect(next(one, 0)).toEqual({ type: 'take-back', noticeIds: ['a'], all: false });
    const none = transition(one, heard({ id: 'b', status: 'withdrawn' }), 0, settings);
    expect(next(none, 0)).toEqual({ type: 'take-back', noticeIds: ['a', 'b'], all: true });
  });
});

describe('what is known', () => {
  it('of a silent node is what it said last, and since when it is silent', () => {
    const plan = after([0, answered('draining', 2)], [10, silent], [20, silent]);
    expect(plan.node).toEqual({ kind: 'silent', sinceMs: 10, atMs: 20, last: status('draining', 2) });
    expect(lastStatus(plan.node)).toEqual(status('draining', 2));
    expect(lastStatus(initialPlan.node)).toBeUndefined();
    expect(lastStatus(after([0, silent]).node)).toBeUndefined();
  });

  it('is that an active node knows of no notice', () => {
    expect(after([0, heard()], [0, told()], [1, answered('active')]).told.size).toBe(0);
    expect(after([0, heard()], [0, told()], [1, answered('draining', 1)]).told.size).toBe(1);
  });

  it('of a notice is kept over news without a new deadline, also that it was completed', () => {
    const tracked = (...events: At[]) => after(...events).notices.get('hook');
    const refused: DrainEvent = { type: 'extend-failed', noticeId: 'hook', refused: true };
    const extendable = { deadlineMs: 60_000, canExtend: true };
    expect(tracked([0, heard(extendable)], [1, refused], [2, heard(extendable)])).toMatchObject({
      extendRefused: true,
      extendFailedAtMs: 1,
    });
    expect(
      tracked([0, heard(extendable)], [1, refused], [2, heard({ ...extendable, deadlineMs: 90_000 })]),
    ).toMatchObject({ extendRefused: false, extendFailedAtMs: undefined });
    expect(
      tracked(
        [0, heard(deadline)],
        [1, { type: 'completed', noticeId: 'hook' }],
        [2, heard({ deadlineMs: 90_000 })],
      ),
    ).toMatchObject({ completed: true });
    expect(
      tracked(
        [0, heard(deadline)],
        [1, { type: 'complete-failed', noticeId: 'hook' }],
        [2, heard({ deadlineMs: 90_000 })],
      ),
    ).toMatchObject({ completeAfterMs: 1001 });
  });

  it('is nothing of a notice that is not there', () => {
    expect(after([0, { type: 'completed', noticeId: 'other' }])).toEqual(initialPlan);
  });

  it('is that a notice heard again is not withdrawn any more', () => {
    expect(after([0, withdrawn], [1, heard()]).withdrawn.size).toBe(0);
  });
});

describe('when more time is asked for', () => {
  const dueMs = (about: Parameters<typeof notice>[0], ...before: At[]) => {
    const tracked = after(...before, [1000, heard({ canExtend: true, ...about })]).notices.get('hook');
    if (!tracked) throw new Error('no notice');
    return extendAtMs(tracked, settings);
  };

  it.each([
    ['15 s before a deadline that is far', 101_000, 86_000],
    ['after half of a time that is short', 21_000, 11_000],
    ['at the margin of a time that is shorter still', 4000, 2000],
  ])('is %s', (_when, deadlineMs, expected) => {
    expect(dueMs({ deadlineMs })).toBe(expected);
  });

  it('is at the margin where half of the time comes after it, and a moment later for a deadline that moved', () => {
    expect(dueMs({ deadlineMs: 3000 })).toBe(1000);
    expect(dueMs({ deadlineMs: 3000 }, [0, heard({ deadlineMs: 2000, canExtend: true })])).toBe(1250);
  });

  it('is at once for a deadline that nobody knows, and a moment later when it becomes unknown again', () => {
    const unknown = { deadline: { kind: 'unknown', assumedAtMs: 90_000 } } as const;
    expect(dueMs(unknown)).toBe(1000);
    expect(dueMs(unknown, [0, heard({ deadlineMs: 60_000, canExtend: true })])).toBe(1250);
  });

  it('is never where the cloud waits without limit, gives no more, or has said no', () => {
    expect(dueMs({})).toBe(Infinity);
    expect(dueMs({ deadlineMs: 60_000, canExtend: false })).toBeUndefined();
    const tracked = after(
      [0, heard({ deadlineMs: 60_000, canExtend: true })],
      [1, { type: 'extend-failed', noticeId: 'hook', refused: true }],
    ).notices.get('hook');
    expect(tracked && extendAtMs(tracked, settings)).toBeUndefined();
  });

  it('is a second after a failure, at the margin at the latest, and never after a failure beyond it', () => {
    const failedAt = (atMs: number) => {
      const tracked = after(
        [0, heard({ deadlineMs: 60_000, canExtend: true })],
        [atMs, { type: 'extend-failed', noticeId: 'hook', refused: false }],
      ).notices.get('hook');
      return tracked && extendAtMs(tracked, settings);
    };
    expect(failedAt(46_000)).toBe(47_000);
    expect(failedAt(10_000)).toBe(45_000);
    expect(failedAt(57_500)).toBe(58_000);
    expect(failedAt(58_000)).toBeUndefined();
  });
});

describe('when time is over', () => {
  it('is the margin before the deadline, when no more can be had', () => {
    expect(cutoffMs(notice(deadline), settings)).toBe(58_000);
    expect(cutoffMs(notice(), settings)).toBeUndefined();
    const plan = after([0, heard(deadline)]);
    expect(timeIsOver(plan, 57_999, settings)).toBe(false);
    expect(timeIsOver(plan, 58_000, settings)).toBe(true);
    expect(timeIsOver(after([0, heard()]), 1e12, settings)).toBe(false);
    expect(timeIsOver(after([0, heard({ ...deadline, canExtend: true })]), 58_000, settings)).toBe(false);
  });

  it('lets go a notice that names other nodes too, and before that none that cannot be completed', () => {
    const coupled = notice({ ...deadline, coupledNodeIds: ['node-2'] });
    expect(mayComplete(coupled, 57_999, settings)).toBe(false);
    expect(mayComplete(coupled, 58_000, settings)).toBe(true);
    expect(mayComplete({ ...coupled, deadline: { kind: 'unlimited' } }, 1e12, settings)).toBe(false);
    expect(mayComplete(notice({ canComplete: false }), 1e12, settings)).toBe(false);
    expect(mayComplete(notice({ deadline: known(60_000) }), 0, settings)).toBe(true);
  });
});
