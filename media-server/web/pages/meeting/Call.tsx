import { useCallback, useEffect, useState } from 'react';
import type { LeaveReason } from '../../../client/types.ts';
import { CopyLink } from '../../components/CopyLink.tsx';
import { StepHeading } from '../../components/StepHeading.tsx';
import { people as peopleCount } from '../../lib/format.ts';
import type { LocalMedia } from '../../lib/local-media.ts';
import { onStage } from '../../lib/people.ts';
import type { Remembered } from '../../lib/remembered.ts';
import { useView } from '../../lib/use-view.ts';
import { type CallDialog, CallDialogs } from './CallDialogs.tsx';
import { Controls } from './Controls.tsx';
import type { Attendance } from './enter-meeting.ts';
import { Messages } from './Messages.tsx';
import { People } from './People.tsx';
import { Stage } from './Stage.tsx';
import { useOwnControls } from './use-own-controls.ts';
import { useShortcuts } from './use-shortcuts.ts';
import './call.css';

interface CallProps {
  readonly attendance: Attendance;
  readonly media: LocalMedia;
  /** What to give to others; undefined: only the application can let them in. */
  readonly link: string | undefined;
  readonly remembered: Remembered;
  readonly onLeft: (reason: LeaveReason) => void;
}

/** The meeting itself. */
export function Call({ attendance, media, link, remembered, onLeft }: CallProps) {
  const { meeting } = attendance.store;
  const view = useView(attendance.store);
  const [stagedId, setStagedId] = useState<string>();
  const [dialog, setDialog] = useState<CallDialog>();
  const [shortcutsOn, setShortcutsOn] = useState(() => remembered.get('shortcuts') !== 'off');
  const controls = useOwnControls(media);

  useEffect(() => {
    if (view.left !== undefined) onLeft(view.left);
  }, [view.left, onLeft]);

  useShortcuts(shortcutsOn && dialog === undefined, {
    m: controls.toggleMicrophone,
    v: controls.toggleCamera,
    s: controls.toggleScreen,
    '?': useCallback(() => setDialog('help'), []),
  });

  const keepShortcuts = (on: boolean) => {
    setShortcutsOn(on);
    remembered.set('shortcuts', on ? undefined : 'off');
  };

  const staged = onStage(view.people, stagedId);
  // While the connection is disturbed nobody knows who is there.
  const alone = view.people.length === 0 && view.state === 'connected';
  return (
    <div className="call">
      <header className="call-header">
        <div className="call-title">
          <StepHeading>{meeting.id}</StepHeading>
          <p className="muted">{peopleCount(view.people.length + 1)}</p>
        </div>
        {link !== undefined && view.people.length > 0 && <CopyLink link={link} />}
      </header>
      <main className="call-main">
        <Messages attendance={attendance} media={media} />
        <div className={staged === undefined ? 'call-area' : 'call-area call-area-staged'}>
          {staged !== undefined && <Stage key={staged.key} person={staged} />}
          {alone && <Alone link={link} />}
          <People
            people={view.people}
            ownName={meeting.self.displayName}
            media={media}
            compact={staged !== undefined}
            stagedId={staged?.id}
            onEnlarge={setStagedId}
          />
        </div>
      </main>
      <footer className="call-footer">
        <Controls
          controls={controls}
          keys={shortcutsOn}
          onDialog={setDialog}
          onLeave={() => void meeting.leave()}
        />
      </footer>
      <CallDialogs
        dialog={dialog}
        media={media}
        shortcutsOn={shortcutsOn}
        onShortcuts={keepShortcuts}
        onClose={() => setDialog(undefined)}
      />
    </div>
  );
}

function Alone({ link }: { readonly link: string | undefined }) {
  return (
    <section className="call-alone" aria-labelledby="alone">
      <h2 id="alone">Nobody else is here yet</h2>
      {link === undefined ? (
        <p className="muted">The others come in through the same application as you.</p>
      ) : (
        <>
          <p className="muted">Give this link to those you want to meet.</p>
          <CopyLink link={link} />
        </>
      )}
    </section>
  );
}
