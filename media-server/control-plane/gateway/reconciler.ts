import type { Logger } from '../../process/logger.ts';
import type { Directory, LiveEntry } from '../directory/directory.ts';
import { belongs, type Follower } from './follower.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface ReconcilerOptions {
  readonly sessions: Sessions;
  readonly follower: Follower;
  readonly directory: Directory;
  readonly now: () => number;
  readonly log: Logger;
}

/** Whoever has changed the entry brings its participants over by itself; only what is then still astray is looked at, ms. */
const GRACE_MS = 3000;

/**
 * Whether a session is not where its meeting lives: it has no leg there, or one elsewhere. Somebody who is away is brought over
 * on coming back.
 */
export function isAstray(session: Pick<Session, 'state' | 'legs'>, entry: LiveEntry, nowMs: number): boolean {
  if (session.state !== 'connected' || nowMs - entry.changedAtMs < GRACE_MS) return false;
  const legs = [...session.legs.values()];
  return !legs.some((leg) => belongs(leg, entry)) || legs.some((leg) => !belongs(leg, entry));
}

/**
 * Brings sessions in line with the directory, whoever has changed it: a merge of what nodes say, another replica, a recovery of
 * which this gateway did not hear. So every split of a meeting heals.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Looks at every meeting that has participants here, once. */
  async sweep(): Promise<void> {
    const { sessions, directory, now } = this.#options;
    for (const meetingId of sessions.meetings()) {
      const entry = await directory.get(meetingId);
      // The directory may not have heard of it yet, just after a start.
      if (!entry) continue;
      const astray = sessions.of(meetingId).filter((session) => isAstray(session, entry, now()));
      await Promise.all(astray.map((session) => this.#follow(session, entry)));
    }
  }

  async #follow(session: Session, entry: LiveEntry): Promise<void> {
    const { follower, log } = this.#options;
    const { meetingId, participant } = session;
    const { participantId } = participant;
    log.warn({ meetingId, participantId, home: entry.nodeId, epoch: entry.epoch }, 'session.astray');
    await follower.follow(session, false).catch((error: unknown) => {
      log.warn({ err: error, meetingId, participantId }, 'session.still_astray');
    });
  }
}
