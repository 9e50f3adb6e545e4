import {
  expectedLoad,
  outstandingLoad,
  reservationForMove,
  reservationForStart,
  reservationKey,
} from '@holdfast/media-server/control-plane/capacity/reservations.ts';
import { describe, expect, it } from 'vitest';

const empty = { nodeId: 'n1', meetings: [] };
const start = { meetingId: 'm1', nodeId: 'n1', load: 0.4, nowMs: 1000 };

describe('reservations', () => {
  it('of a meeting nobody knows the size of melt away, and are forgotten when they are nothing', () => {
    const row = reservationForStart({ ...start, expectedParticipants: null, startsAtMs: null });
    const ttlMs = row.untilMs - start.nowMs;
    const at = (ms: number) => outstandingLoad(empty, [row], 1000 + ms);
    expect(at(0)).toBeCloseTo(0.4);
    expect(at(ttlMs / 2)).toBeCloseTo(0.2);
    expect(at(ttlMs)).toBe(0);
    expect(at(ttlMs * 2)).toBe(0);
  });

  it('of an announced size hold in full until well after the announced start', () => {
    const row = reservationForStart({ ...start, expectedParticipants: 50, startsAtMs: 601_000 });
    expect(outstandingLoad(empty, [row], 600_000)).toBe(0.4);
    expect(row.untilMs).toBeGreaterThan(601_000 + 60_000);
  });

  it('are used up by what the meeting takes on that node, and by nothing else', () => {
    const row = reservationForMove(start);
    const held = (meetingId: string, load: number) => ({
      nodeId: 'n1',
      meetings: [{ meetingId, epoch: 1, role: 'home' as const, participants: 2, load }],
    });
    expect(outstandingLoad(held('m1', 0.3), [row], 1000)).toBeCloseTo(0.1);
    expect(outstandingLoad(held('m1', 0.9), [row], 1000)).toBe(0);
    expect(outstandingLoad(held('m2', 0.3), [row], 1000)).toBe(0.4);
    expect(outstandingLoad({ nodeId: 'n2', meetings: [] }, [row], 1000)).toBe(0);
  });

  it('grow with the people expected, and are shared out over a node’s workers', () => {
    expect(expectedLoad(10, 1)).toBeGreaterThan(expectedLoad(5, 1));
    expect(expectedLoad(10, 2)).toBeCloseTo(expectedLoad(10, 1) / 2);
    expect(expectedLoad(null, 1)).toBe(expectedLoad(4, 1));
    expect(expectedLoad(1, 1)).toBe(0);
  });

  it('never promise more than one worker, where a meeting lives, whatever was announced', () => {
    expect(expectedLoad(10_000, 1)).toBe(1);
    expect(expectedLoad(10_000, 16)).toBeCloseTo(1 / 16);
  });

  it('for a move and for those still to come stand side by side, and the larger one counts', () => {
    const expected = reservationForStart({ ...start, load: 0.6, expectedParticipants: 12, startsAtMs: null });
    const move = reservationForMove(start);
    expect(reservationKey(expected)).not.toBe(reservationKey(move));
    expect(outstandingLoad(empty, [expected, move], 1000)).toBe(0.6);
    expect(outstandingLoad(empty, [move], 1000)).toBe(0.4);
  });
});
