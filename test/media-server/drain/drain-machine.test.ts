import {
  type DrainCause,
  type DrainEvent,
  type DrainMachineState,
  deadlineAfter,
  drainDeadlineMs,
  drainReportOf,
  initialDrainState,
  nextDrainState,
} from '@holdfast/media-server/drain/drain-machine.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const operator = {
  id: 'operator',
  by: 'operator',
  reason: 'maintenance window',
  deadlineMs: undefined,
} as const;
const notice = { id: 'n-1', by: 'cloud', reason: 'spot', deadlineMs: 30_000 } as const;
const later: DrainCause = { ...notice, id: 'n-2', deadlineMs: 90_000 };
const drain = (cause: DrainCause): Extract<DrainEvent, { type: 'drain' }> => ({
  type: 'drain',
  cause,
  nowMs: 1000,
});
const run = (...events: DrainEvent[]): DrainMachineState => events.reduce(nextDrainState, initialDrainState);

describe('a drain', () => {
  it('goes from active over draining and drained to released', () => {
    expect(run(drain(operator)).state).toBe('draining');
    expect(run(drain(operator), { type: 'emptied' }).state).toBe('drained');
    expect(run(drain(operator), { type: 'emptied' }, { type: 'release', holds: 0, force: false }).state).toBe(
      'released',
    );
  });

  it('is asked for twice and begins once', () => {
    expect(run(drain(notice), drain(notice))).toEqual(run(drain(notice)));
  });

  it('is taken back while nothing is released', () => {
    expect(run(drain(operator), { type: 'cancel', by: 'operator' }).state).toBe('active');
    expect(run(drain(operator), { type: 'emptied' }, { type: 'cancel', by: 'operator' }).state).toBe(
      'active',
    );
  });

  it('cannot be taken back after the release', () => {
    const released = run(drain(operator), { type: 'emptied' }, { type: 'release', holds: 0, force: false });
    expect(() => nextDrainState(released, { type: 'cancel', by: 'operator' })).toThrow(/given back/);
  });

  it("that a cloud has asked for is not taken back by an operator, and the operator's part is kept", () => {
    const both = run(drain(operator), drain(notice));
    expect(() => nextDrainState(both, { type: 'cancel', by: 'operator' })).toThrow(/only the cloud/);
    expect(nextDrainState(both, { type: 'cancel', by: 'cloud', causeId: 'n-1' })).toMatchObject({
      state: 'draining',
      causes: [operator],
    });
  });

  it('with meetings left is released only by force', () => {
    const draining = run(drain(notice));
    expect(() => nextDrainState(draining, { type: 'release', holds: 2, force: false })).toThrow(
      /2 still hold it/,
    );
    expect(nextDrainState(draining, { type: 'release', holds: 2, force: true }).state).toBe('released');
  });

  it('is bound by the earliest deadline of all causes', () => {
    const state = run(drain(later), drain(notice));
    expect(drainDeadlineMs(state)).toBe(30_000);
    expect(drainReportOf(state, 10_000)).toMatchObject({
      state: 'draining',
      sinceMs: 1000,
      remainingMs: 20_000,
    });
  });
});

describe('each event of a drain', () => {
  const released = run(drain(operator), { type: 'emptied' }, { type: 'release', holds: 0, force: false });

  it('changes nothing when it says what is so already', () => {
    expect(nextDrainState(initialDrainState, { type: 'cancel', by: 'operator' })).toBe(initialDrainState);
    expect(nextDrainState(initialDrainState, { type: 'emptied' })).toBe(initialDrainState);
    expect(nextDrainState(initialDrainState, { type: 'filled' })).toBe(initialDrainState);
    expect(nextDrainState(released, drain(notice))).toBe(released);
    expect(nextDrainState(released, { type: 'filled' })).toBe(released);
    expect(nextDrainState(released, { type: 'release', holds: 3, force: false })).toBe(released);
  });

  it('keeps an empty node drained, since when it drains, and adds the new cause', () => {
    const empty = run({ ...drain(operator), nowMs: 1000 }, { type: 'emptied' });
    const both = nextDrainState(empty, { type: 'drain', cause: notice, nowMs: 2000 });
    expect(both).toEqual({ state: 'drained', sinceMs: 1000, causes: [operator, notice] });
  });

  it('replaces what the same cause has said before', () => {
    const moved = { ...notice, deadlineMs: 90_000 };
    expect(run(drain(notice), drain(operator), drain(moved))).toMatchObject({ causes: [operator, moved] });
  });

  it('takes one notice back and keeps the other, or all of the cloud’s', () => {
    const both = run(drain(notice), drain(later));
    const one = nextDrainState(both, { type: 'cancel', by: 'cloud', causeId: 'n-1' });
    expect(one).toMatchObject({ state: 'draining', causes: [later] });
    expect(nextDrainState(both, { type: 'cancel', by: 'cloud' })).toEqual({ state: 'active' });
    expect(nextDrainState(both, { type: 'cancel', by: 'cloud', causeId: 'other' })).toEqual(both);
  });

  it('of a cloud does not take an operator’s order back', () => {
    expect(run(drain(operator), drain(notice), { type: 'cancel', by: 'cloud' })).toMatchObject({
      causes: [operator],
    });
  });

  it('makes an empty node drain again when a meeting turns up', () => {
    expect(run(drain(operator), { type: 'emptied' }, { type: 'filled' }).state).toBe('draining');
  });

  it('of the autoscaler takes back its own order and no other', () => {
    const surplus: DrainCause = {
      id: 'autoscaler',
      by: 'autoscaler',
      reason: 'surplus',
      deadlineMs: undefined,
    };
    const both = run(drain(surplus), drain(notice));
    expect(nextDrainState(both, { type: 'cancel', by: 'autoscaler' })).toMatchObject({ causes: [notice] });
    const ordered = run(drain(operator));
    expect(nextDrainState(ordered, { type: 'cancel', by: 'autoscaler' })).toEqual(ordered);
    expect(run(drain(surplus), { type: 'cancel', by: 'autoscaler' })).toEqual({ state: 'active' });
  });

  it('of an operator overrules the autoscaler', () => {
    const surplus: DrainCause = {
      id: 'autoscaler',
      by: 'autoscaler',
      reason: 'surplus',
      deadlineMs: undefined,
    };
    expect(run(drain(surplus), drain(operator), { type: 'cancel', by: 'operator' })).toEqual({
      state: 'active',
    });
    expect(drainReportOf(run(drain(surplus), drain(operator)), 0).by).toEqual(['autoscaler', 'operator']);
  });

  it('of a release is refused on a node that does not drain', () => {
    expect(() => run({ type: 'release', holds: 0, force: true })).toThrow(/not draining/);
  });

  it('of a process that ends is not taken back by anybody', () => {
    const ending: DrainCause = { id: 'end', by: 'process', reason: 'the process ends', deadlineMs: 1 };
    const state = run(drain(operator), drain(ending));
    expect(() => nextDrainState(state, { type: 'cancel', by: 'operator' })).toThrow(/process is ending/);
    expect(nextDrainState(state, { type: 'cancel', by: 'cloud' })).toEqual(state);
  });
});

