import type { MediaSource } from '../protocol/index.ts';

/** Who is in the meeting on the old node right now, and what each one is sending. */
export interface TallyParticipant {
  readonly participantId: string;
  /** Its gateway is connected: it can be told. */
  readonly reachable: boolean;
  /** Sources that are published and not muted. */
  readonly sending: readonly MediaSource[];
}

/**
 * Keeps count of a handover: it may be committed once everybody has published on the new leg and takes every stream that
 * flows from there. Muted, closed and departed ones count as done, because what is expected is read
 * from the meeting as it is at each moment.
 */
export class HandoverTally {
  readonly #published = new Set<string>();
  readonly #switched = new Set<string>();

  published(participantId: string): void {
    this.#published.add(participantId);
  }

  switched(participantId: string, from: string, source: MediaSource): void {
    this.#switched.add(key(participantId, from, source));
  }

  hasPublished(participantId: string): boolean {
    return this.#published.has(participantId);
  }

  /** What is still to happen, in words for the log; empty: commit. */
  missing(people: readonly TallyParticipant[]): string[] {
    const missing: string[] = [];
    for (const receiver of people) {
      // Its gateway is gone. It will resume, and until then both of its legs must stand.
      if (!receiver.reachable) {
        missing.push(`${receiver.participantId} to come back`);
        continue;
      }
      if (!this.#published.has(receiver.participantId)) missing.push(`${receiver.participantId} to publish`);
      for (const sender of people) {
        if (sender === receiver) continue;
        // An unreachable sender is on the old leg only, so nobody can switch to its new one.
        if (!sender.reachable) continue;
        for (const source of sender.sending) {
          if (!this.#switched.has(key(receiver.participantId, sender.participantId, source))) {
            missing.push(`${receiver.participantId} to switch ${sender.participantId}'s ${source}`);
          }
        }
      }
    }
    return missing;
  }
}

const key = (receiver: string, sender: string, source: MediaSource) => `${receiver}\n${sender}\n${source}`;
