import { Icon } from '../../components/Icon.tsx';
import { Problem } from '../../components/Problem.tsx';
import type { LocalMedia } from '../../lib/local-media.ts';
import type { CaptureSource } from '../../lib/media-problem.ts';
import { standingNotice } from '../../lib/notices.ts';
import { useView } from '../../lib/use-view.ts';
import type { Attendance } from './enter-meeting.ts';
import './messages.css';

const captures = ['camera', 'microphone', 'screen'] as const satisfies readonly CaptureSource[];

interface MessagesProps {
  readonly attendance: Attendance;
  readonly media: LocalMedia;
}

/** All that the call has to say: what happens to the meeting, and what the user can do about it. */
export function Messages({ attendance, media }: MessagesProps) {
  const { store, publisher } = attendance;
  const { state, notices, soundBlocked } = useView(store);
  const { problem } = useView(publisher);
  const own = useView(media);
  const standing = standingNotice(state);
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
      {captures.map((source) => {
        const capture = own[source];
        if (capture.state !== 'failed') return undefined;
        return <Problem key={source} problem={capture.problem} onDismiss={() => media.dismiss(source)} />;
      })}
      {problem !== undefined && <Problem problem={problem} onDismiss={() => publisher.dismiss()} />}
    </div>
  );
}
