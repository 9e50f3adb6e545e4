import { isolated } from '../../lib/names.ts';
import type { Person } from '../../lib/people.ts';
import { RemoteVideo } from './RemoteVideo.tsx';

/** The large place for a shared screen. */
export function Stage({ person }: { readonly person: Person }) {
  return (
    <section className="stage" aria-label={`${isolated(person.name)}'s screen`}>
      <RemoteVideo participant={person.participant} source="screen" />
      <p className="tile-label">{isolated(person.name)}'s screen</p>
    </section>
  );
}
