import { pathCounts } from '@holdfast/media-server/control-plane/gateway/path-counts.ts';
import { describe, expect, it } from 'vitest';

const seen = (path: 'udp' | 'turn-tls', poor = false) => ({ path, poor });

describe('participants by path', () => {
  it('count once each, by the newest leg that is known', () => {
    const moving = [seen('turn-tls', true), seen('udp')];
    const opening = [seen('turn-tls'), undefined];
    expect(pathCounts([[seen('udp')], moving, opening])).toEqual({
      paths: { udp: 2, 'turn-tls': 1 },
      poorPaths: 0,
    });
  });

  it('do not count while nothing is known', () => {
    expect(pathCounts([[], [undefined]])).toEqual({ paths: {}, poorPaths: 0 });
  });
});
