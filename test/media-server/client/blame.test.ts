import { Blame } from '@holdfast/media-server/client/blame.ts';
import { describe, expect, it } from 'vitest';

const stream = (producerId: string, participantId = `of ${producerId}`) => ({ producerId, participantId });

describe('a round of streams that fails', () => {
  it('with one stream in it: that one is left out', () => {
    const blame = new Blame();
    expect(blame.roundFailed([stream('bad')])).toEqual(stream('bad'));
    expect(blame.trust(stream('bad'))).toBe('left-out');
    expect(blame.trust(stream('other'))).toBe('trusted');
  });

  it('with several: each of them is taken by itself next time', () => {
    const blame = new Blame();
    expect(blame.roundFailed([stream('a'), stream('bad'), stream('c')])).toBeUndefined();
    expect(['a', 'bad', 'c', 'd'].map((id) => blame.trust(stream(id)))).toEqual([
      'suspect',
      'suspect',
      'suspect',
      'trusted',
    ]);
    blame.received(stream('a'));
    expect(blame.trust(stream('a'))).toBe('trusted');
    expect(blame.roundFailed([stream('bad')])).toEqual(stream('bad'));
    expect(blame.trust(stream('c'))).toBe('suspect');
  });

  it('with a suspect and newcomers: it was the suspect', () => {
    const blame = new Blame();
    blame.roundFailed([stream('a'), stream('bad')]);
    expect(blame.roundFailed([stream('new'), stream('bad')])).toEqual(stream('bad'));
    expect(blame.trust(stream('new'))).toBe('trusted');
  });
});

it('somebody who breaks it with one stream after the other is not received at all', () => {
  const blame = new Blame();
  blame.roundFailed([stream('one', 'mallory')]);
  expect(blame.trust(stream('three', 'mallory'))).toBe('trusted');
  blame.roundFailed([stream('two', 'mallory')]);
  expect(blame.trust(stream('three', 'mallory'))).toBe('left-out');
  expect(blame.trust(stream('four', 'ada'))).toBe('trusted');
});
