import { useState } from 'react';
import { DevicePicker } from '../../components/DevicePicker.tsx';
import { LevelMeter } from '../../components/LevelMeter.tsx';
import { Problem } from '../../components/Problem.tsx';
import { SelfVideo } from '../../components/SelfVideo.tsx';
import { trackOf } from '../../lib/capture.ts';
import type { LocalMedia } from '../../lib/local-media.ts';
import { ownProblems } from '../../lib/own-problems.ts';
import { useView } from '../../lib/use-view.ts';

/** Camera and microphone, tried when somebody wants to. */
export function OwnDevices({ media }: { readonly media: LocalMedia }) {
  const own = useView(media);
  const [asked, setAsked] = useState(false);
  const camera = trackOf(own.camera);
  const start = () => {
    setAsked(true);
    void media.start();
  };
  return (
    <section aria-labelledby="devices">
      <h2 id="devices">Camera and microphone</h2>
      {!asked ? (
        <>
          <p className="muted">
            The browser will ask whether this page may use them. Nobody else sees or hears you.
          </p>
          <button type="button" className="button" onClick={start}>
            Try camera and microphone
          </button>
        </>
      ) : (
        <div className="fields">
          <div role="status">
            {ownProblems(own).map(({ words }) => (
              <Problem key={words.title} problem={words} />
            ))}
          </div>
          {camera !== undefined && (
            <div className="check-picture">
              <SelfVideo track={camera} label="Your own picture" />
            </div>
          )}
          <LevelMeter track={trackOf(own.microphone)} />
          <DevicePicker media={media} />
        </div>
      )}
    </section>
  );
}
