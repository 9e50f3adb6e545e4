import {
  fitElsewhere,
  meetingsToMove,
  needsOf,
  shortage,
} from '@holdfast/lifecycle-hooks/autoscaler/shortage.ts';
import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { Rooms } from '@holdfast/media-server/capacity/placement.ts';
import type { Reservation } from '@holdfast/media-server/capacity/reservations.ts';
import { describe, expect, it } from 'vitest';
import { node, nowMs, policy } from './observations.ts';

const expected = (meetingId: string, nodeId: string, streams: number): Reservation => ({
  meetingId,
  nodeId,
  purpose: 'expected',
  shares: sharesOf(streams),
  madeAtMs: nowMs,
  keptUntilMs: nowMs + 1000,
  decays: false,
});
const roomsOf = (nodes: Parameters<typeof node>[], reservations: readonly Reservation[] = []) =>
  new Rooms(
    nodes.map((about) => node(...about)),
    { reservations, generation: 'g1', nowMs },
  );
const survive = { wishes: [], headroomWorkers: 0, surviveOneFailure: true };

it('what is needed is the headroom, and what keeps the fleet from swinging on top', () => {
  expect(needsOf([], { ...policy, headroomWorkers: 2 }, 1)).toEqual({
    wishes: [],
    headroomWorkers: 3,
    surviveOneFailure: false,
  });
});

describe('that one machine may fail', () => {
  it('lacks nothing where no meeting is held', () => {
    expect(shortage(roomsOf([['a', [0, 0]]]), survive)).toBeUndefined();
  });

  it('is asked of the machine that has most to lose, not of one that only keeps room free', () => {
    const promised = expected('to-come', 'b', 400);
    const rooms = roomsOf(
      [
        ['a', [100]],
        ['b', [0]],
      ],
      [promised],
    );
    expect(shortage(rooms, survive)).toBe('if a failed, 1 of its 1 meetings would find no room');
  });
});

describe('whether meetings fit elsewhere', () => {
  it('is a trial: afterwards all is as it was', () => {
    const rooms = roomsOf([
      ['a', [300]],
      ['b', [0]],
    ]);
    const before = rooms.open.map(({ node: { nodeId }, lightest }) => [nodeId, lightest]).sort();
    expect(fitElsewhere(rooms, 'a', [{ meetingId: 'a-0', shares: sharesOf(300) }], () => undefined)).toBe(
      undefined,
    );
    expect(rooms.open.map(({ node: { nodeId }, lightest }) => [nodeId, lightest]).sort()).toEqual(before);
  });

  it('is asked with the meetings in their new places', () => {
    const rooms = roomsOf([
      ['a', [300]],
      ['b', [0]],
    ]);
    const meetings = [{ meetingId: 'a-0', shares: sharesOf(300) }];
    expect(fitElsewhere(rooms, 'a', meetings, (others) => `${others.room('b')?.lightest} left`)).toBe(
      '100 left',
    );
  });
});

describe('what a node holds', () => {
  it('is each meeting with what it is expected to become, and those that are still to come', () => {
    const held = node('a', [100, 50]);
    const reservations = [expected('a-0', 'a', 180), expected('to-come', 'a', 24)];
    expect(meetingsToMove(held, reservations, nowMs)).toEqual([
      { meetingId: 'a-0', shares: sharesOf(180) },
      { meetingId: 'a-1', shares: sharesOf(50) },
      { meetingId: 'to-come', shares: sharesOf(24) },
    ]);
  });

  it('is nothing of a promise that is over', () => {
    expect(meetingsToMove(node('a', [0]), [expected('over', 'a', 24)], nowMs + 1000)).toEqual([]);
  });
});
