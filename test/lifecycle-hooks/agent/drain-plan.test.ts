import {
  type DrainEvent,
  defaultPlanSettings as settings,
} from '@holdfast/lifecycle-hooks/agent/drain-knowledge.ts';
import { type DrainPlan, initialPlan, transition } from '@holdfast/lifecycle-hooks/agent/drain-plan.ts';
import { type DrainStep, nextStep } from '@holdfast/lifecycle-hooks/agent/next-step.ts';
import type { DrainStatus } from '@holdfast/media-server/protocol/index.ts';
import { describe, expect, it } from 'vitest';
import { known, notice } from '../notices.ts';

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

const foundGone: DrainEvent = { type: 'node-unanswered', found: { socket: 'nobody', health: 'nobody' } };
const noAnswer: DrainEvent = {
  type: 'node-unanswered',
  found: { socket: 'no-answer', health: 'not-asked' },
};
/** Nobody listens on the socket, and the node is well. */
const unlinked: DrainEvent = { type: 'node-unanswered', found: { socket: 'nobody', health: 'somebody' } };

/** The plan after these events, each at its time in ms. */
function after(...events: readonly (readonly [number, DrainEvent])[]): DrainPlan {
  return events.reduce((plan, [atMs, event]) => transition(plan, event, atMs, settings), initialPlan);
}
const next = (plan: DrainPlan, atMs: number): DrainStep =>
  nextStep(transition(plan, { type: 'tick' }, atMs, settings), atMs, settings);

