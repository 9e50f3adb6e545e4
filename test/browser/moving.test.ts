import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fakeScreen, rememberSockets } from './page-scripts.ts';
import { Stage } from './stage.ts';
import { beginWitness, testimonyOf } from './witness.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set({ cloud: { replaceFailedAfterMs: 1000 } });
});
afterEach(async () => {
  await stage.everybodyLeaves();
  await stage.api.waitForNodes(
    'two nodes take meetings',
    (nodes) => nodes.filter(({ reachable, drain }) => reachable && drain.state === 'active').length >= 2,
    { limitMs: 60_000 },
  );
});
afterAll(() => stage.strike());

const drained = (nodeId: string) =>
  stage.api.waitForNodes(
    `${nodeId} is drained`,
    (nodes) => nodes.find((node) => node.nodeId === nodeId)?.drain.state === 'drained',
    { limitMs: 60_000 },
  );

/** What each page says of its participants and legs. */
const legsOf = async () =>
  Promise.all(
    stage.people.map(async (person) => {
      const diagnostics = await person.diagnostics();
      return {
        state: diagnostics?.state,
        nodes: diagnostics?.legs.map(({ nodeId }) => nodeId),
        streams: diagnostics?.streams.map(({ nodeId }) => nodeId),
      };
    }),
  );

describe('a meeting whose node is drained', () => {
  it('is on the other node afterwards, with one visible picture of everybody at every moment', async () => {
    const people = await stage.meet('move', ['Ada', 'Ben', 'Cleo']);
    for (const viewer of people) {
      for (const other of people) if (other !== viewer) await beginWitness(viewer.page, other.name);
    }
    const before = await stage.homeOf('move');
    await stage.api.drain(before.nodeId, 'test');
    await drained(before.nodeId);
    const after = await stage.homeOf('move');
    expect(after.nodeId).not.toBe(before.nodeId);
    expect(after.epoch).toBe(before.epoch + 1);
    await stage.allSeen();
    const there = {
      state: 'connected',
      nodes: [after.nodeId],
      streams: Array.from({ length: 4 }, () => after.nodeId),
    };
    expect(await legsOf()).toEqual([there, there, there]);
    for (const viewer of people) {
      for (const other of people) {
        if (other === viewer) continue;
        const testimony = await testimonyOf(viewer.page, other.name);
        expect(testimony).toMatchObject({ mostVisible: 1, fewestVisible: 1, elements: 2 });
        expect(testimony.looks).toBeGreaterThan(10);
      }
      expect(viewer.errors).toEqual([]);
    }
    await stage.api.cancelDrain(before.nodeId);
  });

  it('takes with it who is muted, and who joins in the middle', async () => {
    const [ada] = await stage.meet('late', ['Ada', 'Ben']);
    await ada?.page.getByRole('button', { name: 'Mute microphone' }).click();
    const before = await stage.homeOf('late');
    await stage.api.drain(before.nodeId, 'test');
    await stage.api.waitForNodes(
      'the move begins',
      (nodes) => nodes.some(({ nodeId, meetings }) => nodeId !== before.nodeId && meetings.length > 0),
      { limitMs: 20_000 },
    );
    const cleo = stage.meet('late', ['Cleo']);
    await drained(before.nodeId);
    await cleo;
    const after = await stage.homeOf('late');
    expect(after).toMatchObject({ epoch: before.epoch + 1 });
    for (const { state, nodes } of await legsOf()) {
      expect(state).toBe('connected');
      expect(nodes).toEqual([after.nodeId]);
    }
    await ada?.page.getByRole('button', { name: 'Unmute microphone' }).waitFor();
    await stage.api.cancelDrain(before.nodeId);
  });

  it('takes a shared screen with it', async () => {
    const [ada, ben] = await stage.meet('slides', ['Ada', 'Ben'], fakeScreen);
    const shared = ada?.page.locator('video[data-participant="Ben"][data-source="screen"]');
    await ben?.page.getByRole('button', { name: 'Share screen' }).click();
    await shared?.waitFor({ state: 'visible' });
    const before = await stage.homeOf('slides');
    await stage.api.drain(before.nodeId, 'test');
    await drained(before.nodeId);
    const { nodeId } = await stage.homeOf('slides');
    expect(nodeId).not.toBe(before.nodeId);
    const screen = (await ada?.diagnostics())?.streams.find(({ source }) => source === 'screen');
    expect(screen).toMatchObject({ nodeId, frameWidth: 1280 });
    expect(await shared?.count()).toBe(1);
    await stage.allSeen();
    await stage.api.cancelDrain(before.nodeId);
  });

  it('arrives although the control plane is killed in the middle of the move', async () => {
    await stage.meet('middle', ['Ada', 'Ben']);
    const before = await stage.homeOf('middle');
    await stage.api.drain(before.nodeId, 'test');
    await stage.api.waitForNodes(
      'the move begins',
      (nodes) => nodes.some(({ nodeId, meetings }) => nodeId !== before.nodeId && meetings.length > 0),
      { limitMs: 20_000 },
    );
    await stage.platform.restartControlPlane();
    await drained(before.nodeId);
    expect((await stage.homeOf('middle')).nodeId).not.toBe(before.nodeId);
    await expect
      .poll(async () => (await legsOf()).map(({ state }) => state), { timeout: 40_000 })
      .toEqual(['connected', 'connected']);
    await stage.allSeen();
    await stage.api.cancelDrain(before.nodeId);
  });

  it('stays where it is when the drain is cancelled before there is a place to go', async () => {
    await stage.meet('stay', ['Ada', 'Ben']);
    const home = await stage.homeOf('stay');
    const nodes = await stage.api.nodes();
    const elsewhere = nodes.filter(({ nodeId }) => nodeId !== home.nodeId);
    for (const { nodeId } of elsewhere) await stage.api.drain(nodeId, 'test');
    await stage.api.drain(home.nodeId, 'test');
    await stage.api.cancelDrain(home.nodeId);
    for (const { nodeId } of elsewhere) await stage.api.cancelDrain(nodeId);
    expect(await stage.homeOf('stay')).toEqual(home);
    await stage.allSeen();
  });
});

