import type { Drain } from '@holdfast/media-server/drain/drain.ts';
import { Evacuation } from '@holdfast/media-server/media-node/evacuation.ts';
import { createLogger } from '@holdfast/media-server/process/logger.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, settle } from '../process/manual-clock.ts';
import { FakeMeetings } from './fake-meetings.ts';

const log = createLogger('test');
log.level = 'silent';

let clock: ManualClock;
let meetings: FakeMeetings;
let evacuation: Evacuation<ReturnType<FakeMeetings['add']>>;
let drain: Drain;

beforeEach(() => {
  clock = new ManualClock();
  meetings = new FakeMeetings();
  evacuation = new Evacuation({
    meetings,
    move: meetings.move,
    timing: { meetingDeadlineMs: 10_000, parallelMeetings: 2, publishSpacingMs: 400 },
    clock,
    log,
  });
  drain = evacuation.drain;
});
afterEach(() => evacuation.close());

const order = (withinMs?: number) =>
  drain.order({ by: 'operator', reason: 'new kernel', ...(withinMs === undefined ? {} : { withinMs }) });
const moving = () => meetings.moves.map(({ meetingId }) => meetingId);

describe('an evacuation', () => {
  it('moves a few meetings at a time, and is over when the last one has gone', async () => {
    for (const id of ['a', 'b', 'c']) meetings.add(id);
    order();
    expect(moving()).toEqual(['a', 'b']);
    meetings.last('a').moved();
    await settle();
    expect(moving()).toEqual(['a', 'b', 'c']);
    meetings.last('b').moved();
    await settle();
    expect(drain.state).toBe('draining');
    meetings.last('c').moved();
    await settle();
    expect(drain.report()).toMatchObject({ state: 'drained' });
    expect(meetings.closed).toEqual(['a', 'b', 'c']);
  });

  it('counts a deadline from the moment it hears of it, by its own clock', async () => {
    meetings.add('a');
    const beginMs = clock.now();
    expect(order(60_000)).toMatchObject({ remainingMs: 60_000 });
    expect(meetings.last('a').options?.untilMs).toBe(beginMs + 59_000);
    await clock.advance(20_000);
    expect(drain.report()).toMatchObject({ remainingMs: 40_000 });
    await clock.advance(50_000);
    expect(drain.report()).toMatchObject({ remainingMs: 0 });
  });

  it.each([
    [-1_000_000, 5000],
    [0, 5000],
    [4999, 5000],
    [5000, 5000],
    [48 * 3_600_000 + 1, 48 * 3_600_000],
    [Number.MAX_VALUE, 48 * 3_600_000],
  ])('takes a cloud’s %d ms for %d ms: never an instant cut', (withinMs, takenMs) => {
    meetings.add('a');
    drain.notice({ noticeId: 'n', kind: 'spot', withinMs });
    expect(drain.report().remainingMs).toBe(takenMs);
    expect(meetings.last('a').options?.untilMs).toBe(clock.now() + takenMs - 1000);
  });

  it('is not over while a meeting is being made: it would land on a node that was given back', async () => {
    meetings.opening = 1;
    order();
    expect(drain.state).toBe('draining');
    expect(drain.report().waitingFor).toEqual([{ why: 'arrival', meetings: 1, forMs: 0 }]);
    expect(() => drain.release(false)).toThrow(/1 still hold it/);
    meetings.opening = 0;
    meetings.add('late');
    expect(moving()).toEqual(['late']);
    meetings.last('late').moved();
    await settle();
    expect(drain.state).toBe('drained');
  });

  it('looks again by itself when a meeting that was being made came to nothing', async () => {
    meetings.opening = 1;
    order();
    meetings.opening = 0;
    await clock.advance(1000);
    expect(drain.state).toBe('drained');
  });

  it('is draining again when a meeting turns up on the empty node', () => {
    order();
    expect(drain.state).toBe('drained');
    meetings.add('late');
    expect(drain.state).toBe('draining');
    expect(moving()).toEqual(['late']);
  });

  it('says that no other node has room for as long as that is so, and tries every second', async () => {
    meetings.add('a');
    order();
    for (let second = 0; second < 3; second += 1) {
      meetings.last('a').failed('NO_CAPACITY');
      await clock.advance(1000);
    }
    expect(moving()).toEqual(['a', 'a', 'a', 'a']);
    expect(drain.report().waitingFor).toMatchObject([{ why: 'room', meetings: 1, forMs: 3000 }]);
    meetings.last('a').moved();
    await settle();
    expect(drain.report()).toMatchObject({ state: 'drained' });
    expect(drain.report().waitingFor).toBeUndefined();
  });

  it('takes another target at once when one has failed, and goes on after a fault of its own', async () => {
    meetings.add('a');
    order();
    meetings.last('a').failed('NODE_UNREACHABLE', 'n2');
    await settle();
    expect(meetings.last('a').options?.exclude).toEqual(['n2']);
    meetings.last('a').broken();
    await settle();
    expect(drain.report().waitingFor).toMatchObject([{ why: 'fault' }]);
    await clock.advance(1000);
    expect(moving()).toEqual(['a', 'a', 'a']);
  });

  it('that is taken back lets go on what moves, and begins nothing more', async () => {
    for (const id of ['a', 'b', 'c']) meetings.add(id);
    order();
    expect(drain.cancel('operator')).toEqual({ state: 'active' });
    meetings.last('a').moved();
    await settle();
    await clock.advance(10_000);
    expect(moving()).toEqual(['a', 'b']);
    expect(meetings.closed).toEqual(['a']);
  });

  it('ends a meeting without people in place of moving it', () => {
    meetings.add('a').legs.clear();
    order();
    expect(moving()).toEqual([]);
    expect(drain.state).toBe('drained');
  });

  it('passes a gateway’s word on to the move it is about, and to no other', () => {
    meetings.add('a');
    order();
    const word = { meetingId: 'a', epoch: 2, participantId: 'ada', event: { type: 'published' } } as const;
    evacuation.progress(word);
    evacuation.progress({ ...word, meetingId: 'b' });
    expect(meetings.last('a').said).toEqual([word]);
  });

  it('that is closed stops its moves and leaves no timer behind', () => {
    meetings.add('a');
    order();
    evacuation.close();
    expect(meetings.last('a').options?.signal.aborted).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a process that was told to end', () => {
  it('is empty when its meetings have moved, within the time that it was given', async () => {
    meetings.add('a');
    const left = drain.leave(25_000, new AbortController().signal);
    expect(drain.accepting).toBe(false);
    expect(meetings.last('a').options?.untilMs).toBe(clock.now() + 24_000);
    meetings.last('a').moved();
    await left;
    expect(drain.state).toBe('drained');
  });

  it('need not wait when nothing is there, or when the cloud was told already', async () => {
    await drain.leave(25_000, new AbortController().signal);
    meetings.add('a');
    drain.release(true);
    await drain.leave(25_000, new AbortController().signal);
  });

  it('ends with meetings still there when its time is over, having said at once that nobody can take them', async () => {
    meetings.add('a');
    const hurry = new AbortController();
    const left = drain.leave(25_000, hurry.signal);
    meetings.last('a').failed('NO_CAPACITY');
    await settle();
    expect(drain.report().waitingFor).toMatchObject([{ why: 'room' }]);
    hurry.abort();
    await left;
    expect(drain.state).toBe('draining');
  });

  it('is not told otherwise by an operator', () => {
    meetings.add('a');
    void drain.leave(25_000, new AbortController().signal);
    expect(() => drain.cancel('operator')).toThrow(/process is ending/);
  });
});
