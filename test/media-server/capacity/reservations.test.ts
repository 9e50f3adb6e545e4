import { meetingShares, sharesOf, streamsOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { Rooms } from '@holdfast/media-server/capacity/placement.ts';
import {
  abortMove,
  beginMove,
  endMeeting,
  expectMeeting,
  followMove,
  type MeetingReservations,
  remaining,
} from '@holdfast/media-server/capacity/reservations.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capacityNode } from './capacity-nodes.ts';

const nowMs = 1_000_000;
const minute = 60_000;
const twelve = meetingShares({ participants: 12 });
/** Twelve people are announced for in half an hour, unless a test says otherwise. */
const announce = (startsAtMs: number | null = nowMs + 30 * minute) =>
  expectMeeting([], { meetingId: 'm', nodeId: 'a', expectedParticipants: 12, startsAtMs }, nowMs);
/** Streams kept free on each node. */
const kept = (reservations: MeetingReservations, atMs = nowMs) =>
  Object.fromEntries(
    ['a', 'b', 'c'].map((nodeId) => {
      const room = new Rooms([capacityNode(nodeId, [0])], {
        reservations: reservations.filter((each) => each.nodeId === nodeId),
        generation: null,
        nowMs: atMs,
      });
      return [nodeId, 400 - (room.room(nodeId)?.lightest ?? 0)];
    }),
  );

describe('reservations', () => {
  it('keep the announced size until a quarter of an hour after the announced start', () => {
    expect(streamsOf(twelve)).toBe(264);
    expect(kept(announce())).toEqual({ a: 264, b: 0, c: 0 });
    expect(kept(announce(), nowMs + 44 * minute)).toEqual({ a: 264, b: 0, c: 0 });
    expect(kept(announce(), nowMs + 45 * minute)).toEqual({ a: 0, b: 0, c: 0 });
  });

  it('follow a meeting that moves: room on both sides meanwhile, then on the target alone', () => {
    const moving = beginMove(announce(), { meetingId: 'm', target: 'b', shares: sharesOf(24) }, nowMs);
    expect(kept(moving)).toEqual({ a: 264, b: 264, c: 0 });
    const moved = followMove(moving, 'b', nowMs + 5000);
    expect(kept(moved, nowMs + 5000)).toEqual({ a: 0, b: 264, c: 0 });
    // As long as it was announced for, not as long as a move may take.
    expect(kept(moved, nowMs + 44 * minute)).toEqual({ a: 0, b: 264, c: 0 });
  });

  it('stay at home when the move is aborted, once or twice', () => {
    const moving = beginMove(announce(), { meetingId: 'm', target: 'b', shares: sharesOf(24) }, nowMs);
    const aborted = abortMove(moving, 'b', nowMs + 5000);
    expect(kept(aborted, nowMs + 5000)).toEqual({ a: 264, b: 0, c: 0 });
    expect(abortMove(aborted, 'b', nowMs + 5000)).toEqual(aborted);
  });

  it('of another move stay when one is aborted', () => {
    const first = beginMove(announce(), { meetingId: 'm', target: 'b', shares: [] }, nowMs);
    const second = beginMove(first, { meetingId: 'm', target: 'c', shares: [] }, nowMs);
    expect(kept(abortMove(second, 'b', nowMs))).toEqual({ a: 264, b: 0, c: 264 });
  });

  it('end with the meeting', () => {
    expect(endMeeting()).toEqual([]);
  });

  it('keep the announced size for a quarter of an hour when the start is not known, or was before', () => {
    for (const startsAtMs of [null, nowMs - 30 * minute]) {
      const present = announce(startsAtMs);
      expect(kept(present, nowMs + 15 * minute - 1)).toEqual({ a: 264, b: 0, c: 0 });
      expect(kept(present, nowMs + 15 * minute)).toEqual({ a: 0, b: 0, c: 0 });
    }
  });

  it('of a meeting that is expected anew replace what was expected, and leave a move alone', () => {
    const moving = beginMove(announce(), { meetingId: 'm', target: 'b', shares: [] }, nowMs);
    const about = { meetingId: 'm', nodeId: 'c', expectedParticipants: 4, startsAtMs: null };
    expect(kept(expectMeeting(moving, about, nowMs))).toEqual({ a: 0, b: 264, c: 24 });
  });

  it('of one move are no reason for another to find more room', () => {
    const first = beginMove([], { meetingId: 'm', target: 'b', shares: sharesOf(300) }, nowMs);
    const second = beginMove(first, { meetingId: 'm', target: 'c', shares: sharesOf(24) }, nowMs);
    expect(kept(second)).toEqual({ a: 0, b: 300, c: 24 });
  });

  it('stay with a meeting that has moved, though its move is aborted too late', () => {
    const moved = followMove(
      beginMove(announce(), { meetingId: 'm', target: 'b', shares: [] }, nowMs),
      'b',
      nowMs,
    );
    expect(abortMove(moved, 'b', nowMs)).toEqual(moved);
  });

  it('that are over are not kept as rows', () => {
    const moving = beginMove(announce(), { meetingId: 'm', target: 'b', shares: [] }, nowMs);
    expect(abortMove(moving, 'c', nowMs + minute - 1)).toHaveLength(2);
    expect(abortMove(moving, 'c', nowMs + minute)).toEqual(announce());
  });

  it('of a move that nobody ends are over after a minute', () => {
    const moving = beginMove([], { meetingId: 'm', target: 'b', shares: sharesOf(24) }, nowMs);
    expect(kept(moving, nowMs + minute - 1)).toMatchObject({ b: 24 });
    expect(kept(moving, nowMs + minute)).toMatchObject({ b: 0 });
  });

  it('find room for what the meeting takes when that is more than was announced', () => {
    const moving = beginMove(announce(), { meetingId: 'm', target: 'b', shares: sharesOf(300) }, nowMs);
    expect(kept(moving)).toEqual({ a: 264, b: 300, c: 0 });
  });

  it('of unknown size are room for four people that melts away in two minutes', () => {
    const begun = expectMeeting(
      [],
      { meetingId: 'm', nodeId: 'a', expectedParticipants: null, startsAtMs: null },
      nowMs,
    );
    expect(kept(begun)).toMatchObject({ a: 24 });
    expect(kept(begun, nowMs + minute)).toMatchObject({ a: 12 });
    expect(kept(begun, nowMs + 2 * minute)).toMatchObject({ a: 0 });
  });

  it('never keep more than was asked for, nor more with time', () => {
    const anyAct = fc.constantFrom('expect', 'move', 'follow', 'abort', 'wait');
    fc.assert(
      fc.property(fc.array(fc.record({ act: anyAct, node: fc.constantFrom('a', 'b') })), (acts) => {
        let present: MeetingReservations = announce();
        let atMs = nowMs;
        for (const { act, node } of acts) {
          if (act === 'expect')
            present = expectMeeting(
              present,
              { meetingId: 'm', nodeId: node, expectedParticipants: 12, startsAtMs: null },
              atMs,
            );
          if (act === 'move')
            present = beginMove(present, { meetingId: 'm', target: node, shares: twelve }, atMs);
          if (act === 'follow') present = followMove(present, node, atMs);
          if (act === 'abort') present = abortMove(present, node, atMs);
          if (act === 'wait') atMs += 30_000;
          const keys = present.map(({ nodeId, purpose }) => `${nodeId} ${purpose}`);
          expect(new Set(keys).size).toBe(keys.length);
          expect(present.filter(({ purpose }) => purpose === 'expected').length).toBeLessThanOrEqual(1);
          for (const each of present) {
            expect(streamsOf(remaining(each, atMs))).toBeLessThanOrEqual(264);
            expect(streamsOf(remaining(each, atMs + 1))).toBeLessThanOrEqual(
              streamsOf(remaining(each, atMs)),
            );
          }
        }
      }),
    );
  });
});
