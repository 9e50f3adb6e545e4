import { type RefCallback, useCallback, useMemo, useSyncExternalStore } from 'react';
import type { MediaSource } from '../protocol/values.ts';
import type {
  LocalSourceView,
  MeetingEvents,
  MeetingHandle,
  MeetingState,
  RemoteParticipantView,
} from './types.ts';

/** What a component renders of a meeting; the same object until something in it changes. */
export interface MeetingSnapshot {
  readonly state: MeetingState;
  readonly participants: ReadonlyMap<string, RemoteParticipantView>;
  readonly local: ReadonlyMap<MediaSource, LocalSourceView>;
  readonly soundBlocked: boolean;
}

const CHANGES: readonly (keyof MeetingEvents)[] = [
  'stateChanged',
  'participantsChanged',
  'localChanged',
  'soundBlocked',
];

/** Renders again whenever the meeting changes. */
export function useMeeting(meeting: MeetingHandle): MeetingSnapshot {
  const { subscribe, snapshot } = useMemo(() => storeOf(meeting), [meeting]);
  return useSyncExternalStore(subscribe, snapshot);
}

/** A ref for the container in which a participant's picture is shown. It stays attached while the picture changes legs. */
export function useAttach(
  meeting: MeetingHandle,
  participantId: string,
  source: 'camera' | 'screen',
): RefCallback<HTMLElement> {
  return useCallback(
    (container: HTMLElement | null) => {
      const participant = meeting.participants.get(participantId);
      if (!container || !participant) return;
      return participant.attach(source, container);
    },
    [meeting, participantId, source],
  );
}

function storeOf(meeting: MeetingHandle) {
  let last = read(meeting);
  return {
    subscribe: (listener: () => void) => {
      const off = CHANGES.map((event) => meeting.on(event, listener));
      return () => {
        for (const stop of off) stop();
      };
    },
    // React compares by identity, so the last one is given out until it is outdated.
    snapshot: (): MeetingSnapshot => {
      const now = read(meeting);
      if (!same(last, now)) last = now;
      return last;
    },
  };
}

const read = ({ state, participants, local, soundBlocked }: MeetingHandle): MeetingSnapshot => ({
  state,
  participants,
  local,
  soundBlocked,
});

const same = (a: MeetingSnapshot, b: MeetingSnapshot): boolean =>
  a.state === b.state &&
  a.participants === b.participants &&
  a.local === b.local &&
  a.soundBlocked === b.soundBlocked;
