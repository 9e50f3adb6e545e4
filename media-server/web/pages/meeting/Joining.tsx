import { Page } from '../../components/Page.tsx';
import { StepHeading } from '../../components/StepHeading.tsx';
import type { LocalMedia } from '../../lib/local-media.ts';
import { useView } from '../../lib/use-view.ts';

interface JoiningProps {
  readonly meetingId: string;
  readonly media: LocalMedia;
  readonly onSkipDevices: () => void;
}

export function Joining({ meetingId, media, onSkipDevices }: JoiningProps) {
  const { microphone, camera } = useView(media);
  const starting = microphone.state === 'starting' || camera.state === 'starting';
  return (
    <Page>
      <StepHeading>Joining {meetingId}…</StepHeading>
      {starting && (
        <>
          <p>
            Your camera and microphone are being started. If the browser asks whether it may use them, please
            answer.
          </p>
          <button type="button" className="button" onClick={onSkipDevices}>
            Join without them
          </button>
        </>
      )}
    </Page>
  );
}
