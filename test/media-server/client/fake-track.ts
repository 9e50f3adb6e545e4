/** A MediaStreamTrack without media behind it; remembers its clones. */
export class FakeTrack extends EventTarget implements MediaStreamTrack {
  static #count = 0;
  readonly id = `track-${++FakeTrack.#count}`;
  readonly kind: 'audio' | 'video';
  readonly label = 'fake';
  readonly muted = false;
  readonly clones: FakeTrack[] = [];
  readonly #settings: MediaTrackSettings;
  contentHint = '';
  enabled = true;
  readyState: MediaStreamTrackState = 'live';
  onended = null;
  onmute = null;
  onunmute = null;

  constructor(kind: 'audio' | 'video', settings: MediaTrackSettings = {}) {
    super();
    this.kind = kind;
    this.#settings = settings;
  }

  clone(): FakeTrack {
    const clone = new FakeTrack(this.kind, this.#settings);
    this.clones.push(clone);
    return clone;
  }

  /** As the browser does it: our own `stop` is not told. */
  stop(): void {
    this.readyState = 'ended';
  }

  /** The device is gone. */
  end(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }

  getSettings(): MediaTrackSettings {
    return this.#settings;
  }

  getCapabilities(): MediaTrackCapabilities {
    return {};
  }

  getConstraints(): MediaTrackConstraints {
    return {};
  }

  async applyConstraints(): Promise<void> {}
}
