import { fullAt, measuredDefault } from '../capacity/machine-capacity.ts';

/**
 * The most people in one meeting. A meeting lives on one worker, and everybody receives everybody's picture; most people are muted,
 * and what is muted costs nothing. So it is the largest number whose pictures a worker can forward with a whole core:
 * 24 people, 552 pictures. One more, and everybody's picture would stand still, also in the worker's other meetings.
 */
const MOST_PARTICIPANTS = (() => {
  const most = measuredDefault.workerStreams / fullAt.workerCpu;
  let people = 2;
  while ((people + 1) * people <= most) people += 1;
  return people;
})();

export const largestMeeting = {
  participants: MOST_PARTICIPANTS,
  /** What one participant can publish at the same time: microphone, camera, screen and its sound. */
  sources: 4,
} as const;
