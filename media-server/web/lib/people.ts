import type { RemoteParticipantView } from '../../client/types.ts';

/** One remote participant, as the tiles show them. */
export interface Person {
  /** Of this presence: somebody who leaves and comes back has another one. */
  readonly key: string;
  readonly id: string;
  readonly name: string;
  readonly participant: RemoteParticipantView;
  readonly muted: boolean;
  readonly camera: boolean;
  readonly screen: boolean;
}

export function personOf(participant: RemoteParticipantView, presence: number): Person {
  const active = (source: 'microphone' | 'camera' | 'screen') =>
    participant.streams.get(source)?.active === true;
  return {
    key: `${participant.id} ${presence}`,
    id: participant.id,
    name: participant.displayName,
    participant,
    muted: !active('microphone'),
    camera: active('camera'),
    screen: active('screen'),
  };
}

/** Whose screen is on the large stage: the chosen one, as long as it is shared, else the first that is. */
export function onStage(people: readonly Person[], chosenId: string | undefined): Person | undefined {
  const sharing = people.filter((person) => person.screen);
  return sharing.find((person) => person.id === chosenId) ?? sharing[0];
}
