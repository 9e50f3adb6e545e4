import { gatewayContract } from '@holdfast/media-server/protocol/index.ts';
import { describe, expect, it } from 'vitest';
import { known, withKnown } from '../../../cli/bench/abuse/known-values.ts';
import type { Move } from '../../../cli/bench/abuse/move.ts';
import { movesFrom } from '../../../cli/bench/abuse/moves.ts';

function firstMoves(seed: number, count: number): Move[] {
  const moves: Move[] = [];
  for (const move of movesFrom(gatewayContract, seed)) {
    moves.push(move);
    if (moves.length === count) break;
  }
  return moves;
}

const texts = (moves: readonly Move[]) =>
  moves.flatMap(({ frames }) => frames.filter((frame) => typeof frame === 'string'));

describe('moves of an attacker', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(firstMoves(3, 150)).toEqual(firstMoves(3, 150));
    expect(texts(firstMoves(4, 50))).not.toEqual(texts(firstMoves(3, 50)));
  });

  it('are of every kind', () => {
    const kinds = new Set(firstMoves(1, 1500).map(({ kind }) => kind.replace(/^killer: .*/, 'killer')));
    expect([...kinds].toSorted()).toEqual([
      'batch',
      'by the schema',
      'damaged',
      'damaged envelope',
      'huge',
      'killer',
      'leave and go on',
      'no JSON',
      'repeated ids',
    ]);
  });

  it('by the schema are requests of every method that the other side understands', () => {
    const methods = firstMoves(1, 1500)
      .filter(({ kind }) => kind === 'by the schema')
      .map(({ frames: [frame] }) => JSON.parse(String(frame)).method);
    const expected = Object.keys(gatewayContract).filter((method) => method !== 'leave');
    expect([...new Set(methods)].toSorted()).toEqual(expected.toSorted());
  });

  it('are small enough that many can be sent', () => {
    const bytes = texts(firstMoves(1, 1000)).map((text) => text.length);
    expect(bytes.reduce((sum, each) => sum + each, 0) / bytes.length).toBeLessThan(20_000);
  });
});

describe('what an attacker knows', () => {
  it('takes the place of what stands for it, and only what is known', () => {
    const frame = JSON.stringify({ leg: known.legId, again: known.legId, consumer: known.consumerId });
    expect(JSON.parse(withKnown(frame, { legId: 'leg-1' }))).toEqual({
      leg: 'leg-1',
      again: 'leg-1',
      consumer: known.consumerId,
    });
  });
});
