import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ObservedParticipant } from '../../cli/observe/participants.ts';
import { SilentProxy } from '../../cli/observe/silent-proxy.ts';
import { Stage } from './stage.ts';
import { beginWitness, testimonyOf } from './witness.ts';

let stage: Stage;
let proxy: SilentProxy;
beforeAll(async () => {
  stage = await Stage.set();
  proxy = await SilentProxy.start(stage.platform.baseUrl);
});
afterEach(() => stage.everybodyLeaves());
afterAll(async () => {
  await stage.strike();
  await proxy.close();
});

/** Ada straight to the server, Ben through the proxy; their media never goes through it. */
async function meetThroughProxy(meeting: string): Promise<[ObservedParticipant, ObservedParticipant]> {
  const [ada] = await stage.meet(meeting, ['Ada']);
  const [ben] = await stage.meet(meeting, ['Ben'], undefined, proxy.baseUrl);
  if (!ada || !ben) throw new Error('nobody came');
  return [ada, ben];
}

const stateOf = async (person: ObservedParticipant) => {
  const diagnostics = await person.diagnostics();
  return { state: diagnostics?.state, legs: diagnostics?.legs.map(({ nodeId }) => nodeId) };
};

describe('a WebSocket that died without a word', () => {
  it('is replaced: mutings get through again, and media was never touched', async () => {
    const [ada, ben] = await meetThroughProxy('silent');
    const leg = (await ben.diagnostics())?.legs[0]?.legId;
    await beginWitness(ada.page, 'Ben');
    proxy.swallow();
    await ben.page.getByRole('button', { name: 'Mute microphone' }).click();
    const mark = ada.page.getByRole('listitem').filter({ hasText: 'Ben' }).getByText(', microphone off');
    await mark.waitFor({ state: 'attached' });
    expect((await ben.diagnostics())?.legs.map(({ legId }) => legId)).toEqual([leg]);
    expect((await stateOf(ben)).state).toBe('connected');
    expect(await testimonyOf(ada.page, 'Ben')).toMatchObject({
      mostVisible: 1,
      fewestVisible: 1,
      elements: 1,
    });
  });

  it('does not hold up a drain in that moment, and whoever could not be told is brought over when heard again', async () => {
    const [ada, ben] = await meetThroughProxy('silent-drain');
    const before = await stage.homeOf('silent-drain');
    await beginWitness(ada.page, 'Ben');
    await beginWitness(ben.page, 'Ada');
    proxy.swallow();
    await stage.api.drain(before.nodeId, 'test');
    await stage.api.waitForNodes(
      `${before.nodeId} is drained`,
      (nodes) => nodes.find((node) => node.nodeId === before.nodeId)?.drain.state === 'drained',
      { limitMs: 30_000 },
    );
    const after = await stage.homeOf('silent-drain');
    expect(after.nodeId).not.toBe(before.nodeId);
    const there = { state: 'connected', legs: [after.nodeId] };
    await expect
      .poll(() => Promise.all([ada, ben].map(stateOf)), { timeout: 15_000 })
      .toEqual([there, there]);
    await stage.allSeen();
    for (const [viewer, other] of [
      [ada, 'Ben'],
      [ben, 'Ada'],
    ] as const) {
      // The node does not wait for somebody who does not answer, so that picture may be missing until the second WebSocket is
      // there; nobody has left, and nobody is there twice.
      expect(await testimonyOf(viewer.page, other)).toMatchObject({ mostVisible: 1 });
      expect(await viewer.page.getByText(`${other} left`).count()).toBe(0);
      await viewer.page.getByRole('button', { name: 'Leave' }).waitFor();
    }
    await stage.api.cancelDrain(before.nodeId);
  });
});

describe('a control plane that is gone', () => {
  it('ends no call: everybody says that media flows, and goes on when it is back', async () => {
    const people = await stage.meet('headless', ['Ada', 'Ben']);
    const legsOf = () =>
      Promise.all(people.map(async (person) => (await person.diagnostics())?.legs.map(({ legId }) => legId)));
    const legs = await legsOf();
    await stage.platform.killControlPlane();
    for (const person of people) {
      await person.page.getByText('Your sound and picture still flow').waitFor();
    }
    await stage.allSeen();
    await stage.platform.restartControlPlane();
    await expect
      .poll(async () => (await Promise.all(people.map(stateOf))).map(({ state }) => state), {
        timeout: 30_000,
      })
      .toEqual(['connected', 'connected']);
    expect(await legsOf()).toEqual(legs);
    await stage.allSeen();
  });
});
