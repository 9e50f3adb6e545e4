import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { CapacityStage } from './stage.ts';

let stage: CapacityStage;
beforeEach(() => {
  stage = new CapacityStage();
});

const wishes = async () =>
  (await stage.demand.current()).wishes.map(
    ({ kind, meetingId, firstAtMs }) => `${kind} ${meetingId}, ${(stage.nowMs - firstAtMs) / 1000} s old`,
  );

describe('who asked for room and has none', () => {
  it('is known with the time of the first question, however often it is asked', async () => {
    await stage.demand.unmet('refused', 'm', sharesOf(24));
    stage.nowMs += 20_000;
    await stage.demand.unmet('refused', 'm', sharesOf(24));
    expect(await wishes()).toEqual(['refused m, 20 s old']);
  });

  it('is forgotten when nobody asks any more', async () => {
    await stage.demand.unmet('waiting', 'm', sharesOf(24));
    stage.nowMs += 61_000;
    expect(await wishes()).toEqual([]);
  });

  it('asks no more when it has found room', async () => {
    await stage.demand.unmet('refused', 'm', sharesOf(24));
    await stage.demand.unmet('waiting', 'm', sharesOf(24));
    await stage.demand.unmet('waiting', 'other', sharesOf(24));
    await stage.demand.met('m');
    expect(await wishes()).toEqual(['waiting other, 0 s old']);
  });

  it('may be a meeting announced for later, until it begins', async () => {
    const record = { createdAtMs: stage.nowMs, startsAtMs: stage.nowMs + 600_000, expectedParticipants: 20 };
    await stage.store.meetings.set('later', { meetingId: 'later', ...record });
    await stage.store.meetings.set('any', { meetingId: 'any', ...record, startsAtMs: null });
    const [announced] = (await stage.demand.current()).wishes;
    expect(announced).toMatchObject({ kind: 'announced', meetingId: 'later', shares: [{ streams: 760 }] });
    expect(await wishes()).toHaveLength(1);
    await stage.directory.place('later', 'n1');
    expect(await wishes()).toEqual([]);
  });

  it('does not ask for a meeting that was announced and to which nobody came', async () => {
    const record = { createdAtMs: stage.nowMs, startsAtMs: stage.nowMs + 60_000, expectedParticipants: 20 };
    await stage.store.meetings.set('later', { meetingId: 'later', ...record });
    stage.nowMs += 60_000 + 900_000;
    expect(await wishes()).toEqual([]);
  });
});
