import { publicError } from '@holdfast/media-server/control-plane/public-error.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { describe, expect, it } from 'vitest';

describe('what leaves of an error', () => {
  it.each(['NODE_UNREACHABLE', 'CONNECTION_CLOSED', 'TIMEOUT', 'INTERNAL'] as const)(
    '%s names no address',
    (code) => {
      const inside = new HoldfastError(code, 'node n1 at ws://10.0.0.7:9000/rpc: refused', {
        retryAfterMs: 500,
      });
      const outside = publicError(inside);
      expect(outside).toMatchObject({ code, retryAfterMs: 500 });
      expect(outside.message).not.toMatch(/ws:|10\.0|n1/);
    },
  );

  it('an unexpected error says nothing of itself', () => {
    expect(publicError(new TypeError('secret of undefined')).message).toBe('something unexpected happened');
  });

  it('what a client can mend is said as it is', () => {
    expect(publicError(new HoldfastError('BAD_REQUEST', 'producer.create: kind')).message).toContain('kind');
  });
});
