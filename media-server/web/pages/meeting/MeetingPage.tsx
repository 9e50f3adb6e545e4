import { useEffect, useState } from 'react';
import { Page } from '../../components/Page.tsx';
import type { Api } from '../../lib/api.ts';
import { LocalMedia } from '../../lib/local-media.ts';
import { joinRefusal } from '../../lib/plain-words.ts';
import type { Remembered } from '../../lib/remembered.ts';
import { meetingPath } from '../../lib/route.ts';
import { useTitle } from '../../lib/use-title.ts';
import { Call } from './Call.tsx';
import { Joining } from './Joining.tsx';
import { LeftMeeting } from './LeftMeeting.tsx';
import { Lobby } from './Lobby.tsx';
import { Refused } from './Refused.tsx';
import { useVisit } from './use-visit.ts';

interface MeetingPageProps {
  readonly meetingId: string;
  readonly name: string;
  /** Skip the lobby, where the server allows links to do so. */
  readonly joinNow: boolean;
  readonly applicationToken: string | undefined;
  readonly api: Api;
  readonly remembered: Remembered;
}

/** One visit to one meeting, from the lobby to having left. */
export function MeetingPage({
  meetingId,
  name,
  joinNow,
  applicationToken,
  api,
  remembered,
}: MeetingPageProps) {
  useTitle(meetingId);
  const [media] = useState(() => new LocalMedia(navigator.mediaDevices, remembered));
  const [displayName, setDisplayName] = useState(() => name || (remembered.get('name') ?? ''));
  const byApplication = applicationToken !== undefined;
  const skipLobby = joinNow && (byApplication || displayName !== '');
  const entry = { api, media, meetingId, displayName, applicationToken };
  const { visit, join, joinWithoutDevices, left, back } = useVisit(
    { step: skipLobby ? 'arriving' : 'lobby' },
    entry,
  );

  const out = visit.step === 'left';
  useEffect(() => {
    if (out) return;
    void media.start();
    return () => media.close();
  }, [media, out]);

  const joinAs = (chosen: string) => {
    if (!byApplication) {
      setDisplayName(chosen);
      remembered.set('name', chosen);
    }
    join();
  };

  switch (visit.step) {
    case 'arriving':
      return (
        <Page>
          <p className="muted">Loading…</p>
        </Page>
      );
    case 'lobby':
      return (
        <Lobby
          meetingId={meetingId}
          name={byApplication ? undefined : displayName}
          media={media}
          onJoin={joinAs}
        />
      );
    case 'joining':
      return <Joining meetingId={meetingId} media={media} onSkipDevices={joinWithoutDevices} />;
    case 'waiting':
      return (
        <Refused
          words={joinRefusal(visit.error, byApplication)}
          retryAtMs={visit.retryAtMs}
          onRetry={join}
          onBack={back}
        />
      );
    case 'refused':
      return (
        <Refused
          words={joinRefusal(visit.error, byApplication)}
          retryAtMs={undefined}
          onRetry={join}
          onBack={back}
        />
      );
    case 'in':
      return (
        <Call
          attendance={visit.attendance}
          media={media}
          // Who came through an application can be followed only through it: the bare address would not let others in.
          link={byApplication ? undefined : `${location.origin}${meetingPath(meetingId)}`}
          remembered={remembered}
          onLeft={left}
        />
      );
    case 'left':
      return <LeftMeeting meetingId={meetingId} reason={visit.reason} onRejoin={join} />;
  }
}
