import { type Frame, FrameRhythm } from './steadiness.ts';

/** The part of an HTMLElement that is used here. */
export interface VideoContainer {
  readonly style: { position: string; isolation: string };
  append(video: HTMLVideoElement): void;
}

export interface VideoViewEvents {
  /** A frame of this consumer has been presented, seen or unseen. */
  frame: (consumerId: string, frame: Frame) => void;
}

interface Layer {
  readonly consumerId: string;
  readonly video: HTMLVideoElement;
  hasFrame: boolean;
  removal?: ReturnType<typeof setTimeout>;
}

const SWAPPED_OUT_MS = 200;

/**
 * One remote video source in one container: the visible `<video>`, and during a switch a second one underneath. The
 * elements are swapped by z-index within one task, so that every frame on the screen is a whole picture of one of them.
 */
export class VideoView {
  readonly #container: VideoContainer;
  readonly #label: { readonly participant: string; readonly source: string };
  readonly #events: VideoViewEvents;
  readonly #layers = new Map<string, Layer>();
  readonly #rhythm = new FrameRhythm();
  #visible: Layer | undefined;
  /** What shall be seen as soon as it has a frame. */
  #wanted: string | undefined;
  #closed = false;

  constructor(
    container: VideoContainer,
    label: { readonly participant: string; readonly source: string },
    events: VideoViewEvents,
  ) {
    this.#container = container;
    this.#label = label;
    this.#events = events;
    container.style.position = 'relative';
    // Keeps the z-indices of the two elements from mixing with the page's own.
    container.style.isolation = 'isolate';
  }

  /** The rhythm of what is seen: the measure for what shall take its place. */
  get rhythm(): FrameRhythm {
    return this.#rhythm;
  }

  get visibleConsumerId(): string | undefined {
    return this.#visible?.consumerId;
  }

  /** Plays a consumer's track underneath. */
  add(consumerId: string, track: MediaStreamTrack): void {
    const known = this.#layers.get(consumerId);
    if (known) {
      clearTimeout(known.removal);
      return;
    }
    const video = document.createElement('video');
    video.className = 'holdfast-video';
    video.muted = true;
    video.autoplay = true;
    video.playsInline = true;
    video.disablePictureInPicture = true;
    Object.assign(video.style, {
      position: 'absolute',
      inset: '0',
      width: '100%',
      height: '100%',
      zIndex: '0',
    });
    video.srcObject = new MediaStream([track]);
    const layer: Layer = { consumerId, video, hasFrame: false };
    this.#layers.set(consumerId, layer);
    this.#container.append(video);
    this.#watch(layer);
    // Rejects when the element is removed before it has begun to play, which is no matter.
    video.play().catch(() => {});
  }

  /** Shows this one: at once if it has a frame or nothing is to be lost, else with its first frame. */
  select(consumerId: string, track: MediaStreamTrack): void {
    this.add(consumerId, track);
    this.#wanted = consumerId;
    const layer = this.#layers.get(consumerId);
    if (layer && (layer.hasFrame || !this.#visible || document.hidden)) this.#show(layer);
  }

  /** The consumer plays no more. What is seen stays standing until another one is shown. */
  drop(consumerId: string): void {
    const layer = this.#layers.get(consumerId);
    if (layer && layer !== this.#visible) this.#remove(layer);
  }

  clear(): void {
    this.#wanted = undefined;
    for (const layer of this.#layers.values()) this.#remove(layer);
  }

  close(): void {
    this.#closed = true;
    this.clear();
  }

  #show(layer: Layer): void {
    const before = this.#visible;
    if (before === layer) return;
    layer.video.dataset.participant = this.#label.participant;
    layer.video.dataset.source = this.#label.source;
    layer.video.style.zIndex = '1';
    this.#visible = layer;
    if (!before) return;
    before.video.style.zIndex = '0';
    delete before.video.dataset.participant;
    delete before.video.dataset.source;
    before.removal = setTimeout(() => this.#remove(before), SWAPPED_OUT_MS);
  }

  #remove(layer: Layer): void {
    clearTimeout(layer.removal);
    if (this.#layers.get(layer.consumerId) === layer) this.#layers.delete(layer.consumerId);
    if (this.#visible === layer) this.#visible = undefined;
    layer.video.srcObject = null;
    layer.video.remove();
  }

  #watch(layer: Layer): void {
    const { video, consumerId } = layer;
    const present = (nowMs: number, presentedAtMs: number, width: number) => {
      layer.hasFrame = true;
      const frame = { nowMs, presentedAtMs, width };
      if (layer === this.#visible) this.#rhythm.record(frame);
      if (consumerId === this.#wanted) this.#show(layer);
      this.#events.frame(consumerId, frame);
    };
    const tick = (nowMs: number, { presentationTime, width }: VideoFrameCallbackMetadata) => {
      if (this.#closed || this.#layers.get(consumerId) !== layer) return;
      present(nowMs, presentationTime, width);
      video.requestVideoFrameCallback(tick);
    };
    if (hasFrameCallbacks()) {
      video.requestVideoFrameCallback(tick);
      return;
    }
    // At least the first frame is known.
    const first = () => present(performance.now(), performance.now(), video.videoWidth);
    video.addEventListener('loadeddata', first, { once: true });
  }
}

/** Old Firefox has none. */
const hasFrameCallbacks = () => 'requestVideoFrameCallback' in HTMLVideoElement.prototype;
