import type { ParticipantInfo } from '../protocol/values.ts';

/** What a change meant for the people in the meeting. */
export interface PresenceChange {
  readonly joined: readonly ParticipantInfo[];
  readonly left: readonly ParticipantInfo[];
}

/** How long somebody whose leg's node is gone is awaited on another one. */
const GRACE_MS = 10_000;

/**
 * Who is in the meeting, merged over all open legs: present while on any of them. When a leg closes because the
 * meeting moves or its node is lost, those it alone knew are awaited elsewhere for a while before they count as gone.
 * Pure: the clock is passed in.
 */
export class Participants {
  readonly #legs = new Map<string, Map<string, ParticipantInfo>>();
  readonly #awaited = new Map<string, { readonly info: ParticipantInfo; readonly untilMs: number }>();
  #present: ReadonlyMap<string, ParticipantInfo> = new Map();

  get present(): ReadonlyMap<string, ParticipantInfo> {
    return this.#present;
  }

  /** When `expire` has something to do next. */
  get nextExpiryMs(): number | undefined {
    const times = [...this.#awaited.values()].map(({ untilMs }) => untilMs);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** What a leg's node says of everybody there: when the leg opens, and in a snapshot. */
  legSays(legId: string, participants: readonly ParticipantInfo[]): PresenceChange {
    this.#legs.set(legId, new Map(participants.map((info) => [info.participantId, info])));
    return this.#merge();
  }

  joined(legId: string, info: ParticipantInfo): PresenceChange {
    this.#legs.get(legId)?.set(info.participantId, info);
    return this.#merge();
  }

  left(legId: string, participantId: string): PresenceChange {
    this.#legs.get(legId)?.delete(participantId);
    this.#awaited.delete(participantId);
    return this.#merge();
  }

  legClosed(legId: string, nowMs: number): PresenceChange {
    const there = this.#legs.get(legId);
    this.#legs.delete(legId);
    for (const info of there?.values() ?? []) {
      this.#awaited.set(info.participantId, { info, untilMs: nowMs + GRACE_MS });
    }
    return this.#merge();
  }

  expire(nowMs: number): PresenceChange {
    for (const [id, { untilMs }] of this.#awaited) {
      if (untilMs <= nowMs) this.#awaited.delete(id);
    }
    return this.#merge();
  }

  #merge(): PresenceChange {
    const present = new Map<string, ParticipantInfo>();
    for (const there of this.#legs.values()) {
      for (const info of there.values()) present.set(info.participantId, info);
    }
    for (const [id, { info }] of this.#awaited) {
      if (present.has(id)) this.#awaited.delete(id);
      else present.set(id, info);
    }
    const before = this.#present;
    this.#present = present;
    return {
      joined: [...present.values()].filter(({ participantId }) => !before.has(participantId)),
      left: [...before.values()].filter(({ participantId }) => !present.has(participantId)),
    };
  }
}
