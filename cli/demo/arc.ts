import { meetingShares, streamsOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import type { LocalAutoscaler } from '../local/local-autoscaler.ts';

export interface DemoMeeting {
  readonly meetingId: string;
  readonly people: number;
}

/** Who comes, and what machines there must be for them to come to need a second one, and to need it no more. */
export interface Arc {
  /** They are there first, and leave again: a fuller machine than the others leave behind. */
  readonly visitors: DemoMeeting;
  /** They stay to the end. */
  readonly meetings: readonly DemoMeeting[];
  /** Streams that a machine's one worker carries. */
  readonly workerStreams: number;
}

/** What is free when only those who stay are left on one machine: enough that it is clearly enough. */
const STAYING_TAKE = 1 / 3;

/**
 * Machines are as small as this story needs, and counted like all others: visitors and one of the meetings fill one, the
 * other meetings need a second; without the visitors one is enough, and two thirds of it are free.
 */
export function demoArc({ participants, meetings }: { participants: number; meetings: number }): Arc {
  const staying = Array.from({ length: meetings }, (_, index) => ({
    meetingId: `meeting-${index + 1}`,
    people: Math.floor(participants / meetings) + (index < participants % meetings ? 1 : 0),
  }));
  const sizes = staying.map(({ people }) => streamsFor(people));
  const all = sizes.reduce((sum, streams) => sum + streams, 0);
  const least = all / STAYING_TAKE;
  // Beside them there is no room for all the others.
  let visitors = 2;
  while (streamsFor(visitors) <= least - all) visitors += 1;
  return {
    visitors: { meetingId: 'visitors', people: visitors },
    meetings: staying,
    workerStreams: Math.max(least, streamsFor(visitors) + Math.max(...sizes)),
  };
}

export const DEMO_MACHINE_TYPE = 'local';

/** The same rules as everywhere, with minutes made seconds: a machine of this computer is there at once. */
export function demoAutoscaler({ workerStreams }: Arc): LocalAutoscaler {
  return {
    intervalMs: 500,
    leaseMs: 5000,
    policy: {
      minNodes: 1,
      maxNodes: 3,
      headroomWorkers: 0.4,
      slackWorkers: 0.1,
      surviveOneFailure: false,
      surplusForMs: 2000,
      graceMs: 5000,
      launchDeadlineMs: 60_000,
      choices: [{ machineType: DEMO_MACHINE_TYPE, workers: 1 }],
      carries: { [DEMO_MACHINE_TYPE]: { workerStreams } },
    },
  };
}

function streamsFor(people: number): number {
  return streamsOf(meetingShares({ participants: people }));
}
