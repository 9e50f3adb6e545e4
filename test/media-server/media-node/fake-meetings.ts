import type {
  DrainedMeeting,
  DrainedMeetings,
  MeetingMove,
} from '@holdfast/media-server/media-node/evacuation.ts';
import type { HandoverOutcome } from '@holdfast/media-server/media-node/handover.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';

interface FakeMeeting extends DrainedMeeting {
  role: 'home' | 'incoming' | 'outgoing';
  legs: Map<string, { link: unknown }>;
}

/** One attempt to move a meeting, which ends when a test says how. */
export class FakeMove implements MeetingMove {
  readonly meetingId: string;
  readonly said: unknown[] = [];
  options: Parameters<MeetingMove['run']>[0] | undefined;
  readonly #outcome = Promise.withResolvers<HandoverOutcome>();

  constructor(meetingId: string) {
    this.meetingId = meetingId;
  }

  run(options: Parameters<MeetingMove['run']>[0]): Promise<HandoverOutcome> {
    this.options = options;
    return this.#outcome.promise;
  }

  progress(params: unknown): void {
    this.said.push(params);
  }

  moved(target = 'n2'): void {
    this.#outcome.resolve({ type: 'moved', target, durationMs: 1, stragglers: 0 });
  }

  gone(): void {
    this.#outcome.resolve({ type: 'gone' });
  }

  failed(code: 'NO_CAPACITY' | 'CONNECTION_CLOSED' | 'NODE_UNREACHABLE', target?: string): void {
    this.#outcome.resolve({ type: 'failed', error: new HoldfastError(code, 'told to fail'), target });
  }

  broken(): void {
    this.#outcome.reject(new Error('told to break'));
  }
}

/** A node's meetings without media. */
export class FakeMeetings implements DrainedMeetings<FakeMeeting> {
  opening = 0;
  readonly participantCount = 0;
  readonly moves: FakeMove[] = [];
  readonly closed: string[] = [];
  readonly #meetings = new Map<string, FakeMeeting>();
  readonly #listeners: (() => void)[] = [];

  get all(): FakeMeeting[] {
    return [...this.#meetings.values()];
  }

  readonly move = ({ id }: FakeMeeting): FakeMove => {
    const move = new FakeMove(id);
    this.moves.push(move);
    return move;
  };

  get(meetingId: string): FakeMeeting | undefined {
    return this.#meetings.get(meetingId);
  }

  /** With one participant, whose gateway is connected. */
  add(id: string): FakeMeeting {
    const meeting: FakeMeeting = { id, role: 'home', legs: new Map([['ada', { link: {} }]]) };
    this.#meetings.set(id, meeting);
    this.changed();
    return meeting;
  }

  close(meeting: FakeMeeting): void {
    this.#meetings.delete(meeting.id);
    this.closed.push(meeting.id);
    this.changed();
  }

  endIfEmpty(meeting: FakeMeeting): boolean {
    if (meeting.legs.size > 0 || meeting.role === 'incoming') return false;
    this.close(meeting);
    return true;
  }

  on(_event: 'changed', listener: () => void): void {
    this.#listeners.push(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** The last attempt for this meeting. */
  last(meetingId: string): FakeMove {
    const move = this.moves.findLast((each) => each.meetingId === meetingId);
    if (!move) throw new Error(`${meetingId} was never moved`);
    return move;
  }
}
