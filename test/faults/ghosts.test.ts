import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rememberConnections } from '../browser/page-scripts.ts';
import { Stage } from '../browser/stage.ts';

// People who go without a word.

/** In the page: `vanish()` ends its signalling for good, and when that is known to both ends, its media. */
const vanishing = `
  ${rememberConnections.replaceAll('Original', 'OriginalConnection')}
  const OriginalSocket = globalThis.WebSocket;
  const sockets = [];
  let blocked = false;
  globalThis.WebSocket = class extends OriginalSocket {
    constructor(url, ...rest) {
      // Port 9 discards, and nobody listens on it.
      super(blocked ? 'ws://127.0.0.1:9/' : url, ...rest);
      sockets.push(this);
    }
  };
  globalThis.vanish = async () => {
    blocked = true;
    const open = sockets.filter(({ readyState }) => readyState === OriginalSocket.OPEN);
    const closed = open.map((socket) => new Promise((resolve) => socket.addEventListener('close', resolve)));
    for (const socket of open) socket.close();
    await Promise.all(closed);
    for (const connection of globalThis.connections) connection.close();
  };
`;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage.strike());

describe('a participant whose signalling and then media end without a word', () => {
  it('is gone for the others and for the node, and slows no move', async () => {
    const [ada, ben] = await stage.meet('ghosts', ['Ada', 'Ben'], vanishing);
    const before = await stage.homeOf('ghosts');
    await ben?.page.evaluate('globalThis.vanish()');
    // A session may be taken up again for half a minute.
    await stage.api.waitForNodes(
      'the node has one participant left',
      (nodes) =>
        nodes.some(
          ({ nodeId, meetings }) =>
            nodeId === before.nodeId && meetings.some(({ participants }) => participants === 1),
        ),
      { limitMs: 60_000 },
    );
    await expect
      .poll(() => ada?.page.locator('video[data-participant="Ben"]').count(), { timeout: 10_000 })
      .toBe(0);
    await stage.api.drain(before.nodeId, 'test');
    // A move that waits for somebody takes its whole ten seconds.
    await stage.api.waitForNodes(
      `${before.nodeId} is drained`,
      (nodes) => nodes.find(({ nodeId }) => nodeId === before.nodeId)?.drain.state === 'drained',
      { limitMs: 6000 },
    );
    expect((await stage.homeOf('ghosts')).nodeId).not.toBe(before.nodeId);
    await expect.poll(async () => (await ada?.diagnostics())?.state, { timeout: 10_000 }).toBe('connected');
  });
});
