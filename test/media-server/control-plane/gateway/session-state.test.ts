import {
  nextSessionState,
  type SessionState,
} from '@holdfast/media-server/control-plane/gateway/session-state.ts';
import { describe, expect, it } from 'vitest';

const connected: SessionState = { state: 'connected', connection: 1 };

describe('a session', () => {
  it('is away when its connection is lost, and connected again when it resumes', () => {
    const away = nextSessionState(connected, { type: 'disconnected', connection: 1 });
    expect(away).toEqual({ state: 'away' });
    expect(nextSessionState(away, { type: 'connected', connection: 2 })).toEqual({
      state: 'connected',
      connection: 2,
    });
  });

  it('does not notice the end of a connection that a newer one has taken over from', () => {
    const resumed = nextSessionState(connected, { type: 'connected', connection: 2 });
    expect(nextSessionState(resumed, { type: 'disconnected', connection: 1 })).toBe(resumed);
  });

  it('that is over stays over, for the reason it had first', () => {
    const gone = nextSessionState(connected, { type: 'ended', reason: 'left' });
    expect(nextSessionState(gone, { type: 'ended', reason: 'expired' })).toEqual({
      state: 'gone',
      reason: 'left',
    });
    expect(() => nextSessionState(gone, { type: 'connected', connection: 2 })).toThrow(
      expect.objectContaining({ code: 'SESSION_UNKNOWN' }),
    );
  });
});
