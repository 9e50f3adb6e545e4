import { closeCode } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, describe, expect, it } from 'vitest';
import type { FakeClient } from '../fake-client.ts';
import type { FakeMediaNode } from '../fake-media-node.ts';
import { eventually, Platform, type PlatformOptions } from '../platform.ts';

describe('recovering', () => {
  let platform: Platform;
  let n1: FakeMediaNode;
  let n2: FakeMediaNode;
  let ada: FakeClient;
  let bob: FakeClient;
  const begin = async (options: PlatformOptions = {}) => {
    platform = await Platform.start(options);
    n1 = await platform.node('n1', { stress: 0.5 });
    n2 = await platform.node('n2');
    [ada, bob] = await Promise.all([platform.participant('ada'), platform.participant('bob')]);
    await eventually(() => ada.consumers.length === 1 && bob.consumers.length === 1);
  };
  afterEach(() => platform.close());

  const bothOn = async (legs: string) => {
    for (const client of [ada, bob]) await eventually(() => client.legsShort.join() === legs);
  };

  it('gives everybody a leg on one other node when their node is killed', async () => {
    await begin();
    await n1.kill();
    await bothOn('n2@2 recovery');
    expect(ada.closed).toMatchObject([{ reason: 'lost' }]);
    await eventually(() => ada.consumers.length === 2 && bob.consumers.length === 2);
    expect([...ada.legs.values()][0]).toMatchObject({ publishDelayMs: 0 });
    await eventually(async () => (await platform.metric('holdfast_recoveries_total{cause="link"}')) === 1);
    expect(await platform.metric('holdfast_recovery_duration_seconds_count')).toBe(1);
  });

  it('fails at once what waits for the dead node', async () => {
    await begin();
    n1.hanging = true;
    const legId = [...ada.legs.keys()].join();
    const waiting = ada.rpc.request('consumer.pause', { legId, consumerId: 'c' });
    await eventually(() => n1.asked.includes('consumer.pause ada'));
    await n1.kill();
    await expect(waiting).rejects.toHaveProperty('code', 'NODE_UNREACHABLE');
  });

  it('does not disturb media when only the connection to the node broke: clients resume', async () => {
    await begin();
    n1.breakLinks();
    await eventually(() => ada.closeCode === closeCode.resume && bob.closeCode === closeCode.resume);
    await ada.connect(platform.port);
    expect((await ada.resume()).legs).toHaveLength(1);
    expect(ada.legsShort).toEqual(['n1@1 join']);
    expect(n1.asked.filter((what) => what === 'leg.open ada')).toHaveLength(1);
  });

  it('gives a participant whose transports broke a new leg on the same node, and nobody else', async () => {
    await begin();
    const before = [...ada.legs.keys()].join();
    n1.loseLeg(before);
    // The other transport of the same leg breaks as well.
    n1.loseLeg(before);
    await eventually(() => ada.legsShort.join() === 'n1@1 recovery');
    expect([...ada.legs.keys()]).not.toContain(before);
    expect(ada.closed).toMatchObject([{ reason: 'lost' }]);
    expect(bob.legsShort).toEqual(['n1@1 join']);
    expect(n1.asked.filter((what) => what === 'leg.open ada')).toHaveLength(2);
  });

  it('moves only the meeting whose worker died, if need be to the same node', async () => {
    await begin();
    const cleo = await platform.participant('cleo', 'm2');
    expect(cleo.legsShort).toEqual(['n1@1 join']);
    n1.loseMeeting('m1');
    await bothOn('n1@2 recovery');
    expect(cleo.told).toEqual(['join answered', 'leg.open join']);
  });

  it('waits for room when there is none, and then recovers', async () => {
    await begin();
    await n2.leave();
    await n1.kill();
    await eventually(() => ada.closed.length === 1);
    await platform.node('n3');
    await bothOn('n3@2 recovery');
  });

  it('takes a node that is too full rather than none', async () => {
    await begin();
    await n2.leave();
    await platform.node('n3', { stress: 1.3 });
    await n1.kill();
    await bothOn('n3@2 recovery');
  });

  it('gives a new leg to one whose node has quietly dropped the old one', async () => {
    await begin();
    const leg = n1.meetings.get('m1')?.legs;
    const legId = [...ada.legs.keys()].join();
    leg?.delete(legId);
    await expect(ada.rpc.request('consumer.pause', { legId, consumerId: 'c' })).rejects.toHaveProperty(
      'code',
      'LEG_UNKNOWN',
    );
    await eventually(() => ada.legsShort.join() === 'n1@1 recovery');
    expect(ada.closed).toEqual([{ legId, reason: 'lost' }]);
    expect(bob.legsShort).toEqual(['n1@1 join']);
  });

  it('who was away when the node died finds the new home on resuming', async () => {
    await begin();
    await ada.drop();
    await n1.kill();
    await eventually(() => bob.legsShort.join() === 'n2@2 recovery');
    await ada.connect(platform.port);
    expect((await ada.resume()).legs).toEqual([]);
    await bothOn('n2@2 recovery');
  });

  it('does not give a meeting back to a lost node that returns', async () => {
    await begin({ timing: { nodeLostMs: 400 } });
    n1.leaveRegistry();
    await eventually(async () => (await platform.metric('holdfast_nodes{state="unreachable"}')) === 1);
    // Its link answers: it is not dead, and nobody is moved.
    expect(ada.legsShort).toEqual(['n1@1 join']);
    n1.breakLinks();
    await bothOn('n2@2 recovery');
    n1.returnToRegistry();
    await eventually(async () => (await platform.metric('holdfast_nodes{state="active"}')) === 2);
    expect((await platform.participant('dora')).legsShort).toEqual(['n2@2 join']);
    const { meetings } = await (await platform.operator('GET', '/v1/meetings')).json();
    expect(meetings).toMatchObject([{ meetingId: 'm1', nodeId: 'n2', epoch: 2 }]);
  });
});
