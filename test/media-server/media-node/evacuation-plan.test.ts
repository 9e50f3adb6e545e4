import {
  afterEvent,
  type EvacuationEvent,
  type EvacuationPlan,
  type Evacuee,
  emptyPlan,
  isEvacuated,
  type MoveEnd,
  nextMoves,
  type Situation,
  waitsOf,
} from '@holdfast/media-server/media-node/evacuation-plan.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const timing = { meetingDeadlineMs: 10_000, parallelMeetings: 2, publishSpacingMs: 400 };
const home = (id: string): Evacuee => ({ id, role: 'home', reachable: true });
const node = (...meetings: Evacuee[]): Situation => ({ meetings, opening: 0, deadlineMs: undefined, timing });
const begun = (meetingId: string): EvacuationEvent => ({ type: 'begun', meetingId });
const ended = (meetingId: string, end: MoveEnd): EvacuationEvent => ({ type: 'ended', meetingId, end });
const failed = (about: Partial<Extract<MoveEnd, { type: 'failed' }>> = {}): MoveEnd => ({
  type: 'failed',
  target: undefined,
  noRoom: false,
  retryAfterMs: undefined,
  ...about,
});
const noRoom = failed({ noRoom: true });

/** The plan after these events, each at its time in ms. */
function after(...events: readonly (readonly [number, EvacuationEvent])[]): EvacuationPlan {
  return events.reduce((plan, [atMs, event]) => afterEvent(plan, event, atMs), emptyPlan);
}
const begin = (plan: EvacuationPlan, situation: Situation, nowMs: number) =>
  nextMoves(plan, situation, nowMs).begin;
const idsOf = (plan: EvacuationPlan, situation: Situation, nowMs: number) =>
  begin(plan, situation, nowMs).map(({ meetingId }) => meetingId);

