import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeClient } from '../fake-client.ts';
import type { FakeMediaNode } from '../fake-media-node.ts';
import { eventually, Platform } from '../platform.ts';

describe('handing a meeting over', () => {
  let platform: Platform;
  let n1: FakeMediaNode;
  let n2: FakeMediaNode;
  let ada: FakeClient;
  let bob: FakeClient;
  beforeEach(async () => {
    platform = await Platform.start();
    n1 = await platform.node('n1', { stress: 0.5 });
    n2 = await platform.node('n2');
    [ada, bob] = await Promise.all([platform.participant('ada'), platform.participant('bob')]);
    await eventually(() => ada.consumers.length === 1 && bob.consumers.length === 1);
  });
  afterEach(() => platform.close());

  const opened = async () => {
    const move = await n1.reserve('m1');
    await n1.prepare('m1', move);
    const results = await n1.openSecondLegs('m1', move);
    return { move, results };
  };

  it('reserves a node with room and a new epoch', async () => {
    expect(await n1.reserve('m1')).toEqual({ target: n2.address, epoch: 2 });
    await expect(n1.reserve('m1', ['n2'])).rejects.toMatchObject({
      code: 'NO_CAPACITY',
      retryAfterMs: expect.any(Number),
    });
  });

  it('opens a second leg for everybody, in the order of publishing, and closes none', async () => {
    const { results } = await opened();
    expect(results).toEqual([{ opened: n1.participants('m1'), failed: [] }]);
    for (const client of [ada, bob]) {
      await eventually(() => client.legsShort.join() === 'n1@1 join,n2@2 handover');
    }
    const delays = [ada, bob].map((client) => [...client.legs.values()][1]?.publishDelayMs).sort();
    expect(delays).toEqual([0, 400]);
  });

  it('tells the source who has published and who sees whom from the new leg', async () => {
    await opened();
    await eventually(() => n1.progress.length === 4);
    const said = n1.progress.map(({ participantId, event }) =>
      event.type === 'switched'
        ? `${participantId} sees ${event.from}'s ${event.source}`
        : `${participantId} ${event.type}`,
    );
    expect(said.sort()).toEqual([
      'ada published',
      "ada sees bob's camera",
      'bob published',
      "bob sees ada's camera",
    ]);
    expect(n1.progress.every(({ meetingId, epoch }) => meetingId === 'm1' && epoch === 2)).toBe(true);
  });

  it('asked for twice opens one leg', async () => {
    const { move } = await opened();
    await n1.openSecondLegs('m1', move);
    expect(n2.asked.filter((what) => what === 'leg.open ada')).toHaveLength(1);
  });

  it('on commit closes the old legs, and newcomers go to the new home', async () => {
    const { move } = await opened();
    await n1.commit('m1', move);
    await eventually(() => ada.closed.length === 1 && bob.closed.length === 1);
    expect(ada.closed[0]).toMatchObject({ reason: 'moved', legId: expect.stringMatching(/^n1:/) });
    expect(ada.legsShort).toEqual(['n2@2 handover']);
    expect((await platform.participant('cleo')).legsShort).toEqual(['n2@2 join']);
    expect(await platform.metric('holdfast_moves_total{outcome="committed"}')).toBe(1);
  });

  it('on commit leaves nobody behind: who has no leg there gets one before the old one is closed', async () => {
    const move = await n1.reserve('m1');
    await n1.prepare('m1', move);
    await n1.commit('m1', move);
    for (const client of [ada, bob]) {
      await eventually(() => client.legsShort.join() === 'n2@2 recovery');
      expect(client.told.indexOf('leg.open recovery')).toBeLessThan(client.told.indexOf('leg.close moved'));
    }
  });

  it('on abort closes the second legs, and everything is as before', async () => {
    const { move } = await opened();
    await n1.abort('m1', move);
    await eventually(() => ada.closed.length === 1 && bob.closed.length === 1);
    expect(ada.closed[0]).toMatchObject({ reason: 'aborted', legId: expect.stringMatching(/^n2:/) });
    expect(ada.legsShort).toEqual(['n1@1 join']);
    expect((await platform.participant('cleo')).legsShort).toEqual(['n1@1 join']);
    expect(await n1.reserve('m1')).toMatchObject({ epoch: 3 });
  });

  it('sends who joins meanwhile to the target, and back to the source on abort', async () => {
    const { move } = await opened();
    const cleo = await platform.participant('cleo');
    expect(cleo.legsShort).toEqual(['n2@2 join']);
    await n1.abort('m1', move);
    await eventually(() => cleo.legsShort.join() === 'n1@1 recovery');
  });

  it('says who could not be told, and opens the leg when asked again', async () => {
    const move = await n1.reserve('m1');
    await n1.prepare('m1', move);
    await ada.drop();
    const [first] = await n1.openSecondLegs('m1', move);
    expect(first).toEqual({ opened: ['bob'], failed: [{ participantId: 'ada', code: 'CONNECTION_CLOSED' }] });
    await ada.connect(platform.port);
    await ada.resume();
    const [second] = await n1.openSecondLegs('m1', move);
    expect(second?.failed).toEqual([]);
  });

  it('tells the source who goes away with the second leg, not who merely changes connections', async () => {
    await opened();
    const away = () => n1.progress.filter(({ event }) => event.type === 'away');
    await bob.connect(platform.port);
    await bob.resume();
    await ada.drop();
    await eventually(() => away().length > 0);
    expect(away()).toEqual([{ meetingId: 'm1', epoch: 2, participantId: 'ada', event: { type: 'away' } }]);
  });

  it('does not wait for somebody whose connection only looks open, and leaves that one in peace', async () => {
    ada.fallSilent();
    const { results } = await opened();
    expect(results).toEqual([
      { opened: ['bob'], failed: [{ participantId: 'ada', code: 'CONNECTION_CLOSED' }] },
    ]);
    expect(await platform.metric('holdfast_sessions{state="connected"}')).toBe(2);
    // Its browser notices by itself and comes on a second connection.
    await ada.connect(platform.port);
    expect((await ada.resume()).legs).toHaveLength(1);
    await eventually(() => ada.legsShort.includes('n2@2 handover'));
  });

  it('whose target dies goes back to its home; nobody notices', async () => {
    await opened();
    await n2.kill();
    await eventually(() => ada.closed.length === 1 && bob.closed.length === 1);
    expect(ada.closed[0]).toMatchObject({ reason: 'lost', legId: expect.stringMatching(/^n2:/) });
    expect(ada.legsShort).toEqual(['n1@1 join']);
    await eventually(async () => JSON.stringify(await meeting()).includes('"movingTo":null'));
    expect(await meeting()).toMatchObject({ nodeId: 'n1', epoch: 1 });
  });

  it('whose source dies is committed at once, and the target told that the meeting is its own', async () => {
    await opened();
    await n1.kill();
    for (const client of [ada, bob]) await eventually(() => client.legsShort.join() === 'n2@2 handover');
    await eventually(() => n2.asked.includes('meeting.adopt m1'));
    expect(await meeting()).toMatchObject({ nodeId: 'n2', epoch: 2, movingTo: null });
    expect(ada.told).not.toContain('leg.open recovery');
  });

  async function meeting(): Promise<unknown> {
    const { meetings } = await (await platform.operator('GET', '/v1/meetings')).json();
    return meetings[0];
  }
});
