import type { LiveEntry } from '@holdfast/media-server/control-plane/directory/directory.ts';
import { GatewayLeg } from '@holdfast/media-server/control-plane/gateway/leg.ts';
import { isAstray } from '@holdfast/media-server/control-plane/gateway/reconciler.ts';
import { systemClock } from '@holdfast/media-server/process/clock.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, Platform } from '../platform.ts';

const home: LiveEntry = { state: 'home', nodeId: 'n1', epoch: 1, issuedEpoch: 2, changedAtMs: 0 };
const moving: LiveEntry = { ...home, state: 'moving', movingTo: { nodeId: 'n2', epoch: 2 } };
const leg = (nodeId: string, epoch: number) =>
  new GatewayLeg({ legId: `${nodeId}@${epoch}`, nodeId, epoch, movingFrom: undefined });
const session = (...legs: GatewayLeg[]) => ({
  state: 'connected' as const,
  legs: new Map(legs.map((each) => [each.legId, each])),
});

describe('whether somebody is astray', () => {
  it('is so without a leg where the meeting lives, and with one elsewhere', () => {
    expect(isAstray(session(leg('n1', 1)), home, 10_000)).toBe(false);
    expect(isAstray(session(), home, 10_000)).toBe(true);
    expect(isAstray(session(leg('n2', 2)), home, 10_000)).toBe(true);
    expect(isAstray(session(leg('n1', 1), leg('n2', 2)), home, 10_000)).toBe(true);
  });

  it('is not so at either end of a move', () => {
    expect(isAstray(session(leg('n1', 1)), moving, 10_000)).toBe(false);
    expect(isAstray(session(leg('n1', 1), leg('n2', 2)), moving, 10_000)).toBe(false);
  });

  it('is not asked just after a change, nor of somebody who is away', () => {
    expect(isAstray(session(leg('n2', 2)), home, 2999)).toBe(false);
    expect(isAstray({ ...session(), state: 'away' }, home, 10_000)).toBe(false);
  });
});

describe('a meeting that is split', () => {
  let platform: Platform;
  afterEach(() => platform.close());

  it('heals: everybody is brought to where the directory has it, whoever has moved it', async () => {
    let laterMs = 0;
    platform = await Platform.start({ clock: { ...systemClock, now: () => Date.now() + laterMs } });
    const n1 = await platform.node('n1');
    const n2 = await platform.node('n2');
    const ada = await platform.participant('ada');
    const bob = await platform.participant('bob');
    const move = await n1.reserve('m1');
    await n1.prepare('m1', move);
    // The commit is made and nobody tells the gateway: the source dies at this moment, or is another replica's.
    await n1.commitQuietly('m1', move);
    laterMs = 5000;
    for (const client of [ada, bob]) await eventually(() => client.legsShort.join() === 'n2@2 recovery');
    expect(n2.participants('m1').sort()).toEqual(['ada', 'bob']);
    await eventually(() => n1.participants('m1').length === 0);
  });
});
