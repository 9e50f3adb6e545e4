import { losesServer } from '@holdfast/media-server/client/ice-server-change.ts';
import { describe, expect, it } from 'vitest';

const one = { urls: ['turn:one.example', 'turns:one.example:443'], username: '1:ada', credential: 'x' };
const two = { urls: 'turn:two.example', username: '1:ada', credential: 'y' };
const stun = { urls: 'stun:stun.example' };

describe('whether a TURN server is not to be used any more', () => {
  it.each([
    ['is so when it is not named', [one, two], [two], true],
    ['is so when one of its addresses is not named', [one], [{ ...one, urls: 'turn:one.example' }], true],
    [
      'is not so when credentials alone are new',
      [one],
      [{ ...one, username: '2:ada', credential: 'z' }],
      false,
    ],
    ['is not so when one has come', [one], [two, one], false],
    ['is not so when STUN has gone: no path leads through it', [stun, one], [one], false],
  ])('%s', (_what, before, after, loses) => {
    expect(losesServer(before, after)).toBe(loses);
  });
});