describe('what is told of a drain', () => {
  it('is nothing of an active node', () => {
    expect(drainDeadlineMs(initialDrainState)).toBeUndefined();
    expect(drainReportOf(initialDrainState, 0, [{ why: 'turn', meetings: 1, forMs: 0 }])).toEqual({
      state: 'active',
    });
  });

  it('names every reason, and no time where there is none', () => {
    const second = { ...operator, id: 'second', reason: 'new kernel' };
    expect(drainReportOf(run(drain(operator), drain(second)), 5000)).toEqual({
      state: 'draining',
      sinceMs: 1000,
      by: ['operator'],
      reason: 'maintenance window, new kernel',
    });
    expect(drainDeadlineMs(run(drain(operator)))).toBeUndefined();
  });

  it('counts down to nothing, and says what is waited for', () => {
    const waitingFor = [{ why: 'room' as const, meetings: 2, forMs: 7 }];
    const state = run(drain(operator), drain(notice));
    expect(drainReportOf(state, 29_000, waitingFor)).toMatchObject({ remainingMs: 1000, waitingFor });
    expect(drainReportOf(state, 31_000)).toMatchObject({ remainingMs: 0 });
  });
});

it('a deadline that makes no sense is taken for the nearest that does', () => {
  expect(deadlineAfter(undefined, 1000)).toBeUndefined();
  expect(deadlineAfter(-1, 1000)).toBe(6000);
  expect(deadlineAfter(60_000, 1000)).toBe(61_000);
  expect(deadlineAfter(Number.MAX_VALUE, 1000)).toBe(1000 + 48 * 3_600_000);
});

const anyEvent: fc.Arbitrary<DrainEvent> = fc.oneof(
  fc.record({
    type: fc.constant('drain' as const),
    nowMs: fc.nat(),
    cause: fc.record({
      id: fc.constantFrom('a', 'b', 'operator'),
      by: fc.constantFrom('operator' as const, 'cloud' as const),
      reason: fc.constant('r'),
      deadlineMs: fc.option(fc.nat(), { nil: undefined }),
    }),
  }),
  fc.record({
    type: fc.constant('cancel' as const),
    by: fc.constantFrom('operator' as const, 'cloud' as const),
    causeId: fc.constantFrom('a', 'b', 'operator'),
  }),
  fc.record({
    type: fc.constant('cancel' as const),
    by: fc.constantFrom('operator' as const, 'cloud' as const),
  }),
  fc.constant<DrainEvent>({ type: 'emptied' }),
  fc.constant<DrainEvent>({ type: 'filled' }),
  fc.record({ type: fc.constant('release' as const), holds: fc.nat(3), force: fc.boolean() }),
);

it('whatever happens, released is final, and only an asked-for drain is ever released', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
      let state = initialDrainState;
      for (const event of events) {
        const before = state;
        try {
          state = nextDrainState(before, event);
        } catch {
          // Refused: nothing may have changed.
          continue;
        }
        if (before.state === 'released') expect(state.state).toBe('released');
        if (before.state === 'active' && state.state !== 'active') expect(event.type).toBe('drain');
        if (state.state !== 'active') expect(state.causes.length).toBeGreaterThan(0);
        if (before.state !== 'released' && state.state === 'released' && event.type === 'release') {
          expect(event.force || event.holds === 0).toBe(true);
        }
      }
    }),
  );
});