describe('a meeting whose node is killed', () => {
  it('is brought back on another node, with everybody in it', async () => {
    const people = await stage.meet('lost', ['Ada', 'Ben', 'Cleo']);
    const before = await stage.homeOf('lost');
    await stage.platform.cloud.kill(before.nodeId);
    await expect
      .poll(async () => (await stage.homeOf('lost')).epoch, { timeout: 30_000 })
      .toBe(before.epoch + 1);
    await stage.allSeen();
    const after = await stage.homeOf('lost');
    const there = { state: 'connected', nodes: [after.nodeId] };
    await expect
      .poll(async () => (await legsOf()).map(({ state, nodes }) => ({ state, nodes })), { timeout: 20_000 })
      .toEqual([there, there, there]);
    for (const person of people) {
      expect(person.page.url()).toContain('/m/lost');
      await person.page.getByRole('button', { name: 'Leave' }).waitFor();
    }
  });
});

describe('a meeting whose control plane is killed', () => {
  it('goes on undisturbed on the same legs, and everybody resumes', async () => {
    await stage.meet('headless', ['Ada', 'Ben']);
    const legsBefore = await Promise.all(
      stage.people.map(async (person) => (await person.diagnostics())?.legs[0]?.legId),
    );
    const home = await stage.homeOf('headless');
    await stage.platform.restartControlPlane();
    await expect
      .poll(async () => (await legsOf()).map(({ state }) => state), { timeout: 40_000 })
      .toEqual(['connected', 'connected']);
    const legsAfter = await Promise.all(
      stage.people.map(async (person) => (await person.diagnostics())?.legs[0]?.legId),
    );
    expect(legsAfter).toEqual(legsBefore);
    expect(await stage.homeOf('headless')).toEqual(home);
    await stage.allSeen();
    // What has been rebuilt is good for a move.
    await stage.api.drain(home.nodeId, 'test');
    await drained(home.nodeId);
    await stage.allSeen();
    await stage.api.cancelDrain(home.nodeId);
  });
});

describe('a participant who loses the WebSocket', () => {
  it('resumes with media untouched', async () => {
    const [ada] = await stage.meet('resume', ['Ada', 'Ben'], rememberSockets);
    const leg = (await ada?.diagnostics())?.legs[0]?.legId;
    await ada?.page.evaluate('globalThis.sockets.at(-1).close()');
    await expect
      .poll(() => ada?.page.evaluate('globalThis.sockets.length'), { timeout: 20_000 })
      .toBeGreaterThan(1);
    await expect.poll(async () => (await ada?.diagnostics())?.state, { timeout: 20_000 }).toBe('connected');
    expect((await ada?.diagnostics())?.legs.map(({ legId }) => legId)).toEqual([leg]);
    await stage.allSeen();
  });
});
