import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { platformView } from '@holdfast/media-server/control-plane/capacity/platform-view.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { someLoad, someMeeting } from '../../node-facts.ts';
import { CapacityStage } from './stage.ts';

let stage: CapacityStage;
beforeEach(() => {
  stage = new CapacityStage();
});

const view = () => {
  const { registry, demand, now, store } = stage;
  return platformView({ registry, reservations: store.reservations, demand, now });
};
const draining = (...by: ('operator' | 'autoscaler' | 'cloud')[]) => ({
  drain: { state: 'draining' as const, by },
});

describe('what the autoscaler sees', () => {
  it('is as old as the last word of the node that has been quiet the longest', async () => {
    await stage.report('n1');
    stage.nowMs += 700;
    await stage.report('n2');
    expect((await view()).ageMs).toBe(700);
    // Who is silent for too long is known to be: that is news.
    stage.nowMs += 3000;
    expect((await view()).ageMs).toBe(3000);
    expect((await view()).nodes.map(({ nodeId, state }) => `${nodeId} ${state}`)).toEqual([
      'n1 unreachable',
      'n2 open',
    ]);
  });

  it('tells its own drains from those that others want as well', async () => {
    await stage.report('a');
    await stage.report('b', draining('autoscaler'));
    await stage.report('c', draining('autoscaler', 'cloud'));
    await stage.report('d', draining('operator'));
    await stage.report('e', draining());
    expect((await view()).nodes.map(({ drainedBy }) => drainedBy)).toEqual([
      null,
      'autoscaler',
      'others',
      'others',
      'others',
    ]);
  });

  it('has the worker of each meeting by its position, and none for one whose worker is just gone', async () => {
    const load = someLoad();
    const [worker] = load.workers;
    await stage.report('a', {
      load: { ...load, workers: worker ? [{ ...worker, index: 3 }] : [] },
      meetings: [
        someMeeting({ meetingId: 'm', epoch: 1, shares: [...sharesOf(10)], workers: [3] }),
        someMeeting({ meetingId: 'n', epoch: 1, workers: [2] }),
      ],
    });
    expect((await view()).nodes[0]?.meetings.map(({ workers }) => workers)).toEqual([[0], []]);
  });
});
