import { Placer } from '@holdfast/media-server/control-plane/capacity/placer.ts';
import {
  reservationForMove,
  reservationForStart,
} from '@holdfast/media-server/control-plane/capacity/reservations.ts';
import { Registry } from '@holdfast/media-server/control-plane/nodes/registry.ts';
import { MemoryStore } from '@holdfast/media-server/control-plane/store/memory-store.ts';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../silent-log.ts';

const now = () => 1000;
const announced = { expectedParticipants: 12, startsAtMs: null, load: 0.6, nowMs: 1000 };

function fixture() {
  const store = new MemoryStore(now);
  const registry = new Registry({ nodes: store.nodes, nodeLostMs: 3000, sweepMs: 250, now, log: silentLog });
  const rows = async () =>
    [...(await store.reservations.list()).values()]
      .map(({ value }) => `${value.meetingId} on ${value.nodeId}: ${value.purpose} ${value.load}`)
      .sort();
  return { placer: new Placer(registry, store.reservations, now), rows };
}

describe('reserved room', () => {
  it('that was announced survives a move that is given up', async () => {
    const { placer, rows } = fixture();
    await placer.reserve(reservationForStart({ meetingId: 'm', nodeId: 'n1', ...announced }));
    await placer.reserve(reservationForMove({ meetingId: 'm', nodeId: 'n2', load: 0.1, nowMs: 1000 }));
    expect(await rows()).toEqual(['m on n1: expected 0.6', 'm on n2: move 0.1']);
    await placer.free({ meetingId: 'm', nodeId: 'n2', purpose: 'move' });
    expect(await rows()).toEqual(['m on n1: expected 0.6']);
  });

  it('goes where the meeting goes', async () => {
    const { placer, rows } = fixture();
    await placer.reserve(reservationForStart({ meetingId: 'm', nodeId: 'n1', ...announced }));
    await placer.reserve(reservationForMove({ meetingId: 'm', nodeId: 'n2', load: 0.1, nowMs: 1000 }));
    await placer.follow('m', 'n2');
    expect(await rows()).toEqual(['m on n2: expected 0.6']);
  });

  it('is free when the meeting is over, and that of others is kept', async () => {
    const { placer, rows } = fixture();
    await placer.reserve(reservationForStart({ meetingId: 'm', nodeId: 'n1', ...announced }));
    await placer.reserve(reservationForStart({ meetingId: 'other', nodeId: 'n1', ...announced }));
    await placer.freeMeeting('m');
    expect(await rows()).toEqual(['other on n1: expected 0.6']);
  });
});
