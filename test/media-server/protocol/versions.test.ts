import { commonVersion, HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { describe, expect, it } from 'vitest';

describe('two processes of ours', () => {
  it.each([
    [3, 3, 3],
    [2, 3, 2],
    [4, 3, 3],
  ])('of versions %d and %d speak %d', (theirs, ours, common) => {
    expect(commonVersion(theirs, ours)).toBe(common);
  });

  it.each([
    [1, 3],
    [5, 3],
  ])('of versions %d and %d do not speak', (theirs, ours) => {
    expect(() => commonVersion(theirs, ours)).toThrow(HoldfastError);
  });
});
