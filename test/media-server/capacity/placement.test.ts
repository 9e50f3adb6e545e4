import { meetingShares, sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import type { CapacityNode } from '@holdfast/media-server/capacity/node-room.ts';
import { type MeetingToPlace, place, placeAll, Rooms } from '@holdfast/media-server/capacity/placement.ts';
import { expectMeeting, type Reservation } from '@holdfast/media-server/capacity/reservations.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capacityNode, held, machine } from './capacity-nodes.ts';

const nowMs = 1_000_000;
const around = (reservations: readonly Reservation[] = []) => ({ reservations, generation: 'g1', nowMs });
const meeting = (streams: number, more: Partial<MeetingToPlace> = {}): MeetingToPlace => ({
  meetingId: 'm',
  shares: sharesOf(streams),
  ...more,
});
const chosen = (streams: number, nodes: CapacityNode[], reservations: Reservation[] = []) => {
  const placement = place(meeting(streams), nodes, around(reservations));
  return placement.placed ? placement.nodeId : undefined;
};
const reserved = (nodeId: string, streams: number, meetingId = 'other'): Reservation => ({
  meetingId,
  nodeId,
  purpose: 'expected',
  shares: sharesOf(streams),
  madeAtMs: nowMs,
  keptUntilMs: nowMs + 1000,
  decays: false,
});
const idle = (count: number) => Array.from({ length: count }, () => 0);

describe('placement', () => {
  it('packs: the fullest node with room comes first', () => {
    expect(chosen(40, [capacityNode('a', [80]), capacityNode('b', [280]), capacityNode('c', [380])])).toBe(
      'b',
    );
  });

  it('fills a worker exactly to its target and not beyond', () => {
    expect(chosen(100, [capacityNode('a', [300])])).toBe('a');
    expect(chosen(101, [capacityNode('a', [300])])).toBeUndefined();
  });

  it('opens an empty node only when none in use has room, the smallest that is large enough', () => {
    const used = capacityNode('used', [300, 300]);
    const large = capacityNode('large', idle(8));
    const small = capacityNode('small', idle(2));
    expect(chosen(100, [large, small, used])).toBe('used');
    expect(chosen(101, [large, small, used])).toBe('small');
  });

  it('asks how much the lightest worker has, not how much all of them together', () => {
    const spread = capacityNode('spread', [200, 200, 200, 200]);
    const single = capacityNode('single', [150]);
    expect(chosen(250, [spread, single])).toBe('single');
    expect(chosen(251, [spread, single])).toBeUndefined();
  });

  it('on a machine with 16 workers gives a meeting of 20 people one worker and leaves 15 open', () => {
    const node = capacityNode('a', idle(16));
    const twenty = meetingShares({ participants: 20 });
    expect(twenty).toMatchObject([{ streams: 760 }]);
    const rooms = new Rooms([node], around());
    expect(rooms.place({ meetingId: 'twenty', shares: twenty })).toMatchObject({ placed: true, nodeId: 'a' });
    expect(rooms.room('a')).toMatchObject({ freeWorkers: 15, lightest: 400, total: 6000 });
    // 15 more, each with a worker of its own, then no other.
    for (let index = 0; index < 15; index += 1)
      expect(rooms.place({ meetingId: `${index}`, shares: twenty }).placed).toBe(true);
    expect(rooms.place({ meetingId: 'one-more', shares: twenty }).placed).toBe(false);
  });

  it('counts a meeting of 20 people that runs as one worker: measured stress of one closes no other', () => {
    const running = capacityNode('a', [760, ...idle(15)], {
      workers: [{ cpu: 0.95, streams: 760 }, ...idle(15).map(() => ({ cpu: 0.01, streams: 0 }))],
    });
    expect(chosen(380, [running])).toBe('a');
  });

  it('packs a fleet of mixed machine types', () => {
    const weak = capacityNode('weak', idle(2), { machine: machine({ workers: 2, workerStreams: 200 }) });
    const plain = capacityNode('plain', idle(4));
    const strong = capacityNode('strong', idle(2), { machine: machine({ workers: 2, workerStreams: 800 }) });
    const placed = placeAll(
      [
        { meetingId: 'twenty', shares: meetingShares({ participants: 20 }) }, // 760: fits only on a worker of 800
        { meetingId: 'fourteen', shares: meetingShares({ participants: 14 }) }, // 364: on one of 400 or 800
        { meetingId: 'ten', shares: meetingShares({ participants: 10 }) }, // 180: on any
      ],
      [weak, plain, strong],
      around(),
    );
    expect([...placed].map(([id, each]) => [id, each.placed && each.nodeId])).toEqual([
      ['twenty', 'strong'],
      ['fourteen', 'strong'], // its other worker, since the node is in use
      ['ten', 'strong'], // 800 - 364 leaves 436
    ]);
    expect(chosen(180, [weak, plain])).toBe('weak');
    expect(chosen(364, [weak, plain])).toBe('plain');
    expect(chosen(760, [weak, plain])).toBe('plain');
  });

  it('is bounded by the network and by the Node thread of the whole machine', () => {
    const slim = machine({ workers: 4, networkBps: 100e6 });
    expect(chosen(250, [capacityNode('a', idle(4), { machine: slim })])).toBe('a');
    expect(chosen(251, [capacityNode('a', idle(4), { machine: slim })])).toBeUndefined();
    const measured = capacityNode('a', idle(4), { machine: slim, egressBps: 79e6 });
    expect(chosen(4, [measured])).toBeUndefined();
    const thread = machine({ workers: 4, nodeStreams: 500 });
    expect(chosen(200, [capacityNode('a', [300, 0, 0, 0], { machine: thread })])).toBe('a');
    expect(chosen(201, [capacityNode('a', [300, 0, 0, 0], { machine: thread })])).toBeUndefined();
    expect(chosen(10, [capacityNode('a', idle(4), { processCpu: 0.7 })])).toBeUndefined();
    const shares = [...sharesOf(150), ...sharesOf(150)];
    const busy = capacityNode('a', [300, 0, 0, 0], { machine: thread });
    expect(place({ meetingId: 'm', shares }, [busy], around()).placed).toBe(false);
  });

  it('counts CPU where it says more than the streams', () => {
    expect(
      chosen(201, [capacityNode('a', [100], { workers: [{ cpu: 0.35, streams: 100 }] })]),
    ).toBeUndefined();
    expect(chosen(200, [capacityNode('a', [100], { workers: [{ cpu: 0.35, streams: 100 }] })])).toBe('a');
  });

  it('takes a node whose load is not known only when no known one has room, and never for more than it may hold', () => {
    const unknown = capacityNode('a', [100], { workers: [{ cpu: null, streams: 100 }] });
    expect(chosen(50, [unknown, capacityNode('b', [340])])).toBe('b');
    expect(chosen(80, [unknown, capacityNode('b', [340])])).toBe('a');
    expect(chosen(301, [unknown])).toBeUndefined();
    expect(chosen(300, [unknown])).toBe('a');
    const whole = capacityNode('b', [0], { workers: [{ cpu: 0.01, streams: 0 }] });
    expect(chosen(760, [capacityNode('a', [0], { workers: [{ cpu: null, streams: 0 }] }), whole])).toBe('b');
  });

  it('spreads over nodes whose load is not known', () => {
    const [full, light] = [300, 100].map((streams) =>
      capacityNode(`with ${streams}`, [streams], { workers: [{ cpu: null, streams }] }),
    );
    expect(full && light && chosen(50, [light, full])).toBe('with 100');
    expect(
      full && light && place(meeting(50, { exclude: ['with 100'] }), [light, full], around()),
    ).toMatchObject({ nodeId: 'with 300' });
  });

  it('counts what is promised, as far as its meeting does not use it yet', () => {
    const node = capacityNode('a', [100, 380], { meetings: [held('big', 100, [0]), held('x', 380, [1])] });
    expect(chosen(301, [node])).toBeUndefined();
    expect(chosen(300, [node], [reserved('a', 100, 'big')])).toBe('a');
    expect(chosen(250, [node], [reserved('a', 150, 'big')])).toBe('a');
    expect(chosen(251, [node], [reserved('a', 150, 'big')])).toBeUndefined();
  });

  it('keeps an announced meeting of 20 people its worker before anybody has come', () => {
    const promised = expectMeeting(
      [],
      { meetingId: 'twenty', nodeId: 'a', expectedParticipants: 20, startsAtMs: null },
      nowMs,
    );
    const rooms = new Rooms([capacityNode('a', idle(16))], around(promised));
    expect(rooms.room('a')).toMatchObject({ freeWorkers: 15 });
  });

  it('prefers the current generation to a fuller node of an old one, and an old one to nothing', () => {
    const old = capacityNode('old', [300], { generation: 'g0' });
    const current = capacityNode('new', [0]);
    expect(chosen(50, [old, current])).toBe('new');
    expect(chosen(50, [old, capacityNode('new', [390])])).toBe('old');
  });

  it('takes all generations alike when the fleet has not said which is new', () => {
    const nodes = [capacityNode('old', [300], { generation: 'g0' }), capacityNode('new', [0])];
    const placement = place(meeting(50), nodes, { reservations: [], generation: null, nowMs });
    expect(placement).toEqual({ placed: true, nodeId: 'old', reason: 'in use, 50 streams left' });
  });

  it('leaves out nodes that drain, are unreachable or excluded, and says so', () => {
    const nodes = [
      capacityNode('a', [0], { state: 'draining' }),
      capacityNode('b', [0], { state: 'unreachable' }),
      capacityNode('c', [0]),
      capacityNode('d', [400]),
    ];
    expect(place(meeting(40, { exclude: ['c'] }), nodes, around())).toEqual({
      placed: false,
      code: 'NO_CAPACITY',
      reason: '4 nodes: 1 full, 1 draining, 1 unreachable, 1 excluded',
    });
  });

  it('puts what has lost its node where most is free, when nothing has room', () => {
    const nodes = [capacityNode('a', [420]), capacityNode('b', [390]), capacityNode('c', [500])];
    expect(place(meeting(100, { urgent: true }), nodes, around())).toEqual({
      placed: true,
      nodeId: 'b',
      reason: 'urgent: over its target',
    });
    expect(place(meeting(100, { urgent: true, exclude: ['b'] }), nodes, around())).toMatchObject({
      nodeId: 'a',
    });
    expect(place(meeting(100, { urgent: true }), [], around())).toMatchObject({ placed: false });
  });

  it('spreads what has lost its node: room that was taken urgently is taken', () => {
    const rooms = new Rooms([capacityNode('a', [350]), capacityNode('b', [360])], around());
    const urgently = (meetingId: string) => rooms.place(meeting(100, { meetingId, urgent: true }));
    expect([urgently('m1'), urgently('m2'), urgently('m3')]).toMatchObject([
      { nodeId: 'a' },
      { nodeId: 'b' },
      { nodeId: 'a' },
    ]);
  });

  it('does not count a node as excluded that is not there', () => {
    expect(place(meeting(40, { exclude: ['nobody'] }), [capacityNode('a', [400])], around())).toMatchObject({
      reason: '1 nodes: 1 full, 0 draining, 0 unreachable, 0 excluded',
    });
  });

  it('gives a meeting larger than any worker the largest idle one, not the one with most room', () => {
    const large = machine({ workers: 1, workerStreams: 800 });
    const smaller = machine({ workers: 1, workerStreams: 750 });
    // A tenth of the larger one is noise.
    const nodes = [
      capacityNode('smaller', [0], { machine: smaller }),
      capacityNode('large', [0], { machine: large, workers: [{ cpu: 0.07, streams: 0 }] }),
    ];
    for (const order of [nodes, nodes.toReversed()]) expect(chosen(900, order)).toBe('large');
    expect(place(meeting(900, { exclude: ['large'] }), nodes, around())).toMatchObject({ nodeId: 'smaller' });
  });

  it('gives shares of one meeting different workers when they need them', () => {
    const shares = [...sharesOf(300), ...sharesOf(200)];
    const rooms = new Rooms([capacityNode('a', [0, 150])], around());
    expect(rooms.place({ meetingId: 'm', shares })).toMatchObject({ nodeId: 'a' });
    expect(rooms.room('a')?.workers.map(({ free }) => free)).toEqual([100, 50]);
  });
});

describe('placing many at once', () => {
  const anyStreams = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 4 });
  const anyNodes = fc
    .array(fc.record({ streams: anyStreams, state: fc.constantFrom('open', 'open', 'draining' as const) }), {
      minLength: 1,
      maxLength: 8,
    })
    .map((nodes) => nodes.map(({ streams, state }, index) => capacityNode(`n${index}`, streams, { state })));
  const anyMeetings = fc
    .array(fc.integer({ min: 1, max: 900 }), { maxLength: 12 })
    .map((sizes) => sizes.map((size, index) => meeting(size, { meetingId: `m${index}` })));

  it('never fills a worker over its target', () => {
    fc.assert(
      fc.property(anyNodes, anyMeetings, (nodes, meetings) => {
        const rooms = new Rooms(nodes, around());
        rooms.placeAll(meetings);
        for (const room of rooms.open)
          for (const { free } of room.workers) expect(free).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('refuses nothing that fits alone on what is left', () => {
    fc.assert(
      fc.property(anyNodes, anyMeetings, (nodes, meetings) => {
        const rooms = new Rooms(nodes, around());
        for (const [id, placement] of rooms.placeAll(meetings)) {
          const shares = meetings.find(({ meetingId }) => meetingId === id)?.shares ?? [];
          if (!placement.placed) for (const room of rooms.open) expect(room.fit(shares)).toBeUndefined();
        }
      }),
    );
  });

  it('gives the same answer whatever the order of nodes and meetings', () => {
    const shuffled = fc.tuple(anyNodes, anyMeetings).chain(([nodes, meetings]) =>
      fc.record({
        nodes: fc.constant(nodes),
        meetings: fc.constant(meetings),
        otherNodes: fc.shuffledSubarray(nodes, { minLength: nodes.length }),
        otherMeetings: fc.shuffledSubarray(meetings, { minLength: meetings.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ nodes, meetings, otherNodes, otherMeetings }) => {
        expect([...placeAll(otherMeetings, otherNodes, around())]).toEqual([
          ...placeAll(meetings, nodes, around()),
        ]);
      }),
    );
  });

  it('gives back only what was taken since the mark', () => {
    const rooms = new Rooms([capacityNode('a', [0])], around());
    rooms.place(meeting(100));
    const mark = rooms.mark;
    rooms.place(meeting(200));
    rooms.rollback(mark);
    expect(rooms.room('a')?.lightest).toBe(300);
  });

  it('goes without a node as long as it is closed, and knows nothing of one that is not there', () => {
    const rooms = new Rooms([capacityNode('a', [0]), capacityNode('b', [100])], around());
    const reopen = rooms.close('b');
    expect(rooms.place(meeting(40))).toMatchObject({ nodeId: 'a' });
    rooms.rollback(0);
    reopen();
    expect(rooms.place(meeting(40))).toMatchObject({ nodeId: 'b' });
    rooms.close('nobody')();
    expect(rooms.room('nobody')).toBeUndefined();
  });

  it('leaves everything as it was after a trial', () => {
    fc.assert(
      fc.property(anyNodes, anyMeetings, (nodes, meetings) => {
        const rooms = new Rooms(nodes, around());
        const mark = rooms.mark;
        const first = [...rooms.placeAll(meetings)];
        rooms.rollback(mark);
        expect([...rooms.placeAll(meetings)]).toEqual(first);
      }),
    );
  });
});
