import type { FleetEvent } from '../../lib/fleet-store.ts';
import { timeOfDay } from '../../lib/format.ts';

/** What has changed since this page was opened, newest first; new lines are read out. */
export function EventList({ events }: { readonly events: readonly FleetEvent[] }) {
  return (
    <>
      {events.length === 0 && <p className="muted">Nothing since this page was opened.</p>}
      <ul className="events" aria-live="polite" aria-relevant="additions">
        {events.map(({ id, atMs, text }) => (
          <li key={id}>
            <time dateTime={new Date(atMs).toISOString()}>{timeOfDay(atMs)}</time> <span>{text}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
