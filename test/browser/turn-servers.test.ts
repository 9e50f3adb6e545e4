import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { turnServerConfig } from '@holdfast/media-server/config/index.ts';
import { machineFacts } from '@holdfast/media-server/machine/machine-facts.ts';
import { createLogger } from '@holdfast/media-server/process/logger.ts';
import { TurnServer } from '@holdfast/media-server/turn-server/turn-server.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { largestGap } from '../../cli/observe/gaps.ts';
import { nowMs, type ObservedParticipant } from '../../cli/observe/participants.ts';
import { relayedOnly } from './page-scripts.ts';
import { Stage } from './stage.ts';

const installed = spawnSync('turnserver', ['--version']).error === undefined;
if (!installed) console.warn('coturn is not installed: nobody is relayed');

/** The machine is shared with everything that the test starts: pictures come late on it, with and without a move. */
const CUT_MS = 2000;

const log = createLogger('test');
log.level = 'silent';
const secrets = {
  HOLDFAST_CLUSTER_TOKEN: 'cluster-token-of-the-tests',
  HOLDFAST_TURN_SECRET: 'turn-secret-of-the-tests-of-32-letters',
};

describe.runIf(installed)('a TURN server that is drained', () => {
  const servers = new Map<string, TurnServer>();
  let folder: string;
  let stage: Stage;

  async function startServer(nodeId: string): Promise<void> {
    const { internal } = JSON.parse(
      readFileSync(join(stage.platform.directory, 'control-plane.json'), 'utf8'),
    );
    const config = turnServerConfig.parse({
      role: 'turn-server',
      drainSocket: join(folder, `${nodeId}.drain`),
      controlPlane: { urls: [`ws://127.0.0.1:${internal.port}/internal/nodes`] },
      turn: { realm: 'turn.example.org', port: 0 },
      workDirectory: join(folder, nodeId),
    });
    const machine = machineFacts.parse({ nodeId, privateAddress: '127.0.0.1' });
    servers.set(nodeId, await TurnServer.start({ config, machine, secrets, version: '1', log }));
    await stage.api.waitForNodes(
      `${nodeId} relays`,
      (nodes) => nodes.some((node) => node.nodeId === nodeId && node.relay?.healthy === true),
      { limitMs: 20_000 },
    );
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'turn-'));
    stage = await Stage.set({ nodes: 1, env: { ...process.env, ...secrets } });
    await startServer('turn-1');
    await startServer('turn-2');
  });
  afterAll(async () => {
    await stage.strike();
    for (const server of servers.values()) await server.close('test over');
    rmSync(folder, { recursive: true });
  });

  /** Which server each connected path of everybody goes through. */
  const relays = async (): Promise<string[]> => {
    const urls = await Promise.all(stage.people.map(relaysOf));
    return urls.flat().map((url) => {
      for (const [nodeId, { turnUrls }] of servers) if (turnUrls.includes(url)) return nodeId;
      return `elsewhere: ${url}`;
    });
  };

  it('is left by everybody while they talk, says that it is empty, and is missed by nobody when it ends', {
    // Browsers give back what they had there half a minute later, and coturn waits for some of it.
    timeout: 180_000,
  }, async () => {
    await stage.meet('relayed', ['Ada', 'Ben', 'Cy'], relayedOnly);
    const before = await relays();
    expect(before).toHaveLength(6);
    // Who is where is a matter of names: the fuller one goes.
    const countOf = (nodeId: string) => before.filter((each) => each === nodeId).length;
    const [goes, stays] =
      countOf('turn-1') >= countOf('turn-2') ? ['turn-1', 'turn-2'] : ['turn-2', 'turn-1'];
    expect(countOf(goes ?? '')).toBeGreaterThan(0);

    const beginMs = nowMs();
    await stage.api.drain(goes ?? '', 'test');
    await expect.poll(relays, { timeout: 30_000 }).toEqual(Array(6).fill(stays));
    const window = { fromMs: beginMs, toMs: nowMs() };
    const gaps = await Promise.all(
      stage.people.map(async (person) =>
        (await person.streams(beginMs - 1000)).map(({ frames }) => largestGap(frames, window).lengthMs),
      ),
    );
    expect(gaps.flat()).toHaveLength(6);
    // A path that is cut is missed for five seconds and more before anybody does anything about it.
    expect(Math.max(...gaps.flat())).toBeLessThan(CUT_MS);

    await stage.api.waitForNodes(
      `${goes} is empty`,
      (nodes) => nodes.find(({ nodeId }) => nodeId === goes)?.drain.state === 'drained',
      { limitMs: 120_000 },
    );
    await servers.get(goes ?? '')?.close('drained');
    await stage.allSeen();
    for (const person of stage.people) expect((await person.diagnostics())?.legs).toHaveLength(1);
  });
});

const relaysOf = (person: ObservedParticipant): Promise<string[]> =>
  person.page.evaluate('globalThis.relaysInUse()');
