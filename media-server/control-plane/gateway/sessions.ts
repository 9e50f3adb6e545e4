import type { Session } from './session.ts';

/** The sessions of this gateway, found by participant or by meeting. */
export class Sessions {
  readonly #meetings = new Map<string, Map<string, Session>>();

  get(meetingId: string, participantId: string): Session | undefined {
    return this.#meetings.get(meetingId)?.get(participantId);
  }

  of(meetingId: string): Session[] {
    return [...(this.#meetings.get(meetingId)?.values() ?? [])];
  }

  /** Meetings with participants here. */
  meetings(): string[] {
    return [...this.#meetings.keys()];
  }

  all(): Session[] {
    return [...this.#meetings.values()].flatMap((sessions) => [...sessions.values()]);
  }

  /** Takes the place of whatever session this participant had. */
  set(session: Session): void {
    const sessions = this.#meetings.get(session.meetingId) ?? new Map<string, Session>();
    this.#meetings.set(session.meetingId, sessions);
    sessions.set(session.participant.participantId, session);
  }

  /** Does nothing if another session has taken its place. */
  delete(session: Session): void {
    const sessions = this.#meetings.get(session.meetingId);
    if (sessions?.get(session.participant.participantId) !== session) return;
    sessions.delete(session.participant.participantId);
    if (sessions.size === 0) this.#meetings.delete(session.meetingId);
  }

  countByState(): Record<Session['state'], number> {
    const counts = { connected: 0, away: 0, gone: 0 };
    for (const session of this.all()) counts[session.state] += 1;
    return counts;
  }
}
