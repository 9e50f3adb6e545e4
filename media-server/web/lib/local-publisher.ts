import type { MeetingHandle } from '../../client/types.ts';
import { toHoldfastError } from '../../protocol/errors.ts';
import type { MediaSource } from '../../protocol/values.ts';
import { trackOf } from './capture.ts';
import type { LocalMedia, LocalMediaView } from './local-media.ts';
import type { PlainWords } from './plain-words.ts';
import { Signal } from './signal.ts';
import { SourceSync, type WantedSource } from './source-sync.ts';

type Wanted = Readonly<Record<MediaSource, WantedSource>>;
const sources = ['microphone', 'camera', 'screen', 'screen-audio'] as const satisfies readonly MediaSource[];

export interface LocalPublisherView {
  /** What of the own sources others do not get, though it runs here. */
  readonly problem: PlainWords | undefined;
}

/** Publishes in a meeting whatever camera, microphone and screen give, from joining to leaving. */
export class LocalPublisher {
  readonly #media: LocalMedia;
  readonly #syncs: Readonly<Record<MediaSource, SourceSync>>;
  readonly #view = new Signal<LocalPublisherView>({ problem: undefined });
  readonly #unsubscribe: () => void;

  /** @param published what the meeting was joined with */
  constructor(meeting: MeetingHandle, media: LocalMedia, published: LocalMediaView) {
    this.#media = media;
    const done = wantedOf(published);
    const sync = (source: MediaSource) =>
      new SourceSync(meeting, source, done[source], (error) => this.#failed(source, error));
    this.#syncs = {
      microphone: sync('microphone'),
      camera: sync('camera'),
      screen: sync('screen'),
      'screen-audio': sync('screen-audio'),
    };
    this.#unsubscribe = media.subscribe(() => this.#follow());
    this.#follow();
  }

  get view(): LocalPublisherView {
    return this.#view.value;
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#view.subscribe(listener);

  dismiss(): void {
    this.#view.set({ problem: undefined });
  }

  close(): void {
    this.#unsubscribe();
    for (const source of sources) this.#syncs[source].close();
  }

  #follow(): void {
    const wanted = wantedOf(this.#media.view);
    for (const source of sources) this.#syncs[source].want(wanted[source]);
  }

  #failed(source: MediaSource, error: unknown): void {
    const what = source === 'screen-audio' ? 'the sound of your screen' : `your ${source}`;
    this.#view.set({
      problem: {
        title: `The others do not get ${what}`,
        advice: `Turn it off and on again. (${toHoldfastError(error).message})`,
      },
    });
  }
}

function wantedOf({ microphone, camera, screen, muted }: LocalMediaView): Wanted {
  return {
    microphone: { track: trackOf(microphone), muted },
    camera: { track: trackOf(camera), muted: false },
    screen: { track: trackOf(screen), muted: false },
    'screen-audio': { track: screen.state === 'on' ? screen.audio : undefined, muted: false },
  };
}