describe('which meetings move next', () => {
  it('are a few at a time while there is no hurry, the next when one has ended', () => {
    const three = node(home('a'), home('b'), home('c'));
    expect(idsOf(emptyPlan, three, 0)).toEqual(['a', 'b']);
    const two = after([0, begun('a')], [0, begun('b')]);
    expect(idsOf(two, three, 0)).toEqual([]);
    expect(idsOf(afterEvent(two, ended('a', { type: 'moved' }), 5), node(home('b'), home('c')), 5)).toEqual([
      'c',
    ]);
  });

  it('are all of them when the deadline is near, each to be committed a second before it', () => {
    const situation = { ...node(home('a'), home('b'), home('c')), deadlineMs: 12_000 };
    const moves = begin(emptyPlan, situation, 0);
    expect(moves.map(({ meetingId }) => meetingId)).toEqual(['a', 'b', 'c']);
    expect(moves.map(({ untilMs }) => untilMs)).toEqual([11_000, 11_000, 11_000]);
  });

  it('have no time of their own when nothing ends the node', () => {
    expect(begin(emptyPlan, node(home('a')), 0)).toEqual([
      { meetingId: 'a', exclude: [], publishOffsetMs: 0, untilMs: undefined },
    ]);
  });

  it('publish in the gaps of those that are moving already', () => {
    const situation = node(home('a'), home('b'));
    expect(begin(emptyPlan, situation, 0).map(({ publishOffsetMs }) => publishOffsetMs)).toEqual([0, 200]);
    expect(begin(after([0, begun('a')]), situation, 0)).toMatchObject([
      { meetingId: 'b', publishOffsetMs: 200 },
    ]);
  });

  it('are only those that live here: one that is just coming stays until it has come', () => {
    const situation = node({ ...home('a'), role: 'incoming' }, { ...home('b'), role: 'outgoing' });
    expect(nextMoves(emptyPlan, situation, 0)).toEqual({ begin: [], lookAgainAtMs: undefined });
  });

  it('leave out a target that failed, at once, and every one that failed before it', () => {
    const plan = after(
      [0, begun('a')],
      [1, ended('a', failed({ target: 'n2' }))],
      [1, begun('a')],
      [2, ended('a', failed({ target: 'n3' }))],
    );
    expect(begin(plan, node(home('a')), 2)).toMatchObject([{ meetingId: 'a', exclude: ['n2', 'n3'] }]);
  });

  it('have every target open again when nothing else fits, after a second', () => {
    const plan = after(
      [0, begun('a')],
      [1, ended('a', failed({ target: 'n2' }))],
      [1, begun('a')],
      [2, ended('a', noRoom)],
    );
    expect(nextMoves(plan, node(home('a')), 1001)).toEqual({ begin: [], lookAgainAtMs: 1002 });
    expect(begin(plan, node(home('a')), 1002)).toMatchObject([{ exclude: [] }]);
  });

  it('keep what is known of targets while the control plane does not answer', () => {
    const plan = after(
      [0, begun('a')],
      [1, ended('a', failed({ target: 'n2' }))],
      [1, begun('a')],
      [2, ended('a', failed())],
    );
    expect(begin(plan, node(home('a')), 1002)).toMatchObject([{ exclude: ['n2'] }]);
  });

  it('come again when the control plane said so, but never later than after five seconds', () => {
    const retry = (retryAfterMs: number) => after([0, begun('a')], [0, ended('a', failed({ retryAfterMs }))]);
    expect(nextMoves(retry(250), node(home('a')), 0).lookAgainAtMs).toBe(250);
    expect(nextMoves(retry(60_000), node(home('a')), 0).lookAgainAtMs).toBe(5000);
  });

  it('come again after a second when nothing was left to move, or when we broke something', () => {
    for (const type of ['gone', 'broken'] as const) {
      const plan = after([0, begun('a')], [0, ended('a', { type })]);
      expect(idsOf(plan, node(home('a')), 999)).toEqual([]);
      expect(idsOf(plan, node(home('a')), 1000)).toEqual(['a']);
    }
  });

  it('do not hold each other up: one that waits leaves its place to the next', () => {
    const plan = after([0, begun('a')], [0, ended('a', noRoom)]);
    const { begin: moves, lookAgainAtMs } = nextMoves(plan, node(home('a'), home('b'), home('c')), 10);
    expect(moves.map(({ meetingId }) => meetingId)).toEqual(['b', 'c']);
    expect(lookAgainAtMs).toBe(1000);
  });

  it('forget a meeting that has moved', () => {
    expect(after([0, begun('a')], [5, ended('a', { type: 'moved' })]).size).toBe(0);
  });

  it('are looked at again at the earliest time of all that wait', () => {
    const plan = after(
      [0, begun('a')],
      [0, begun('b')],
      [0, ended('a', failed({ retryAfterMs: 3000 }))],
      [0, ended('b', failed({ retryAfterMs: 2000 }))],
    );
    expect(nextMoves(plan, node(home('a'), home('b')), 0).lookAgainAtMs).toBe(2000);
  });

  it('begin without a past when the drain was taken back meanwhile, except what goes on moving', () => {
    const plan = after(
      [0, begun('a')],
      [0, begun('b')],
      [0, ended('a', failed({ target: 'n2' }))],
      [1, { type: 'cancelled' }],
    );
    expect(begin(plan, node(home('a'), home('b')), 1)).toMatchObject([{ meetingId: 'a', exclude: [] }]);
    expect(isEvacuated(plan, node())).toBe(false);
  });
});

describe('a node is empty', () => {
  it('when nothing is here, nothing is being made and nothing is under way', () => {
    expect(isEvacuated(emptyPlan, node())).toBe(true);
    expect(isEvacuated(emptyPlan, node(home('a')))).toBe(false);
    expect(isEvacuated(emptyPlan, { ...node(), opening: 1 })).toBe(false);
    expect(isEvacuated(after([0, begun('a')]), node())).toBe(false);
    expect(isEvacuated(after([0, begun('a')], [0, ended('a', { type: 'gone' })]), node())).toBe(true);
  });
});

