import type { LeaveReason, MeetingHandle, MeetingState, PathView } from '../../client/types.ts';
import {
  endingNotice,
  joinedNotice,
  leftNotice,
  moveNotice,
  type Notice,
  type NoticeText,
  withNotice,
} from './notices.ts';
import { type Person, personOf } from './people.ts';
import { Signal } from './signal.ts';

export interface MeetingView {
  readonly state: MeetingState;
  /** The state has lasted for a while. */
  readonly long: boolean;
  readonly people: readonly Person[];
  readonly soundBlocked: boolean;
  /** How sound and picture get here and away. */
  readonly path: PathView;
  readonly notices: readonly Notice[];
  readonly left: LeaveReason | undefined;
}

const LONG_MS = 10_000;

/** Turns a meeting's events into one view that React can watch. Made right after joining, so that no event is missed. */
export class MeetingStore {
  readonly meeting: MeetingHandle;
  readonly #view: Signal<MeetingView>;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #off: readonly (() => void)[];
  /** How often somebody has left, by id. */
  readonly #departures = new Map<string, number>();
  #lastNoticeId = 0;
  #untilLong: ReturnType<typeof setTimeout> | undefined;

  constructor(meeting: MeetingHandle) {
    this.meeting = meeting;
    this.#view = new Signal({
      state: meeting.state,
      long: false,
      people: this.#people(),
      soundBlocked: meeting.soundBlocked,
      path: meeting.path,
      notices: [],
      left: undefined,
    });
    this.#off = [
      meeting.on('stateChanged', (state) => this.#stateChanged(state)),
      meeting.on('pathChanged', (path) => this.#update({ path })),
      meeting.on('participantsChanged', () => this.#update({ people: this.#people() })),
      meeting.on('participantJoined', ({ displayName }) => this.#say(joinedNotice(displayName))),
      meeting.on('participantLeft', ({ id, displayName }) => this.#departed(id, displayName)),
      meeting.on('soundBlocked', (soundBlocked) => this.#update({ soundBlocked })),
      meeting.on('moveFinished', ({ reason }) => this.#say(moveNotice(reason))),
      meeting.on('left', (left) => this.#update({ left })),
    ];
  }

  get view(): MeetingView {
    return this.#view.value;
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#view.subscribe(listener);

  close(): void {
    for (const off of this.#off) off();
    clearTimeout(this.#untilLong);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #people(): readonly Person[] {
    const { participants } = this.meeting;
    return [...participants.values()].map((one) => personOf(one, this.#departures.get(one.id) ?? 0));
  }

  #departed(id: string, displayName: string): void {
    this.#departures.set(id, (this.#departures.get(id) ?? 0) + 1);
    this.#say(leftNotice(displayName));
  }

  #stateChanged(state: MeetingState): void {
    const previous = this.view.state;
    this.#update({ state, long: false });
    clearTimeout(this.#untilLong);
    this.#untilLong = setTimeout(() => this.#update({ long: true }), LONG_MS);
    this.#say(endingNotice(previous, state));
  }

  #say(text: NoticeText | undefined): void {
    if (text === undefined) return;
    this.#lastNoticeId += 1;
    const notice = { ...text, id: this.#lastNoticeId };
    this.#update({ notices: withNotice(this.view.notices, notice) });
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#update({ notices: this.view.notices.filter(({ id }) => id !== notice.id) });
    }, notice.forMs);
    this.#timers.add(timer);
  }

  #update(change: Partial<MeetingView>): void {
    this.#view.set({ ...this.#view.value, ...change });
  }
}
