import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Stage } from '../browser/stage.ts';
import { untilSwitching } from './moves.ts';
import { busiestWorker, isAlive, stop } from './processes.ts';

// Processes that are stopped for a while and go on as though nothing had been: nobody's meeting may be in two places.

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set({ cloud: { replaceFailedAfterMs: 'never' } });
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

const mediaNode = (nodeId: string) => stage.platform.cloud.pids(nodeId).server;

/** Which nodes hold a meeting of this name, and how many people each says are in it. */
const holders = async (meetingId: string) =>
  (await stage.api.nodes()).flatMap(({ nodeId, meetings }) =>
    meetings
      .filter((meeting) => meeting.meetingId === meetingId)
      .map(({ participants }) => ({ nodeId, participants })),
  );

/** On which nodes the legs of everybody's page are. */
const legNodes = async () =>
  (
    await Promise.all(
      stage.people.map(async (person) => (await person.diagnostics())?.legs.map(({ nodeId }) => nodeId)),
    )
  ).flat();

/** The meeting is on one node, as everybody says: the directory, the nodes and the pages. */
async function inOnePlace(meetingId: string): Promise<void> {
  await expect
    .poll(
      async () => {
        const { nodeId } = await stage.homeOf(meetingId);
        return {
          held: (await holders(meetingId)).map((holder) => ({ ...holder, home: holder.nodeId === nodeId })),
          legs: (await legNodes()).map((legNode) => legNode === nodeId),
        };
      },
      { timeout: 30_000 },
    )
    .toEqual({
      held: [{ nodeId: expect.any(String), participants: stage.people.length, home: true }],
      legs: stage.people.map(() => true),
    });
}

describe('a node that stands still', () => {
  it('as the target of a move that is given up, does not become a second home when it wakes', async () => {
    await stage.meet('split', ['Ada', 'Ben']);
    const { nodeId: source } = await stage.homeOf('split');
    await stage.api.drain(source, 'test');
    const target = await untilSwitching(stage, source, 'split');
    const wake = stop(mediaNode(target));
    try {
      await stage.api.waitForNodes(
        'the target counts as gone',
        (nodes) => nodes.some(({ nodeId, reachable }) => nodeId === target && !reachable),
        { limitMs: 20_000 },
      );
      await stage.api.cancelDrain(source);
    } finally {
      wake();
    }
    // Longer than a target waits for a source that is silent.
    await stage.allSeen(8000);
    await inOnePlace('split');
    await stage.meet('split', ['Cleo']);
    await inOnePlace('split');
  });

  it('keeps nothing of a meeting that was recovered elsewhere meanwhile', async () => {
    await stage.meet('woken', ['Ada', 'Ben']);
    const before = await stage.homeOf('woken');
    const wake = stop(mediaNode(before.nodeId));
    try {
      await expect
        .poll(async () => (await stage.homeOf('woken')).nodeId, { timeout: 20_000 })
        .not.toBe(before.nodeId);
      // Five seconds of standing still in all, and a running meeting without it.
      await stage.allSeen(3000);
    } finally {
      wake();
    }
    await inOnePlace('woken');
    await stage.allSeen(3000);
    await inOnePlace('woken');
  });
});

describe('a worker that hangs', () => {
  it('is ended, and its meeting goes on with everybody', async () => {
    await stage.meet('hung', ['Ada', 'Ben']);
    const before = await stage.homeOf('hung');
    const worker = await busiestWorker(mediaNode(before.nodeId));
    stop(worker);
    await expect.poll(() => isAlive(worker), { timeout: 10_000 }).toBe(false);
    await expect
      .poll(async () => (await stage.homeOf('hung')).epoch, { timeout: 20_000 })
      .toBeGreaterThan(before.epoch);
    await stage.allSeen();
    await inOnePlace('hung');
  });
});
