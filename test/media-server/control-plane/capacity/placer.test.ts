import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { someLoad } from '../../node-facts.ts';
import { CapacityStage } from './stage.ts';

/** 12 people: 264 streams. */
const announced = { meetingId: 'm', nodeId: 'n1', expectedParticipants: 12, startsAtMs: null };

let stage: CapacityStage;
beforeEach(() => {
  stage = new CapacityStage();
});

describe('reserved room', () => {
  it('that was announced survives a move that is given up', async () => {
    const { placer } = stage;
    await placer.begin(announced);
    await placer.beginMove({ meetingId: 'm', target: 'n2', shares: sharesOf(40) });
    expect(await stage.reserved()).toEqual(['m on n1: expected 264', 'm on n2: move 264']);
    await placer.abortMove('m', 'n2');
    expect(await stage.reserved()).toEqual(['m on n1: expected 264']);
  });

  it('goes where the meeting goes', async () => {
    const { placer } = stage;
    await placer.begin(announced);
    await placer.beginMove({ meetingId: 'm', target: 'n2', shares: sharesOf(40) });
    await placer.follow('m', 'n2');
    expect(await stage.reserved()).toEqual(['m on n2: expected 264']);
  });

  it('is there for everybody at once on the new node of a meeting that lost its own', async () => {
    await stage.placer.begin(announced);
    await stage.placer.recover('m', 'n2', sharesOf(300));
    expect(await stage.reserved()).toEqual(['m on n2: expected 264', 'm on n2: move 300']);
  });

  it('is free when the meeting is over, and that of others is kept', async () => {
    await stage.placer.begin(announced);
    await stage.placer.begin({ ...announced, meetingId: 'other' });
    await stage.placer.end('m');
    expect(await stage.reserved()).toEqual(['other on n1: expected 264']);
  });

  it('is not lost when many change it at the same time', async () => {
    const targets = Array.from({ length: 8 }, (_, index) => `t${index}`);
    await Promise.all([
      stage.placer.begin(announced),
      ...targets.map((target) => stage.placer.beginMove({ meetingId: 'm', target, shares: sharesOf(1) })),
    ]);
    expect(await stage.reserved()).toHaveLength(9);
  });
});

describe('placing', () => {
  const ask = (meetingId: string, streams: number) =>
    stage.placer.choose(
      () => ({ meetingId, shares: sharesOf(streams) }),
      async (placement) => (placement.placed ? placement.nodeId : undefined),
    );

  it('gives the last room to one of two who ask together', async () => {
    await stage.report('n1');
    const begin = (meetingId: string) =>
      stage.placer.choose(
        () => ({ meetingId, shares: sharesOf(264) }),
        async (placement) => {
          if (placement.placed) await stage.placer.begin({ ...announced, meetingId });
          return placement.placed;
        },
      );
    expect(await Promise.all([begin('a'), begin('b'), begin('c')])).toEqual([true, false, false]);
  });

  it('looks once for all who ask together, the largest first', async () => {
    await stage.report('n1');
    await stage.report('n2');
    let looks = 0;
    const { registry } = stage;
    const list = registry.list.bind(registry);
    registry.list = () => {
      looks += 1;
      return list();
    };
    const first = ask('first', 10);
    const sizes = [100, 150, 390, 100];
    const homes = await Promise.all([first, ...sizes.map((streams, index) => ask(`m${index}`, streams))]);
    expect(homes).not.toContain(undefined);
    expect(looks).toBe(2);
  });

  it('keeps room for what a meeting that moves is still expected to become', async () => {
    await stage.report('n1');
    const half = someLoad();
    const workers = half.workers.map((worker) => ({ ...worker, streams: 200 }));
    await stage.report('n2', { load: { ...half, workers } });
    await stage.placer.begin(announced);
    const home = await stage.placer.choose(
      () => ({ meetingId: 'm', shares: sharesOf(40), exclude: ['n1'] }),
      async (placement, shares) => ({ placed: placement.placed, streams: shares[0]?.streams }),
    );
    expect(home).toEqual({ placed: false, streams: 264 });
  });

  it('fails only for whoever could make nothing of the choice', async () => {
    await stage.report('n1');
    const refused = stage.placer.choose(
      () => ({ meetingId: 'x', shares: sharesOf(1) }),
      () => Promise.reject(new Error('no')),
    );
    const fine = ask('y', 1);
    await expect(refused).rejects.toThrow('no');
    expect(await fine).toBe('n1');
    expect(await ask('z', 1)).toBe('n1');
  });

  it('prefers machines of what new ones are launched from, once that is known', async () => {
    await stage.report('old', { meetings: [] });
    await stage.report('new', { generation: 'g2' });
    expect(await ask('a', 10)).toBe('new');
    await stage.store.fleets.set('media', { generation: 'g1', asOfMs: stage.nowMs });
    expect(await ask('b', 10)).toBe('old');
    // An autoscaler that is gone may have missed a roll-out: what it said last is not held against new machines.
    stage.nowMs += 180_001;
    await stage.report('old');
    await stage.report('new', { generation: 'g2' });
    expect(await ask('c', 10)).toBe('new');
  });
});
