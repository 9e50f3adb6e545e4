import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../media-server/protocol/errors.ts';
import { transition, type Visit } from '../../media-server/web/pages/meeting/visit.ts';

const lobby: Visit = { step: 'lobby' };
const joining: Visit = { step: 'joining' };

describe('a visit to a meeting', () => {
  it('by a link that says to join at once enters only where the server lets links say so', () => {
    const arriving: Visit = { step: 'arriving' };
    expect(transition(arriving, { type: 'arrived', mayJoinAtOnce: true })).toEqual(joining);
    expect(transition(arriving, { type: 'arrived', mayJoinAtOnce: false })).toEqual(lobby);
    expect(() => transition(lobby, { type: 'arrived', mayJoinAtOnce: true })).toThrow(/lobby/);
  });

  it('waits and comes back by itself when the server says when', () => {
    const error = new HoldfastError('NO_CAPACITY', 'full', { retryAfterMs: 5000 });
    const visit = transition(joining, { type: 'refused', error, nowMs: 1000 });
    expect(visit).toEqual({ step: 'waiting', error, retryAtMs: 6000 });
    expect(transition(visit, { type: 'join' })).toEqual(joining);
  });

  it('does not come back by itself when waiting does not help', () => {
    const closed = new HoldfastError('FORBIDDEN', 'no');
    expect(transition(joining, { type: 'refused', error: closed, nowMs: 0 }).step).toBe('refused');
    const unclear = new HoldfastError('NOT_READY', 'starting');
    expect(transition(joining, { type: 'refused', error: unclear, nowMs: 0 }).step).toBe('refused');
  });

  it('can be taken up again after leaving', () => {
    const left: Visit = { step: 'left', reason: { code: 'left', message: '' } };
    expect(transition(left, { type: 'join' })).toEqual(joining);
  });

  it('takes what cannot happen for a fault', () => {
    const reason = { code: 'left', message: '' } as const;
    expect(() => transition(lobby, { type: 'left', reason })).toThrow(/lobby/);
    const error = new HoldfastError('FORBIDDEN', 'no');
    expect(() => transition(lobby, { type: 'refused', error, nowMs: 0 })).toThrow();
  });
});
