import { useState } from 'react';
import type { PathView } from '../../../client/types.ts';
import { Icon } from '../../components/Icon.tsx';
import { Problem } from '../../components/Problem.tsx';
import type { LocalMedia } from '../../lib/local-media.ts';
import { networkProblem } from '../../lib/network-words.ts';
import { standingNotice } from '../../lib/notices.ts';
import { ownProblems } from '../../lib/own-problems.ts';
import { useView } from '../../lib/use-view.ts';
import type { Attendance } from './enter-meeting.ts';
import './messages.css';

interface MessagesProps {
  readonly attendance: Attendance;
  readonly media: LocalMedia;
}

/** All that the call has to say: what happens to the meeting, and what the user can do about it. */
export function Messages({ attendance, media }: MessagesProps) {
  const { store, publisher } = attendance;
  const { state, long, notices, soundBlocked, path } = useView(store);
  const [readQuality, setReadQuality] = useState<PathView['quality']>();
  const network = path.quality === readQuality ? undefined : networkProblem(path);
  const { problem } = useView(publisher);
  const own = useView(media);
  const standing = standingNotice(state, long);
  return (
    <div className="messages" aria-live="polite">
      <div className="messages-passing">
        {standing !== undefined && (
          <p className="notice notice-standing">
            <span className="notice-pulse" aria-hidden="true" />
            {standing}
          </p>
        )}
        {notices.map(({ id, text, tone }) => (
          <p key={id} className={`notice notice-${tone}`}>
            {tone === 'good' && <Icon name="check" />}
            {text}
          </p>
        ))}
      </div>
      {soundBlocked && (
        <button
          type="button"
          className="button button-primary messages-sound"
          onClick={() => void store.meeting.resumeSound()}
        >
          <Icon name="sound" />
          Click to turn on sound
        </button>
      )}
      {network !== undefined && (
        <Problem problem={network} onDismiss={() => setReadQuality(path.quality)}>
          <p>
            <a href="/check" target="_blank" rel="noopener">
              Try out this network
            </a>
          </p>
        </Problem>
      )}
      {ownProblems(own).map(({ sources, words }) => (
        <Problem key={words.title} problem={words} onDismiss={() => media.dismiss(sources)} />
      ))}
      {problem !== undefined && <Problem problem={problem} onDismiss={() => publisher.dismiss()} />}
    </div>
  );
}
