import { vi } from 'vitest';

type FrameCallback = (
  nowMs: number,
  metadata: { readonly presentationTime: number; readonly width: number },
) => void;

/** A <video> that presents a frame when the test says so. */
export class FakeVideo {
  readonly style: Record<string, string> = {};
  readonly dataset: Record<string, string> = {};
  readonly #page: FakePage;
  srcObject: FakeStream | null = null;
  container: FakeContainer | undefined;
  #callback: FrameCallback | undefined;

  constructor(page: FakePage) {
    this.#page = page;
  }

  async play(): Promise<void> {}

  requestVideoFrameCallback(callback: FrameCallback): void {
    this.#callback = callback;
  }

  /** A frame reaches the screen, or would if the element were seen. */
  present(width: number): void {
    const callback = this.#callback;
    this.#callback = undefined;
    const now = performance.now();
    if (!this.#page.hidden) callback?.(now, { presentationTime: now, width });
  }

  remove(): void {
    this.container?.videos.splice(this.container.videos.indexOf(this), 1);
    this.container = undefined;
  }
}

export class FakeStream {
  readonly tracks: readonly MediaStreamTrack[];

  constructor(tracks: readonly MediaStreamTrack[]) {
    this.tracks = tracks;
  }
}

/** An element of the page that the SDK fills. */
export class FakeContainer {
  readonly style = { position: '', isolation: '' };
  readonly videos: FakeVideo[] = [];

  append(video: object): void {
    if (!(video instanceof FakeVideo)) throw new Error('only videos belong here');
    this.videos.push(video);
    video.container = this;
  }

  /** The video that plays this track. */
  playing(track: MediaStreamTrack): FakeVideo {
    const video = this.videos.find(({ srcObject }) => srcObject?.tracks.includes(track));
    if (!video) throw new Error('no video plays this track');
    return video;
  }

  /** What a visitor of the page sees: the one that is named and on top. */
  get seen(): readonly FakeVideo[] {
    return this.videos.filter(
      ({ dataset, style }) => dataset.participant !== undefined && style.zIndex === '1',
    );
  }

  get named(): readonly FakeVideo[] {
    return this.videos.filter(
      ({ dataset }) => dataset.participant !== undefined || dataset.source !== undefined,
    );
  }
}

/** The few things of a browser's page that the players touch, as globals. */
export class FakePage {
  hidden = false;

  install(): void {
    const page = this;
    vi.stubGlobal('HTMLVideoElement', FakeVideo);
    vi.stubGlobal('MediaStream', FakeStream);
    vi.stubGlobal('document', {
      createElement: () => new FakeVideo(page),
      get hidden() {
        return page.hidden;
      },
    });
  }
}
