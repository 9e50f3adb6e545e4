import {
  brokenSinceMs,
  endedSinceMs,
  nothingFlows,
  type PathHealth,
  pathAfter,
  unusedPath,
} from '@holdfast/media-server/client/path-health.ts';
import { describe, expect, it } from 'vitest';

/** The path after these states of its connection, one a second from 1 s. */
const after = (...states: readonly string[]): PathHealth =>
  states.reduce((path, state, index) => pathAfter(path, state, (index + 1) * 1_000), unusedPath(0));

describe('a path', () => {
  it('that was never used is not broken, however long', () => {
    expect(brokenSinceMs(after('new'), 1e9)).toBeUndefined();
  });

  it('is broken from its first break until it is connected again, through all ICE restarts', () => {
    const broken = after('connecting', 'connected', 'disconnected', 'failed', 'connecting', 'disconnected');
    expect(brokenSinceMs(broken, 7_000)).toBe(3_000);
    expect(brokenSinceMs(pathAfter(broken, 'connected', 8_000), 9_000)).toBeUndefined();
  });

  it('that the node has ended stays so, whatever WebRTC still says of the connection', () => {
    const ended = after('connecting', 'connected', 'ended', 'connected', 'disconnected', 'connecting');
    expect(ended.state).toBe('ended');
    expect(brokenSinceMs(ended, 7_000)).toBe(3_000);
    expect(endedSinceMs(ended)).toBe(3_000);
    expect(endedSinceMs(after('connecting', 'connected', 'disconnected'))).toBeUndefined();
  });

  it('that does not come up at all counts as broken after a while', () => {
    const path = after('connecting');
    expect(brokenSinceMs(path, 10_900)).toBeUndefined();
    expect(brokenSinceMs(path, 11_000)).toBe(1_000);
  });
});

describe('nothing flows', () => {
  const connected = after('connecting', 'connected');
  const broken = after('connecting', 'connected', 'disconnected');
  it.each([
    { what: 'one of two is broken', paths: [connected, broken], flows: true },
    { what: 'one is broken, the other was never used', paths: [broken, unusedPath(0)], flows: false },
    { what: 'both are broken', paths: [broken, broken], flows: false },
    { what: 'the node has ended both', paths: [after('connected', 'ended')], flows: false },
    {
      what: 'none is used: somebody alone, without a camera',
      paths: [unusedPath(0), unusedPath(0)],
      flows: true,
    },
    { what: 'the first one is coming up', paths: [after('connecting'), unusedPath(0)], flows: true },
    { what: 'there is none yet', paths: [], flows: true },
  ])('$what: $flows', ({ paths, flows }) => {
    expect(nothingFlows(paths, 5_000)).toBe(!flows);
  });
});
