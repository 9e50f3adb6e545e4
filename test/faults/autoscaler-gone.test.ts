import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localAutoscaler } from '../../cli/local/local-autoscaler.ts';
import { Stage } from '../browser/stage.ts';
import { stop } from './processes.ts';

/** Two machines and no more, so that whatever happens to them is not the autoscaler's doing. */
const autoscaler = localAutoscaler({ minNodes: 2, maxNodes: 2, dryRun: false });
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set({ nodes: 2, autoscaler });
  await stage.meet('unscaled', ['Ada', 'Ben']);
});
afterAll(() => stage.strike());

const legs = () =>
  Promise.all(
    stage.people.map(async (person) => (await person.diagnostics())?.legs.map(({ legId }) => legId)),
  );
const fleet = async () =>
  (await stage.api.nodes()).map(({ nodeId, reachable, drain }) => ({
    nodeId,
    reachable,
    state: drain.state,
  }));
const leader = async () => (await stage.api.scaling()).leader;

describe('an autoscaler that is gone', () => {
  it('stopped for longer than it leads: nobody leads, and nothing happens to meetings and machines', async () => {
    const [before, machines] = [await legs(), await fleet()];
    expect(await leader()).not.toBeNull();
    const wake = stop(stage.platform.autoscalerPid);
    try {
      await expect.poll(leader, { timeout: 20_000 }).toBeNull();
      // Nothing is waited for but time: it is what is suspected.
      await delay(5000);
      await stage.allSeen();
      expect(await legs()).toEqual(before);
      expect(await fleet()).toEqual(machines);
    } finally {
      wake();
    }
    await expect.poll(leader, { timeout: 20_000 }).not.toBeNull();
  });

  it('killed: it is started again and leads under another name; nobody has noticed', async () => {
    const [before, machines, led] = [await legs(), await fleet(), await leader()];
    const pid = stage.platform.autoscalerPid;
    if (pid === undefined) throw new Error('there is no autoscaler');
    process.kill(pid, 'SIGKILL');
    await expect
      .poll(
        async () => {
          const now = await leader();
          return now !== null && now !== led;
        },
        { timeout: 30_000 },
      )
      .toBe(true);
    expect(stage.platform.autoscalerPid).not.toBe(pid);
    await stage.allSeen();
    expect(await legs()).toEqual(before);
    expect(await fleet()).toEqual(machines);
  });
});
