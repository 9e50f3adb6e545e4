import { losesServer, rankedOver } from '@holdfast/media-server/client/ice-server-change.ts';
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

describe('the servers that take the place of others', () => {
  const turnUrls = (servers: ReturnType<typeof rankedOver>) =>
    servers.flatMap(({ urls }) => urls).filter((url) => url.startsWith('turn'));

  it('are as they come when there are not fewer addresses', () => {
    expect(rankedOver([one], [two, one])).toEqual([two, one]);
    expect(rankedOver([stun, two], [{ ...two, username: '2:ada' }])).toEqual([{ ...two, username: '2:ada' }]);
  });

  it('have no fewer addresses than before: through a shorter list a browser keeps to its old path', () => {
    const after = rankedOver([one, two], [two]);
    expect(after[0]).toEqual(two);
    expect(turnUrls(after)).toHaveLength(3);
    expect(
      turnUrls(after)
        .slice(1)
        .every((url) => /\.invalid:/.test(url)),
    ).toBe(true);
  });

  it('are not longer and longer, and what only fills them up is nothing to lose', () => {
    const after = rankedOver([one, two], [two]);
    expect(turnUrls(rankedOver(after, [one]))).toHaveLength(3);
    expect(losesServer(after, [two])).toBe(false);
  });
});
