import type { ParticipantInfo } from '../protocol/values.ts';
import { Participants, type PresenceChange } from './participants.ts';
import type { RemoteStreams } from './remote-streams.ts';
import type { RemoteParticipantView } from './types.ts';

export interface RosterOptions {
  readonly streams: Pick<RemoteStreams, 'viewsOf' | 'attach' | 'participantGone'>;
  /** The participant itself is never in its own list. */
  readonly ownId: () => string | undefined;
  readonly onJoined: (participant: RemoteParticipantView) => void;
  readonly onLeft: (participant: RemoteParticipantView) => void;
  /** Once for all that changes within one task. */
  readonly onChanged: () => void;
}

/** The other participants as the SDK's user sees them: who is there, with their streams. */
export class Roster {
  readonly #options: RosterOptions;
  readonly #participants = new Participants();
  #views: ReadonlyMap<string, RemoteParticipantView> = new Map();
  #changePending = false;
  #expiry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  /** A new map after each change; a participant's view is the same object until something about them changes. */
  get views(): ReadonlyMap<string, RemoteParticipantView> {
    return this.#views;
  }

  displayName(participantId: string): string {
    return this.#participants.present.get(participantId)?.displayName ?? participantId;
  }

  /** What a leg's node says of everybody there. */
  legSays(legId: string, participants: readonly ParticipantInfo[]): void {
    this.#apply(this.#participants.legSays(legId, this.#others(participants)));
  }

  legClosed(legId: string): void {
    this.#apply(this.#participants.legClosed(legId, performance.now()));
  }

  joined(legId: string, participant: ParticipantInfo): void {
    for (const info of this.#others([participant])) this.#apply(this.#participants.joined(legId, info));
  }

  left(legId: string, participantId: string): void {
    this.#apply(this.#participants.left(legId, participantId));
  }

  /** Something about somebody's streams is different. */
  changed(): void {
    if (this.#changePending) return;
    this.#changePending = true;
    queueMicrotask(() => {
      this.#changePending = false;
      if (this.#closed) return;
      this.#rebuild();
      this.#options.onChanged();
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#expiry);
    this.#views = new Map();
  }

  #others(participants: readonly ParticipantInfo[]): ParticipantInfo[] {
    return participants.filter(({ participantId }) => participantId !== this.#options.ownId());
  }

  #apply({ joined, left }: PresenceChange): void {
    if (this.#closed) return;
    const leaving = left.flatMap(({ participantId }) => this.#views.get(participantId) ?? []);
    for (const { participantId } of left) this.#options.streams.participantGone(participantId);
    this.#rebuild();
    for (const { participantId } of joined) {
      const view = this.#views.get(participantId);
      if (view) this.#options.onJoined(view);
    }
    for (const view of leaving) this.#options.onLeft(view);
    if (joined.length + left.length > 0) this.changed();
    this.#scheduleExpiry();
  }

  #scheduleExpiry(): void {
    clearTimeout(this.#expiry);
    const { nextExpiryMs } = this.#participants;
    if (nextExpiryMs === undefined || this.#closed) return;
    const expire = () => this.#apply(this.#participants.expire(performance.now()));
    this.#expiry = setTimeout(expire, Math.max(0, nextExpiryMs - performance.now()));
  }

  #rebuild(): void {
    const views = new Map<string, RemoteParticipantView>();
    for (const [id, { displayName }] of this.#participants.present) {
      const streams = this.#options.streams.viewsOf(id);
      const known = this.#views.get(id);
      const same = known?.streams === streams && known.displayName === displayName;
      views.set(id, same ? known : this.#view(id, displayName, streams));
    }
    this.#views = views;
  }

  #view(id: string, displayName: string, streams: RemoteParticipantView['streams']): RemoteParticipantView {
    return {
      id,
      displayName,
      streams,
      attach: (source, container) => this.#options.streams.attach({ participantId: id, source }, container),
    };
  }
}
