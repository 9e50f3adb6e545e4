import { type FormEvent, useRef, useState } from 'react';
import { Page } from '../../components/Page.tsx';
import { meetingIdFrom, secureRandom, suggestMeetingName } from '../../lib/names.ts';
import type { Remembered } from '../../lib/remembered.ts';
import { meetingPath } from '../../lib/route.ts';
import { useTitle } from '../../lib/use-title.ts';
import './home.css';

/** Where people start: which meeting, and who they are. */
export function HomePage({ remembered }: { readonly remembered: Remembered }) {
  useTitle('');
  const [meeting, setMeeting] = useState(() => suggestMeetingName(secureRandom));
  const [name, setName] = useState(() => remembered.get('name') ?? '');
  const [refused, setRefused] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const id = meetingIdFrom(meeting);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setRefused(id === undefined);
    if (id === undefined) return field.current?.focus();
    remembered.set('name', name.trim());
    location.assign(meetingPath(id, name.trim()));
  };

  return (
    <Page>
      <h1>Meet, and stay in the meeting</h1>
      <p className="home-lead">
        Video meetings on your own servers. When a server has to go, the meeting moves to another one while
        you talk, and nobody in it notices.
      </p>
      <form className="card fields" onSubmit={submit}>
        <div className="field">
          <label htmlFor="meeting">Name of the meeting, or its link</label>
          <div className="home-meeting">
            <input
              id="meeting"
              ref={field}
              value={meeting}
              onChange={(event) => setMeeting(event.target.value)}
              aria-describedby="meeting-hint"
              aria-invalid={refused && id === undefined}
              autoCapitalize="none"
              autoComplete="off"
              spellCheck={false}
            />
            <button
              type="button"
              className="button"
              onClick={() => setMeeting(suggestMeetingName(secureRandom))}
            >
              Another name
            </button>
          </div>
          <p id="meeting-hint" className={refused && id === undefined ? 'field-error' : 'field-hint'}>
            {hint(meeting, id)}
          </p>
        </div>
        <label className="field">
          <span>Your name</span>
          <input
            value={name}
            onChange={(event) => setName(event.target.value)}
            maxLength={80}
            autoComplete="name"
          />
        </label>
        <button type="submit" className="button button-primary">
          Continue
        </button>
      </form>
      <p className="muted">
        Next you see your camera and microphone, before anybody else does. Your name is kept in this browser
        only.
      </p>
    </Page>
  );
}

function hint(meeting: string, id: string | undefined): string {
  if (id === undefined) return 'Give the meeting a name with at least one letter from a to z or one digit.';
  if (id !== meeting) return `The meeting will be called ${id}.`;
  return 'Everybody who gives this name comes to the same meeting.';
}