describe('what a drain waits for', () => {
  const waits = (plan: EvacuationPlan, situation: Situation, nowMs: number) =>
    waitsOf(plan, situation, nowMs);

  it('is nothing while moves go well', () => {
    expect(waits(after([0, begun('a')]), node(home('a')), 4000)).toEqual([]);
    expect(waits(after([9000, begun('a')]), node(home('a')), 13_000)).toEqual([]);
  });

  it('is somebody when a move takes long', () => {
    expect(waits(after([0, begun('a')]), node(home('a')), 4001)).toEqual([
      { why: 'people', meetings: 1, forMs: 4001 },
    ]);
  });

  it('is a gateway when nobody in the meeting can be told', () => {
    const silent = { ...home('a'), reachable: false };
    expect(waits(after([0, begun('a')]), node(silent), 10)).toEqual([
      { why: 'gateways', meetings: 1, forMs: 10 },
    ]);
  });

  it.each([
    ['room', noRoom],
    ['control-plane', failed()],
    ['target', failed({ target: 'n2' })],
    ['gateways', { type: 'gone' }],
    ['fault', { type: 'broken' }],
  ] as const)('is %s after a try that ended so', (why, end) => {
    const plan = after([0, begun('a')], [10, ended('a', end)]);
    expect(waits(plan, node(home('a')), 510)).toEqual([{ why, meetings: 1, forMs: 500 }]);
  });

  it('is counted from the first try, also while the next one asks', () => {
    const plan = after([0, begun('a')], [10, ended('a', noRoom)], [1010, begun('a')]);
    expect(waits(plan, node(home('a')), 1100)).toEqual([{ why: 'room', meetings: 1, forMs: 1090 }]);
    const again = afterEvent(plan, ended('a', noRoom), 1200);
    expect(waits(again, node(home('a')), 1300)).toEqual([{ why: 'room', meetings: 1, forMs: 1290 }]);
    const other = afterEvent(plan, ended('a', failed()), 1200);
    expect(waits(other, node(home('a')), 1300)).toEqual([{ why: 'control-plane', meetings: 1, forMs: 100 }]);
  });

  it('is nothing any more when a target was found', () => {
    const plan = after([0, begun('a')], [10, ended('a', noRoom)], [1010, begun('a')]);
    expect(waits(plan, node(home('a')), 2009)).toMatchObject([{ why: 'room' }]);
    expect(waits(plan, node(home('a')), 2010)).toEqual([]);
  });

  it('is its turn, or its arrival, for what has not been tried', () => {
    const situation = node(home('a'), home('b'), { ...home('c'), role: 'incoming' });
    expect(waits(after([0, begun('a')]), { ...situation, opening: 2 }, 10)).toEqual([
      { why: 'turn', meetings: 1, forMs: 0 },
      { why: 'arrival', meetings: 3, forMs: 0 },
    ]);
  });

  it('is told once for all meetings that wait for the same, with the longest time', () => {
    const plan = after([0, begun('a')], [0, begun('b')], [10, ended('a', noRoom)], [20, ended('b', noRoom)]);
    expect(waits(plan, node(home('b'), home('a')), 110)).toEqual([{ why: 'room', meetings: 2, forMs: 100 }]);
  });
});

describe('an evacuation, however its moves end', () => {
  const end: fc.Arbitrary<MoveEnd> = fc.oneof(
    fc.constantFrom<MoveEnd>({ type: 'moved' }, { type: 'gone' }, { type: 'broken' }, noRoom),
    fc.record({
      type: fc.constant('failed' as const),
      target: fc.option(fc.constantFrom('n2', 'n3'), { nil: undefined }),
      noRoom: fc.constant(false),
      retryAfterMs: fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined }),
    }),
  );
  const ids = ['a', 'b', 'c', 'd', 'e'];

  it('moves no meeting twice at once, keeps within its number, and says at any time why who is here is here', () => {
    fc.assert(
      fc.property(fc.array(end, { maxLength: 60 }), fc.boolean(), (ends, hurry) => {
        const here = new Set(ids);
        const moving: string[] = [];
        let plan = emptyPlan;
        let nowMs = 0;
        const situation = (): Situation => ({
          ...node(...[...here].map(home)),
          deadlineMs: hurry ? 600_000 : undefined,
        });
        for (const how of [...ends, ...Array.from({ length: 20 }, (): MoveEnd => ({ type: 'moved' }))]) {
          const { begin: moves, lookAgainAtMs } = nextMoves(plan, situation(), nowMs);
          for (const { meetingId } of moves) {
            expect(moving).not.toContain(meetingId);
            moving.push(meetingId);
            plan = afterEvent(plan, begun(meetingId), nowMs);
          }
          expect(moving.length).toBeLessThanOrEqual(2);
          const told = waitsOf(plan, situation(), nowMs).reduce((sum, { meetings }) => sum + meetings, 0);
          expect(told + moving.length).toBeGreaterThanOrEqual(here.size);
          const first = moving.shift();
          if (first === undefined) {
            if (here.size === 0) break;
            // Nothing moves, so there must be a time at which something does.
            expect(lookAgainAtMs).toBeGreaterThan(nowMs);
            expect(lookAgainAtMs).toBeLessThanOrEqual(nowMs + 5000);
            nowMs = lookAgainAtMs ?? nowMs;
            continue;
          }
          nowMs += 10;
          if (how.type === 'moved') here.delete(first);
          plan = afterEvent(plan, ended(first, how), nowMs);
        }
        expect(isEvacuated(plan, situation())).toBe(here.size === 0 && moving.length === 0);
      }),
      { numRuns: 300 },
    );
  });
});
