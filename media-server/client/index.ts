/** The browser SDK: take part in a meeting. Its user never needs to know that meetings move between nodes. */
import { Meeting } from './meeting.ts';
import type { JoinOptions, MeetingHandle } from './types.ts';

export { HoldfastError } from '../protocol/errors.ts';
export type * from './types.ts';

/**
 * Enters the meeting that the token is for, and settles when its media node can be reached.
 * @throws HoldfastError with a code of the table: UNAUTHENTICATED, NO_CAPACITY, NODE_UNREACHABLE, CONNECTION_CLOSED …
 * @example
 * const meeting = await joinMeeting({ token, tracks: { microphone, camera } });
 * meeting.on('participantsChanged', () => render(meeting.participants));
 */
export async function joinMeeting(options: JoinOptions): Promise<MeetingHandle> {
  const url = new URL('/v1/signal', options.url ?? location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const meeting = new Meeting(() => new WebSocket(url), options.log, options.onlyPath);
  await meeting.join(options);
  return meeting;
}
