import { HoldfastError } from '../../protocol/index.ts';

/** Why a session is over. */
export type EndReason = 'left' | 'expired' | 'replaced' | 'refused' | 'removed' | 'ended';

/**
 * connected: there is a WebSocket. away: it was lost, media flows on, the participant may come back for a while.
 * gone: over, never to be taken up again.
 */
export type SessionState =
  | { readonly state: 'connected'; readonly connection: number }
  | { readonly state: 'away' }
  | { readonly state: 'gone'; readonly reason: EndReason };

export type SessionEvent =
  | { readonly type: 'connected'; readonly connection: number }
  | { readonly type: 'disconnected'; readonly connection: number }
  | { readonly type: 'ended'; readonly reason: EndReason };

/** The one transition function of a session. Throws SESSION_UNKNOWN when somebody connects to one that is over. */
export function nextSessionState(current: SessionState, event: SessionEvent): SessionState {
  if (current.state === 'gone') {
    if (event.type === 'connected') {
      throw new HoldfastError('SESSION_UNKNOWN', `the session is over (${current.reason})`);
    }
    return current;
  }
  switch (event.type) {
    case 'connected':
      return { state: 'connected', connection: event.connection };
    case 'disconnected': {
      // The end of a connection that another one has taken over from means nothing.
      const isCurrent = current.state === 'connected' && current.connection === event.connection;
      return isCurrent ? { state: 'away' } : current;
    }
    case 'ended':
      return { state: 'gone', reason: event.reason };
  }
}
