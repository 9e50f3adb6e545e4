import { useCallback, useEffect, useState } from 'react';
import { Page } from '../../components/Page.tsx';
import { Problem } from '../../components/Problem.tsx';
import type { Api } from '../../lib/api.ts';
import { LocalMedia } from '../../lib/local-media.ts';
import { secureRandom, suggestMeetingName } from '../../lib/names.ts';
import { NetworkCheck } from '../../lib/network-check.ts';
import type { Remembered } from '../../lib/remembered.ts';
import { testPicture } from '../../lib/test-picture.ts';
import { useTitle } from '../../lib/use-title.ts';
import { useView } from '../../lib/use-view.ts';
import { OwnDevices } from './OwnDevices.tsx';
import { PathTable } from './PathTable.tsx';
import { QualityFacts } from './QualityFacts.tsx';
import { VerdictBox } from './VerdictBox.tsx';
import './check.css';

interface CheckPageProps {
  readonly api: Api;
  /** Handed over by an application: it lets one participant in, once. */
  readonly applicationToken: string | undefined;
  readonly remembered: Remembered;
}

/** What this network and this computer can do, before it matters. */
export function CheckPage({ api, applicationToken, remembered }: CheckPageProps) {
  useTitle('Check');
  const [check] = useState(() => networkCheck(api, applicationToken));
  const [media] = useState(() => new LocalMedia(navigator.mediaDevices, remembered));
  const [runs, setRuns] = useState(0);
  const view = useView(check);
  useEffect(() => () => media.close(), [media]);
  useEffect(() => {
    if (runs === 0) return;
    const ending = new AbortController();
    // It rejects only when it is aborted.
    check.run(ending.signal).catch(() => {});
    return () => ending.abort(new Error('the page was left'));
  }, [check, runs]);
  const start = useCallback(() => setRuns((before) => before + 1), []);
  const running = view.state === 'running';

  return (
    <Page>
      <h1>Check this network</h1>
      <p className="muted">
        Tries how sound and picture get from here to the server and back. Takes about 20 seconds; what is sent
        meanwhile is made up, not from your camera.
      </p>
      <div className="actions">
        <button type="button" className="button button-primary" onClick={start} disabled={running}>
          {view.state === 'waiting' ? 'Start' : running ? 'Trying…' : 'Try again'}
        </button>
      </div>
      <div className="check-results" role="status">
        {view.problem !== undefined && <Problem problem={view.problem} />}
        {view.state === 'done' && view.problem === undefined && <VerdictBox view={view} />}
        {view.joinMs !== null && <p>The server answers: it let this page in after {view.joinMs} ms.</p>}
        {view.paths.length > 0 && <PathTable paths={view.paths} />}
        {view.quality !== undefined && <QualityFacts quality={view.quality} />}
      </div>
      <OwnDevices media={media} />
    </Page>
  );
}

function networkCheck(api: Api, applicationToken: string | undefined): NetworkCheck {
  const meetingId = `check-${suggestMeetingName(secureRandom)}`;
  const newToken = async (signal: AbortSignal) => (await api.join(meetingId, 'Network check', signal)).token;
  return new NetworkCheck({
    join: async (options) => (await import('../../../client/index.ts')).joinMeeting(options),
    token: applicationToken === undefined ? newToken : async () => applicationToken,
    once: applicationToken !== undefined,
    picture: testPicture,
    now: () => performance.now(),
    wait,
  });
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
