import type {
  LocalSourceView,
  MeetingEvents,
  MeetingHandle,
  MeetingState,
  PathView,
  RemoteParticipantView,
} from '../../media-server/client/types.ts';
import type { MediaSource } from '../../media-server/protocol/values.ts';

type Listener<E extends keyof MeetingEvents> = MeetingEvents[E];
type Listeners = { [E in keyof MeetingEvents]: Set<Listener<E>> };

/** A meeting of which the test says what happens in it. */
export class FakeMeeting implements MeetingHandle {
  readonly id = 'm';
  readonly self = { id: 'me', displayName: 'Me' };
  state: MeetingState = 'connected';
  soundBlocked = false;
  path: PathView = { path: undefined, quality: 'unknown' };
  readonly participants = new Map<string, RemoteParticipantView>();
  readonly local = new Map<MediaSource, LocalSourceView>();
  /** What was asked of the meeting. */
  readonly log: string[] = [];
  readonly listeners: Listeners = {
    stateChanged: new Set(),
    pathChanged: new Set(),
    participantsChanged: new Set(),
    participantJoined: new Set(),
    participantLeft: new Set(),
    localChanged: new Set(),
    soundBlocked: new Set(),
    moveStarted: new Set(),
    moveFinished: new Set(),
    streamSwitched: new Set(),
    left: new Set(),
  };

  on<E extends keyof MeetingEvents>(event: E, listener: MeetingEvents[E]): () => void {
    this.listeners[event].add(listener);
    return () => this.listeners[event].delete(listener);
  }

  get listening(): number {
    return Object.values(this.listeners).reduce((sum, { size }) => sum + size, 0);
  }

  enter(state: MeetingState): void {
    this.state = state;
    for (const listener of this.listeners.stateChanged) listener(state);
  }

  goBy(path: PathView): void {
    this.path = path;
    for (const listener of this.listeners.pathChanged) listener(path);
  }

  come(id: string, ...active: readonly MediaSource[]): void {
    const streams = new Map(active.map((source) => [source, { source, active: true }]));
    const participant = { id, displayName: id, streams, attach: () => () => {} };
    this.participants.set(id, participant);
    for (const listener of this.listeners.participantJoined) listener(participant);
    for (const listener of this.listeners.participantsChanged) listener();
  }

  go(id: string): void {
    const participant = this.participants.get(id);
    if (participant === undefined) return;
    this.participants.delete(id);
    for (const listener of this.listeners.participantLeft) listener(participant);
    for (const listener of this.listeners.participantsChanged) listener();
  }

  async publish(source: MediaSource, track: MediaStreamTrack, { muted = false } = {}): Promise<void> {
    this.log.push(`publish ${source} ${track.id}${muted ? ' muted' : ''}`);
  }

  async unpublish(source: MediaSource): Promise<void> {
    this.log.push(`unpublish ${source}`);
  }

  async setMuted(source: MediaSource, muted: boolean): Promise<void> {
    this.log.push(`setMuted ${source} ${muted}`);
  }

  async resumeSound(): Promise<void> {}

  async diagnostics() {
    return { state: this.state, legs: [], streams: [], switches: [] };
  }

  async leave(): Promise<void> {
    this.log.push('leave');
  }
}
