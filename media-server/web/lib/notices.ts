import type { MeetingState } from '../../client/types.ts';
import type { LegReason } from '../../protocol/signalling.ts';
import { isolated } from './names.ts';

/** Something that happened to the meeting, said once and gone after a while. */
export interface Notice {
  readonly id: number;
  readonly text: string;
  /** `quiet` ones are small: nobody needs to act or worry. */
  readonly tone: 'quiet' | 'good';
  readonly forMs: number;
}
export type NoticeText = Omit<Notice, 'id'>;

/**
 * What is said as long as a state lasts.
 * @param long it has lasted for a while: somebody wonders what is still true
 */
export function standingNotice(state: MeetingState, long: boolean): string | undefined {
  switch (state) {
    case 'reconnecting':
      return long
        ? 'Your sound and picture still flow. We are trying to reach the server.'
        : 'Connection lost. Your call goes on; reconnecting…';
    case 'recovering':
      return 'Sound and picture are interrupted. Bringing everyone back…';
    case 'joining':
    case 'connected':
    case 'left':
      return undefined;
  }
}

/** What is said when a state has come to a good end. */
export function endingNotice(from: MeetingState, to: MeetingState): NoticeText | undefined {
  if (to !== 'connected') return undefined;
  if (from === 'reconnecting') return { text: 'Connected again.', tone: 'good', forMs: 3000 };
  if (from === 'recovering') return { text: 'Everyone is back.', tone: 'good', forMs: 3000 };
  return undefined;
}

export function moveNotice(reason: LegReason): NoticeText | undefined {
  // A recovery has told its story through the state already, and joining is no move.
  return reason === 'handover' ? { text: 'Moved to another server', tone: 'quiet', forMs: 2500 } : undefined;
}

export const joinedNotice = (name: string): NoticeText => ({
  text: `${isolated(name)} joined`,
  tone: 'quiet',
  forMs: 3500,
});
export const leftNotice = (name: string): NoticeText => ({
  text: `${isolated(name)} left`,
  tone: 'quiet',
  forMs: 3500,
});

/** Only the newest few are kept on screen. */
export function withNotice(notices: readonly Notice[], notice: Notice, limit = 3): readonly Notice[] {
  return [...notices, notice].slice(-limit);
}