describe('drain plan', () => {
  it('does nothing until a notice comes', () => {
    expect(next(initialPlan, 0)).toEqual({ type: 'wait', untilMs: undefined });
  });

  it('tells the node when it must be empty: the safety margin before the deadline', () => {
    const hook = notice({ deadlineMs: 60_000 });
    const plan = after([0, { type: 'notice', notice: hook }]);
    expect(plan.phase).toBe('draining');
    expect(next(plan, 0)).toEqual({ type: 'tell', notice: hook, emptyByMs: 58_000 });
  });

  it('asks again and again while meetings are there, and releases when none is', () => {
    const hook = notice({ deadlineMs: 60_000 });
    const plan = after(
      [0, { type: 'notice', notice: hook }],
      [0, answered('draining', 2)],
      [0, { type: 'told', notice: hook }],
    );
    expect(next(plan, 10)).toEqual({ type: 'wait', untilMs: 250 });
    expect(next(plan, 250)).toEqual({ type: 'ask' });
    const empty = transition(plan, answered('drained'), 250, settings);
    expect(empty.phase).toBe('releasing');
  });

  it('releases the node first, and completes the notice only then', () => {
    const hook = notice();
    const told: [number, DrainEvent][] = [
      [0, { type: 'notice', notice: hook }],
      [0, answered('drained')],
      [0, { type: 'told', notice: hook }],
    ];
    expect(next(after(...told), 0)).toMatchObject({ type: 'release', force: false });
    expect(next(after(...told, [1, answered('released')]), 1)).toEqual({ type: 'complete', notice: hook });
  });

  it('leaves an empty node drained when the notice cannot be completed: it may still be withdrawn', () => {
    const spot = notice({ kind: 'spot', deadlineMs: 30_000, canComplete: false });
    const plan = after(
      [0, { type: 'notice', notice: spot }],
      [0, answered('drained')],
      [0, { type: 'told', notice: spot }],
    );
    expect(plan.phase).toBe('drained');
    expect(transition(plan, { type: 'tick' }, 29_000, settings).phase).toBe('drained');
    const kept = transition(plan, { type: 'notice', notice: { ...spot, status: 'withdrawn' } }, 5, settings);
    expect(next(kept, 5)).toEqual({ type: 'take-back', noticeIds: ['hook'], all: true });
  });

  it('tells the node of each notice, the earliest deadline first', () => {
    const hook = notice({ id: 'hook', deadlineMs: 60_000 });
    const spot = notice({ id: 'spot', deadlineMs: 30_000 });
    const plan = after([0, { type: 'notice', notice: hook }], [0, { type: 'notice', notice: spot }]);
    expect(next(plan, 0)).toMatchObject({ type: 'tell', notice: spot });
    expect(next(transition(plan, { type: 'told', notice: spot }, 0, settings), 0)).toMatchObject({
      type: 'tell',
      notice: hook,
    });
  });

  it('completes every notice that can be completed', () => {
    const hook = notice({ id: 'hook' });
    const operator = notice({ id: 'operator', kind: 'operator' });
    const spot = notice({ id: 'spot', deadlineMs: 90_000, canComplete: false });
    const plan = after(
      ...[hook, operator, spot].map((each): [number, DrainEvent] => [0, { type: 'notice', notice: each }]),
      [0, answered('released')],
    );
    expect(next(plan, 0)).toEqual({ type: 'complete', notice: hook });
    const second = transition(plan, { type: 'completed', noticeId: 'hook' }, 0, settings);
    expect(next(second, 0)).toEqual({ type: 'complete', notice: operator });
    const third = transition(second, { type: 'completed', noticeId: 'operator' }, 0, settings);
    expect(next(third, 0).type).toBe('wait');
  });

  it('takes one notice back and goes on for the other', () => {
    const hook = notice({ id: 'hook' });
    const other = notice({ id: 'other' });
    const plan = after(
      [0, { type: 'notice', notice: hook }],
      [0, { type: 'notice', notice: other }],
      [0, answered('draining', 1)],
      [0, { type: 'told', notice: hook }],
      [0, { type: 'told', notice: other }],
      [1, { type: 'notice', notice: { ...hook, status: 'withdrawn' } }],
    );
    expect(plan.phase).toBe('draining');
    expect(next(plan, 1)).toEqual({ type: 'take-back', noticeIds: ['hook'], all: false });
  });

  it('tells the node again when the deadline changes and when the node was restarted', () => {
    const hook = notice({ deadlineMs: 60_000 });
    const later = { ...hook, deadline: known(90_000) };
    const told = after(
      [0, { type: 'notice', notice: hook }],
      [0, answered('draining', 1)],
      [0, { type: 'told', notice: hook }],
    );
    expect(next(transition(told, { type: 'notice', notice: later }, 1, settings), 1)).toMatchObject({
      type: 'tell',
      emptyByMs: 88_000,
    });
    expect(next(transition(told, answered('active'), 1, settings), 1)).toMatchObject({ type: 'tell' });
  });

  it('cuts off whoever is left at the deadline minus the margin, once, and says how many people that costs', () => {
    const hook = notice({ deadlineMs: 60_000 });
    const plan = after(
      [0, { type: 'notice', notice: hook }],
      [0, answered('draining', 2)],
      [0, { type: 'told', notice: hook }],
    );
    expect(next(plan, 57_999)).toEqual({ type: 'ask' });
    expect(next(plan, 58_000)).toEqual({ type: 'release', force: true, people: 6 });
    const unanswered = transition(
      transition(plan, { type: 'tick' }, 58_000, settings),
      { type: 'request-failed' },
      58_100,
      settings,
    );
    expect(next(unanswered, 58_100)).toEqual({ type: 'complete', notice: hook });
  });

  it('completes the notice of a crashed media server only after it stayed gone, since it may be restarting', () => {
    const hook = notice({ deadlineMs: 60_000 });
    const gone = after([0, { type: 'notice', notice: hook }], [0, foundGone], [4900, foundGone]);
    expect(gone.phase).toBe('draining');
    expect(next(transition(gone, foundGone, 5000, settings), 5000)).toEqual({
      type: 'complete',
      notice: hook,
    });
    expect(transition(gone, answered('active', 1), 5000, settings).phase).toBe('draining');
  });

  it('waits for a silent media server until the time is over: its meetings may live', () => {
    const hook = notice({ deadlineMs: 60_000 });
    const silent = after([0, { type: 'notice', notice: hook }], [0, noAnswer]);
    expect(transition(silent, noAnswer, 57_000, settings).phase).toBe('draining');
    expect(transition(silent, noAnswer, 58_000, settings).phase).toBe('releasing');
  });

  it('does not take a node for gone whose socket nobody listens on as long as its health is answered', () => {
    const hook = notice();
    const plan = after([0, { type: 'notice', notice: hook }], [0, unlinked], [5000, unlinked]);
    expect(plan.node).toMatchObject({ kind: 'silent', sinceMs: 0 });
    expect(transition(plan, unlinked, 600_000, settings).phase).toBe('draining');
  });

  it('counts the time that a node is gone from when both its socket and its health say so', () => {
    const plan = after(
      [0, { type: 'notice', notice: notice() }],
      [0, unlinked],
      [4000, foundGone],
      [8900, foundGone],
    );
    expect(plan.phase).toBe('draining');
    expect(transition(plan, unlinked, 9000, settings).phase).toBe('draining');
    expect(transition(plan, foundGone, 9000, settings).phase).toBe('released');
  });

  it('looks once more before it completes the notice of a media server that was gone', () => {
    const hook = notice({ deadlineMs: 60_000 });
    const failing = after(
      [0, { type: 'notice', notice: hook }],
      [0, foundGone],
      [5000, foundGone],
      [5000, { type: 'complete-failed', noticeId: 'hook' }],
    );
    expect(next(failing, 6000)).toEqual({ type: 'ask' });
    expect(transition(failing, answered('active', 1), 6000, settings).phase).toBe('draining');
  });

  it('asks for more time while meetings are there and the notice can be extended', () => {
    const hook = notice({ deadlineMs: 60_000, canExtend: true });
    const plan = after(
      [0, { type: 'notice', notice: hook }],
      [44_990, answered('draining', 1)],
      [44_990, { type: 'told', notice: hook }],
    );
    expect(next(plan, 44_999).type).toBe('wait');
    expect(next(plan, 45_000)).toEqual({ type: 'extend', notice: hook });
  });

  it('asks for more time even past the margin before it cuts anybody off, but not after a no', () => {
    const hook = notice({ deadlineMs: 60_000, canExtend: true });
    const late = after(
      [59_000, { type: 'notice', notice: hook }],
      [59_000, answered('draining', 1)],
      [59_000, { type: 'told', notice: hook }],
    );
    expect(next(late, 59_000)).toEqual({ type: 'extend', notice: hook });
    const refused = transition(
      late,
      { type: 'extend-failed', noticeId: 'hook', refused: true },
      59_000,
      settings,
    );
    expect(next(refused, 59_000)).toMatchObject({ type: 'release', force: true });
  });

  describe('of a deadline that the cloud does not tell', () => {
    const hook = notice({ deadline: { kind: 'unknown', assumedAtMs: 60_000 }, canExtend: true });
    const heard = after([0, { type: 'notice', notice: hook }]);
    const failed = (plan: DrainPlan, atMs: number, refused = false) =>
      transition(plan, { type: 'extend-failed', noticeId: 'hook', refused }, atMs, settings);

    it('asks for more time at once, which is the only way to learn it, before anything else', () => {
      expect(next(heard, 0)).toEqual({ type: 'extend', notice: hook });
    });

    it('goes by the true one from then on', () => {
      const extended = { ...hook, deadline: known(300_000) };
      const told = transition(heard, { type: 'notice', notice: extended }, 5, settings);
      expect(next(told, 5)).toEqual({ type: 'tell', notice: extended, emptyByMs: 298_000 });
    });

    it('hurries the node meanwhile, and asks on, but cuts nobody off for what is only assumed', () => {
      const waiting = failed(heard, 5);
      expect(next(waiting, 5)).toEqual({ type: 'tell', notice: hook, emptyByMs: 58_000 });
      expect(next(waiting, 1005)).toEqual({ type: 'extend', notice: hook });
      const late = transition(failed(waiting, 70_000), answered('draining', 1), 70_000, settings);
      expect(late.phase).toBe('draining');
      expect(next(late, 71_000)).toEqual({ type: 'extend', notice: hook });
    });

    it('takes the assumed one when the cloud says no', () => {
      const refused = transition(failed(heard, 5, true), answered('draining', 1), 5, settings);
      expect(transition(refused, { type: 'tick' }, 57_999, settings).phase).toBe('draining');
      expect(next(refused, 58_000)).toMatchObject({ type: 'release', force: true });
    });
  });

  it('empties no node for advice, but does when the advice becomes an order, and stops when it is advice again', () => {
    const advice = notice({ urgency: 'advice' });
    const advised = after([0, { type: 'notice', notice: advice }]);
    expect(advised.phase).toBe('idle');
    const ordered = transition(advised, { type: 'notice', notice: notice() }, 10, settings);
    expect(ordered.phase).toBe('draining');
    const relaxed = transition(ordered, { type: 'notice', notice: advice }, 20, settings);
    expect(relaxed.phase).toBe('cancelling');
  });

  it('completes a notice that names other nodes only when its time is over: they may still be draining', () => {
    const coupled = notice({ deadlineMs: 60_000, coupledNodeIds: ['node-2'] });
    const plan = after(
      [0, { type: 'notice', notice: coupled }],
      [0, answered('drained')],
      [0, { type: 'told', notice: coupled }],
    );
    expect(plan.phase).toBe('drained');
    expect(next(plan, 58_000)).toMatchObject({ type: 'release', force: false });
  });

  it('completes a new notice at once on a node that is released: our own release raises one', () => {
    const own = notice({ id: 'own' });
    const released = after([0, { type: 'notice', notice: notice() }], [0, answered('released')]);
    const plan = transition(released, { type: 'completed', noticeId: 'hook' }, 0, settings);
    expect(next(transition(plan, { type: 'notice', notice: own }, 1, settings), 1)).toEqual({
      type: 'complete',
      notice: own,
    });
  });

  it('stays released when the word is taken back too late, and idle again when it came in time', () => {
    const hook = notice();
    const withdrawn: DrainEvent = { type: 'notice', notice: { ...hook, status: 'withdrawn' } };
    expect(
      after([0, { type: 'notice', notice: hook }], [0, answered('released')], [1, withdrawn]).phase,
    ).toBe('released');
    const back = after(
      [0, { type: 'notice', notice: hook }],
      [0, answered('draining', 1)],
      [0, { type: 'told', notice: hook }],
      [1, withdrawn],
      [2, { type: 'taken-back', noticeIds: ['hook'] }],
    );
    expect(back.phase).toBe('idle');
  });

  it('takes a withdrawn notice back even when it had never heard of it: the agent may have been restarted', () => {
    const plan = after([0, { type: 'notice', notice: notice({ status: 'withdrawn' }) }]);
    expect(next(plan, 0)).toEqual({ type: 'take-back', noticeIds: ['hook'], all: true });
  });
});
