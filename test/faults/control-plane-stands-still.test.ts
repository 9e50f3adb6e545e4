import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ProtocolParticipant } from '../../cli/observe/protocol-participant.ts';
import { Stage } from '../browser/stage.ts';
import { untilSwitching } from './moves.ts';
import { stop } from './processes.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set({ nodes: 3, cloud: { replaceFailedAfterMs: 'never' } });
});
afterEach(async () => {
  if (stage.platform.controlPlanePid === undefined) await stage.platform.restartControlPlane();
  await stage.everybodyLeaves();
});
afterAll(() => stage.strike());

/** Longer than sessions are kept for people who are away, and legs for nobody. */
const OUTAGE_MS = 40_000;

describe('a control plane that is down', () => {
  it('for longer than a session is kept, costs nobody their call, and people can join again at once', async () => {
    await stage.meet('headless', ['Ada', 'Ben']);
    const home = await stage.homeOf('headless');
    const legs = () =>
      Promise.all(
        stage.people.map(async (person) => (await person.diagnostics())?.legs.map(({ legId }) => legId)),
      );
    const before = await legs();
    await stage.platform.killControlPlane();
    // Nothing is waited for but time: it is what is suspected.
    await delay(OUTAGE_MS);
    await stage.allSeen();
    await stage.platform.restartControlPlane();
    const newcomer = await ProtocolParticipant.join(stage.platform.baseUrl, 'headless', 'Cleo');
    expect(newcomer.leg.nodeId).toBe(home.nodeId);
    await newcomer.leave();
    await expect
      .poll(
        async () => Promise.all(stage.people.map(async (person) => (await person.diagnostics())?.state)),
        {
          timeout: 20_000,
        },
      )
      .toEqual(['connected', 'connected']);
    expect(await legs()).toEqual(before);
    expect(await stage.homeOf('headless')).toEqual(home);
  }, 150_000);
});

describe('a move that waits for its commit', () => {
  it('ends soon, one way or the other, when its target dies while the control plane stands still', async () => {
    await stage.meet('window', ['Ada', 'Ben']);
    const { nodeId: source } = await stage.homeOf('window');
    await stage.api.drain(source, 'test');
    const target = await untilSwitching(stage, source, 'window');
    const wake = stop(stage.platform.controlPlanePid);
    try {
      await stage.platform.cloud.kill(target);
    } finally {
      wake();
    }
    // Soon: the time of a second move, not that for which an unanswered commit is patient.
    await stage.api.waitForNodes(
      `${source} is drained`,
      (nodes) => nodes.find(({ nodeId }) => nodeId === source)?.drain.state === 'drained',
      { limitMs: 30_000 },
    );
    expect([source, target]).not.toContain((await stage.homeOf('window')).nodeId);
    await stage.allSeen();
  });
});
