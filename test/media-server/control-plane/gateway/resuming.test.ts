import { spreadMsFor } from '@holdfast/media-server/control-plane/gateway/spread.ts';
import { systemClock } from '@holdfast/media-server/process/clock.ts';
import { closeCode } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../process/manual-clock.ts';
import { eventually, Platform, type PlatformOptions } from '../platform.ts';

describe('resuming', () => {
  let platform: Platform;
  afterEach(() => platform.close());
  const start = async (options: PlatformOptions = {}) => {
    platform = await Platform.start(options);
    return platform.node('n1');
  };

  it('takes up the legs again, with what the node has of them, and opens no new one', async () => {
    const node = await start();
    const [ada, bob] = await Promise.all([platform.participant('ada'), platform.participant('bob')]);
    await eventually(() => ada.consumers.length === 1 && bob.consumers.length === 1);
    await ada.drop();
    await ada.connect(platform.port);
    const answer = await ada.resume();
    expect(answer.legs).toHaveLength(1);
    expect(answer.legs[0]).toMatchObject({
      nodeId: 'n1',
      participants: [{ participantId: 'bob' }],
      producers: [{ source: 'camera' }],
      consumers: [{ participantId: 'bob' }],
    });
    expect(node.asked.filter((what) => what === 'leg.open ada')).toHaveLength(1);
    expect(bob.told).not.toContain('participant.left ada');
  });

  it('hears from then on what happens, and missed nothing that the snapshot tells', async () => {
    await start();
    const ada = await platform.participant('ada');
    await ada.drop();
    const bob = await platform.participant('bob');
    await eventually(() => bob.told.includes('leg.open join'));
    await ada.connect(platform.port);
    const answer = await ada.resume();
    expect(answer.legs[0]?.participants).toEqual([{ participantId: 'bob', displayName: 'bob' }]);
    await platform.participant('cleo');
    await eventually(() => ada.told.includes('participant.joined cleo'));
  });

  it('ends the old connection when the new one comes before the old one was missed', async () => {
    await start();
    const ada = await platform.participant('ada');
    const old = ada.rpc;
    await ada.connect(platform.port);
    await ada.resume();
    expect(await old.closed).toContain(String(closeCode.superseded));
    expect(ada.open).toBe(true);
    expect(await platform.metric('holdfast_sessions{state="connected"}')).toBe(1);
  });

  it('is no longer possible when the time is over: the participant has left', async () => {
    const clock = new ManualClock();
    const node = await start({ clock, timing: { resumeMs: 60_000 } });
    const ada = await platform.participant('ada');
    const bob = await platform.participant('bob');
    await ada.drop();
    expect(await platform.metric('holdfast_sessions{state="away"}')).toBe(1);
    for (const legId of ada.legs.keys()) node.loseLeg(legId);
    await eventually(async () => (await platform.metric('holdfast_legs')) === 1);
    await clock.advance(59_999);
    expect(await platform.metric('holdfast_sessions{state="away"}')).toBe(1);
    await clock.advance(1);
    expect(await platform.metric('holdfast_sessions{state="away"}')).toBe(0);
    // The node itself lets go of a leg whose media is gone.
    expect(bob.open).toBe(true);
    await ada.connect(platform.port);
    await expect(ada.resume()).rejects.toHaveProperty('code', 'SESSION_UNKNOWN');
  });

  it('stays possible as long as media flows, however long the WebSocket is away', async () => {
    const clock = new ManualClock();
    const node = await start({ clock, timing: { resumeMs: 1000 } });
    const ada = await platform.participant('ada');
    const bob = await platform.participant('bob');
    await ada.drop();
    await eventually(async () => (await platform.metric('holdfast_sessions{state="away"}')) === 1);
    // Many times the time to come back: each look finds the leg still there.
    await clock.advance(10_000);
    expect(await platform.metric('holdfast_sessions{state="away"}')).toBe(1);
    expect(bob.told).not.toContain('participant.left ada');
    await ada.connect(platform.port);
    expect((await ada.resume()).legs).toHaveLength(1);
    expect(node.asked.filter((what) => what === 'leg.open ada')).toHaveLength(1);
  });

  it('is possible for one who was away at the commit of a move, with a leg where the meeting is by then', async () => {
    const n1 = await start({ timing: { resumeMs: 60_000 } });
    await platform.node('n2');
    const ada = await platform.participant('ada');
    await platform.participant('bob');
    await ada.drop();
    const move = await n1.reserve('m1');
    await n1.prepare('m1', move);
    const [opened] = await n1.openSecondLegs('m1', move);
    // The source is told at once whom it need not wait for.
    expect(opened?.failed).toEqual([{ participantId: 'ada', code: 'CONNECTION_CLOSED' }]);
    await n1.commit('m1', move);
    await ada.connect(platform.port);
    expect((await ada.resume()).legs).toEqual([]);
    await eventually(() => ada.legsShort.join() === 'n2@2 recovery');
  });

  it('gives a new leg, for recovery, to one whose leg the node no longer has', async () => {
    await start();
    const ada = await platform.participant('ada');
    await ada.drop();
    await ada.connect(platform.port);
    const answer = await ada.resume([...ada.legs.values()].map((leg) => ({ ...leg, legId: 'n1:forgotten' })));
    expect(answer.legs).toEqual([]);
    await eventually(() => ada.told.includes('leg.open recovery'));
    expect(ada.told.indexOf('leg.open recovery')).toBeGreaterThan(ada.told.indexOf('resume answered'));
  });

  it('closes a leg of which the client never heard', async () => {
    const node = await start();
    const ada = await platform.participant('ada');
    await ada.drop();
    await ada.connect(platform.port);
    await ada.resume([]);
    await eventually(() => node.asked.filter((what) => what === 'leg.open ada').length === 2);
    await eventually(() => node.meetings.get('m1')?.legs.size === 1);
    // A word about a leg, never one about the participation.
    expect(ada.closed[0]).toMatchObject({ reason: 'lost' });
    expect(ada.closed.map(({ reason }) => reason)).not.toContain('left');
    expect(ada.open).toBe(true);
  });

  it('finds the meeting where it has moved meanwhile', async () => {
    const n1 = await start();
    const n2 = await platform.node('n2');
    const ada = await platform.participant('ada');
    const bob = await platform.participant('bob');
    await ada.drop();
    const move = await n1.reserve('m1');
    await n1.prepare('m1', move);
    await n1.openSecondLegs('m1', move);
    await n1.commit('m1', move);
    await ada.connect(platform.port);
    expect((await ada.resume()).legs).toEqual([]);
    await eventually(() => ada.legsShort.join() === 'n2@2 recovery');
    expect(bob.legsShort).toEqual(['n2@2 handover']);
    expect(n2.participants('m1').sort()).toEqual(['ada', 'bob']);
  });

  it('in the middle of a move gets the second leg that it missed', async () => {
    const n1 = await start();
    await platform.node('n2');
    const ada = await platform.participant('ada');
    await ada.drop();
    const move = await n1.reserve('m1');
    await n1.prepare('m1', move);
    await ada.connect(platform.port);
    expect((await ada.resume()).legs).toHaveLength(1);
    await eventually(() => ada.legsShort.join() === 'n1@1 join,n2@2 handover');
  });

  it('is refused with a token of another platform', async () => {
    await start();
    const ada = await platform.participant('ada');
    await ada.drop();
    await ada.connect(platform.port);
    ada.resumeToken = await platform.token('ada');
    await expect(ada.resume()).rejects.toHaveProperty('code', 'UNAUTHENTICATED');
  });

  describe('after the control plane was restarted', () => {
    const limits = { settleMs: 300, returnMs: 1500 };

    it('rebuilds the session; media and legs are untouched', async () => {
      const node = await start({ limits });
      const ada = await platform.participant('ada');
      const bob = await platform.participant('bob');
      await eventually(() => ada.consumers.length === 1 && bob.consumers.length === 1);
      await platform.stopControlPlane();
      await eventually(() => ada.closeCode === closeCode.resume);
      expect(ada.told).toContain('gateway.closing');
      expect(ada.closing).toMatchObject({ spreadMs: spreadMsFor(2) });
      await platform.startControlPlaneAgain();
      await Promise.all([ada.connect(platform.port), bob.connect(platform.port)]);
      const answers = await Promise.all([ada.resume(), bob.resume()]);
      expect(answers.map(({ legs }) => legs.length)).toEqual([1, 1]);
      await platform.participant('cleo');
      await eventually(() => ada.told.includes('participant.joined cleo'));
      expect(node.asked.filter((what) => what === 'leg.open ada')).toHaveLength(1);
      expect(ada.told).not.toContain('leg.open recovery');
      expect(ada.closed).toEqual([]);
    });

    it('ten minutes later finds everything as it was', async () => {
      let laterMs = 0;
      const node = await start({ limits, clock: { ...systemClock, now: () => Date.now() + laterMs } });
      const ada = await platform.participant('ada');
      const bob = await platform.participant('bob');
      await platform.stopControlPlane();
      laterMs = 600_000;
      await platform.startControlPlaneAgain();
      await Promise.all([ada.connect(platform.port), bob.connect(platform.port)]);
      const answers = await Promise.all([ada.resume(), bob.resume()]);
      expect(answers.map(({ legs }) => legs.length)).toEqual([1, 1]);
      await eventually(() => node.registered);
      expect(node.asked.filter((what) => what.startsWith('leg.open'))).toHaveLength(2);
      expect([...ada.told, ...bob.told]).not.toContain('participant.left ada');
      expect([...ada.closed, ...bob.closed]).toEqual([]);
    });

    it('in the middle of a move goes on with it: the source hears how far everybody is', async () => {
      const n1 = await start({ limits });
      await platform.node('n2', { stress: 0.05 });
      const ada = await platform.participant('ada');
      const bob = await platform.participant('bob');
      const move = await n1.reserve('m1');
      await n1.prepare('m1', move);
      await n1.openSecondLegs('m1', move);
      await eventually(() => n1.progress.length === 4);
      await platform.stopControlPlane();
      await platform.startControlPlaneAgain();
      await Promise.all([ada.connect(platform.port), bob.connect(platform.port)]);
      const answers = await Promise.all([ada.resume(), bob.resume()]);
      expect(answers.map(({ legs }) => legs.length)).toEqual([2, 2]);
      const [, second] = [...ada.legs.keys()];
      // Told again, as clients do that cannot know whether it had arrived.
      await eventually(() => {
        ada.rpc.notify('leg.published', { legId: String(second) });
        return n1.progress.length > 4;
      });
      await n1.commit('m1', move);
      for (const client of [ada, bob]) await eventually(() => client.legsShort.join() === 'n2@2 handover');
    });

    it('waits for a node that registers later than its participants resume', async () => {
      const clock = new ManualClock();
      const n1 = await start({ clock, limits: { settleMs: 5000, returnMs: 5000 } });
      await clock.advance(5000);
      const n2 = await platform.node('n2');
      const ada = await platform.participant('ada');
      n1.leaveRegistry();
      await ada.drop();
      await platform.stopControlPlane();
      await platform.startControlPlaneAgain();
      await eventually(() => n2.registered);
      await ada.connect(platform.port);
      const resuming = ada.resume();
      const bob = platform.participant('bob');
      // Two connections that have not entered, and each of them waits for the home of its meeting.
      await eventually(() => clock.pendingTimers === 4);
      await clock.advance(1000);
      n1.returnToRegistry();
      const [answer, newcomer] = await inTime(clock, Promise.all([resuming, bob]));
      expect(answer.legs).toHaveLength(1);
      expect(newcomer.legsShort).toEqual(['n1@1 join']);
      expect(n1.asked.filter((what) => what === 'leg.open ada')).toHaveLength(1);
      expect(n2.meetings.size).toBe(0);
    });

    it('recovers at once, when the wait is over, who was on a node that does not come back', async () => {
      const clock = new ManualClock();
      const n1 = await start({ clock, limits: { settleMs: 5000, returnMs: 5000 } });
      await clock.advance(5000);
      const n2 = await platform.node('n2');
      const ada = await platform.participant('ada');
      await ada.drop();
      await platform.stopControlPlane();
      await n1.kill();
      const restartedAtMs = clock.now();
      await platform.startControlPlaneAgain();
      await eventually(() => n2.registered);
      await ada.connect(platform.port);
      expect((await inTime(clock, ada.resume())).legs).toEqual([]);
      expect(clock.now() - restartedAtMs).toBeGreaterThanOrEqual(5000);
      await eventually(() => ada.legsShort.join() === 'n2@1 recovery');
    });
  });
});

/** Moves the clock until this comes, at the pace of the sockets: nodes are heard of every tenth of a real second. */
async function inTime<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let done = false;
  const end = () => {
    done = true;
  };
  work.then(end, end);
  await eventually(async () => {
    await clock.advance(50);
    return done;
  });
  return work;
}
