import type { Api } from '../../lib/api.ts';
import { trackOf } from '../../lib/capture.ts';
import type { LocalMedia } from '../../lib/local-media.ts';
import { LocalPublisher } from '../../lib/local-publisher.ts';
import { MeetingStore } from '../../lib/meeting-store.ts';
import { offerToSupport } from '../../lib/support.ts';

/** Being in a meeting: what comes from it and what goes to it. */
export interface Attendance {
  readonly store: MeetingStore;
  readonly publisher: LocalPublisher;
}

export interface EnterOptions {
  readonly api: Api;
  readonly media: LocalMedia;
  readonly meetingId: string;
  readonly displayName: string;
  readonly applicationToken: string | undefined;
  /** Aborted when waiting for camera and microphone has lasted long enough; they follow later if they come. */
  readonly patience: AbortSignal;
  readonly signal: AbortSignal;
}

/** Gets a token, waits for the devices and joins. */
export async function enterMeeting(options: EnterOptions): Promise<Attendance> {
  const { media, signal } = options;
  const [sdk, token] = await Promise.all([
    import('../../../client/index.ts'),
    tokenFor(options),
    Promise.race([media.start(), aborted(options.patience)]),
  ]);
  const published = media.view;
  const microphone = trackOf(published.microphone);
  const camera = trackOf(published.camera);
  // A token is good for one entry. Where the page gets them itself there is another one for the next.
  let unused: string | undefined = token;
  const nextToken = async () => {
    const first = unused;
    unused = undefined;
    return first ?? tokenFor(options);
  };
  const meeting = await sdk.joinMeeting({
    token: options.applicationToken === undefined ? nextToken : token,
    tracks: {
      ...(microphone === undefined ? {} : { microphone }),
      ...(camera === undefined ? {} : { camera }),
    },
    muted: { microphone: published.muted },
    signal,
  });
  const store = new MeetingStore(meeting);
  offerToSupport(meeting);
  return { store, publisher: new LocalPublisher(meeting, media, published) };
}

async function tokenFor({
  api,
  meetingId,
  displayName,
  applicationToken,
  signal,
}: EnterOptions): Promise<string> {
  if (applicationToken !== undefined) return applicationToken;
  return (await api.join(meetingId, displayName, signal)).token;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
