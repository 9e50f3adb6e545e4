import {
  type DrainCause,
  type DrainEvent,
  type DrainMachineState,
  drainDeadlineMs,
  drainReportOf,
  initialDrainState,
  nextDrainState,
} from '@holdfast/media-server/media-node/drain-machine.ts';
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
const drain = (cause: DrainCause): DrainEvent => ({ type: 'drain', cause, nowMs: 1000 });
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
      /holds 2 meetings/,
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
