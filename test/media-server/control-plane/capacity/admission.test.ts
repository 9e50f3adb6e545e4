import { admit } from '@holdfast/media-server/control-plane/capacity/admission.ts';
import { describe, expect, it } from 'vitest';

describe('admission', () => {
  it('lets a meeting begin where placement found room', () => {
    expect(admit({ placed: true, nodeId: 'n1', reason: 'fullest with room' })).toEqual({
      admitted: true,
      nodeId: 'n1',
    });
  });

  it('otherwise refuses, with the reason and the time after which to ask again', () => {
    const refusal = admit({ placed: false, code: 'NO_CAPACITY', reason: '2 nodes: 2 full' });
    expect(refusal).toMatchObject({ admitted: false, reason: expect.stringContaining('2 nodes: 2 full') });
    expect(refusal).toHaveProperty('retryAfterMs', expect.any(Number));
  });
});
