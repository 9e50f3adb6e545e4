import { type FormEvent, useState } from 'react';
import { DevicePicker } from '../../components/DevicePicker.tsx';
import { Icon } from '../../components/Icon.tsx';
import { LevelMeter } from '../../components/LevelMeter.tsx';
import { Page } from '../../components/Page.tsx';
import { Problem } from '../../components/Problem.tsx';
import { SelfVideo } from '../../components/SelfVideo.tsx';
import { trackOf } from '../../lib/capture.ts';
import type { LocalMedia } from '../../lib/local-media.ts';
import { initials } from '../../lib/names.ts';
import { ownProblems } from '../../lib/own-problems.ts';
import { useView } from '../../lib/use-view.ts';
import { useOwnControls } from './use-own-controls.ts';
import './lobby.css';

interface LobbyProps {
  readonly meetingId: string;
  /** undefined: the application has said who this is. */
  readonly name: string | undefined;
  readonly media: LocalMedia;
  readonly onJoin: (name: string) => void;
}

/** Before the meeting: how one looks, whether one is heard, and under which name. */
export function Lobby({ meetingId, name, media, onJoin }: LobbyProps) {
  const own = useView(media);
  const { microphone, camera } = own;
  const { microphoneOn, cameraOn, toggleMicrophone, toggleCamera } = useOwnControls(media);
  const [chosen, setChosen] = useState(name ?? '');
  const cameraTrack = trackOf(camera);
  const microphoneTrack = microphoneOn ? trackOf(microphone) : undefined;
  const problems = ownProblems(own);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    onJoin(chosen.trim());
  };

  return (
    <Page width="form">
      <div className="lobby">
        <h1>Ready to join {meetingId}?</h1>
        <section className="lobby-preview" aria-label="Your camera and microphone">
          <div className="lobby-picture">
            {cameraTrack === undefined ? (
              <p className="lobby-no-picture">
                <span className="lobby-initials" aria-hidden="true">
                  {initials(chosen)}
                </span>
                {camera.state === 'starting' ? 'Your camera is starting…' : 'Your camera is off'}
              </p>
            ) : (
              <SelfVideo track={cameraTrack} label="How the others will see you" />
            )}
          </div>
          <LevelMeter track={microphoneTrack} />
          <div className="actions">
            <button type="button" className="button" onClick={toggleMicrophone}>
              <Icon name={microphoneOn ? 'microphone' : 'microphone-off'} />
              {microphoneOn ? 'Mute microphone' : 'Unmute microphone'}
            </button>
            <button type="button" className="button" onClick={toggleCamera}>
              <Icon name={cameraOn ? 'camera' : 'camera-off'} />
              {cameraOn ? 'Stop camera' : 'Start camera'}
            </button>
          </div>
        </section>
        <form className="lobby-form fields" onSubmit={submit}>
          {problems.length > 0 && (
            <div className="fields" role="status">
              {problems.map(({ words }) => (
                <Problem key={words.title} problem={words} />
              ))}
            </div>
          )}
          {name === undefined ? (
            <p className="muted">The application that sent you here has given your name already.</p>
          ) : (
            <label className="field">
              <span>Your name</span>
              <input
                value={chosen}
                onChange={(event) => setChosen(event.target.value)}
                required
                pattern=".*\S.*"
                title="The name the others will see"
                maxLength={80}
                autoComplete="name"
              />
            </label>
          )}
          <button type="submit" className="button button-primary">
            Join
          </button>
          <DevicePicker media={media} />
        </form>
      </div>
    </Page>
  );
}
