import type { LiveEntry } from '@holdfast/media-server/control-plane/directory/directory.ts';
import { moveStatus } from '@holdfast/media-server/control-plane/directory/move-status.ts';
import { describe, expect, it } from 'vitest';

const from = { nodeId: 'a', epoch: 3 };
const common = { issuedEpoch: 5, changedAtMs: 0 };
const home = (nodeId: string, epoch: number): LiveEntry => ({ state: 'home', nodeId, epoch, ...common });
const moving = (nodeId: string, epoch: number, to: string): LiveEntry => ({
  state: 'moving',
  nodeId,
  epoch,
  movingTo: { nodeId: to, epoch: 5 },
  ...common,
});

describe('what became of a move from a at epoch 3 to b', () => {
  it.each<[string, LiveEntry | undefined, string | undefined, ReturnType<typeof moveStatus>]>([
    ['the meeting is over', undefined, 'b', { state: 'elsewhere' }],
    ['under way', moving('a', 3, 'b'), 'b', { state: 'moving', place: { nodeId: 'b', epoch: 5 } }],
    [
      'under way to whom nobody heard of',
      moving('a', 3, 'b'),
      undefined,
      { state: 'moving', place: { nodeId: 'b', epoch: 5 } },
    ],
    ['under way to another target', moving('a', 3, 'c'), 'b', { state: 'given-up' }],
    ['not begun, or given up', home('a', 3), 'b', { state: 'given-up' }],
    ['not begun, and nobody knows the target', home('a', 3), undefined, { state: 'given-up' }],
    ['done', home('b', 5), 'b', { state: 'committed', place: { nodeId: 'b', epoch: 5 } }],
    [
      'done, and b moves it on',
      moving('b', 5, 'c'),
      'b',
      { state: 'committed', place: { nodeId: 'b', epoch: 5 } },
    ],
    [
      'rebuilt from b alone',
      { state: 'arriving', nodeId: 'b', epoch: 5, ...common },
      'b',
      { state: 'moving', place: { nodeId: 'b', epoch: 5 } },
    ],
    [
      'b had it before, at an older epoch',
      home('b', 2),
      'b',
      { state: 'elsewhere', place: { nodeId: 'b', epoch: 2 } },
    ],
    ['moved elsewhere', home('c', 4), 'b', { state: 'elsewhere', place: { nodeId: 'c', epoch: 4 } }],
    [
      'a has it again, at a newer epoch',
      home('a', 5),
      'b',
      { state: 'elsewhere', place: { nodeId: 'a', epoch: 5 } },
    ],
    [
      'another home, no target known',
      home('b', 5),
      undefined,
      { state: 'elsewhere', place: { nodeId: 'b', epoch: 5 } },
    ],
  ])('%s', (_, entry, target, expected) => {
    expect(moveStatus(entry, from, target)).toEqual(expected);
  });
});
