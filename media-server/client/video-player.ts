import { hasPackets, type PlayableConsumer, type ReadyListener, type StreamPlayer } from './player.ts';
import { type Frame, type FrameRhythm, Steadiness } from './steadiness.ts';
import type { SwitchCriterion } from './switching.ts';
import { type VideoContainer, VideoView } from './video-view.ts';

interface Offered {
  readonly consumer: PlayableConsumer;
  readonly criterion: SwitchCriterion;
  steadiness: Steadiness | undefined;
  firstFrameAtMs: number | undefined;
  lastFrameAtMs: number | undefined;
  ready: boolean;
  readonly timers: Set<ReturnType<typeof setTimeout>>;
}

/** Longest wait for a steady picture, counted from its first frame. */
const STEADY_TIMEOUT_MS = 4_000;
/** A shared screen has no rhythm: it is taken over when it has stood at full width for so long. */
const SCREEN_SETTLE_MS = 500;
const UNSEEN_CHECK_MS = 200;

/** One remote video source in all the containers the page shows it in. */
export class VideoPlayer implements StreamPlayer {
  readonly #label: { readonly participant: string; readonly source: 'camera' | 'screen' };
  readonly #onReady: ReadyListener;
  readonly #offered = new Map<string, Offered>();
  readonly #views = new Set<VideoView>();
  #selected: string | undefined;

  constructor(
    label: { readonly participant: string; readonly source: 'camera' | 'screen' },
    onReady: ReadyListener,
  ) {
    this.#label = label;
    this.#onReady = onReady;
  }

  get visible(): boolean {
    return this.#views.size > 0 && !document.hidden;
  }

  prepare(consumer: PlayableConsumer, criterion: SwitchCriterion): void {
    const offered: Offered = {
      consumer,
      criterion,
      steadiness: undefined,
      firstFrameAtMs: undefined,
      lastFrameAtMs: undefined,
      ready: false,
      timers: new Set(),
    };
    this.#offered.set(consumer.id, offered);
    for (const view of this.#views) view.add(consumer.id, consumer.track);
    this.#checkUnseen(offered);
  }

  select(consumerId: string): void {
    const offered = this.#offered.get(consumerId);
    if (!offered) return;
    this.#selected = consumerId;
    for (const view of this.#views) view.select(consumerId, offered.consumer.track);
  }

  drop(consumerId: string): void {
    const offered = this.#offered.get(consumerId);
    if (!offered) return;
    this.#settle(offered);
    this.#offered.delete(consumerId);
    if (this.#selected === consumerId) this.#selected = undefined;
    for (const view of this.#views) view.drop(consumerId);
  }

  clear(): void {
    for (const offered of this.#offered.values()) this.#settle(offered);
    this.#offered.clear();
    this.#selected = undefined;
    for (const view of this.#views) view.clear();
  }

  firstMediaAtMs(consumerId: string): number | undefined {
    return this.#offered.get(consumerId)?.firstFrameAtMs;
  }

  lastFrameAtMs(consumerId: string): number | undefined {
    return this.#offered.get(consumerId)?.lastFrameAtMs;
  }

  isSeen(consumerId: string): boolean {
    return [...this.#views].some((view) => view.visibleConsumerId === consumerId);
  }

  /** @returns detaches again. */
  attach(container: VideoContainer): () => void {
    const view = new VideoView(container, this.#label, {
      frame: (consumerId, frame) => this.#frame(view, consumerId, frame),
    });
    this.#views.add(view);
    const selected = this.#selected === undefined ? undefined : this.#offered.get(this.#selected);
    if (selected) view.select(selected.consumer.id, selected.consumer.track);
    for (const { consumer, ready } of this.#offered.values())
      if (!ready) view.add(consumer.id, consumer.track);
    return () => {
      if (!this.#views.delete(view)) return;
      view.close();
      for (const offered of this.#offered.values()) this.#checkUnseen(offered);
    };
  }

  close(): void {
    this.clear();
    for (const view of this.#views) view.close();
    this.#views.clear();
  }

  #frame(view: VideoView, consumerId: string, frame: Frame): void {
    const offered = this.#offered.get(consumerId);
    if (!offered) return;
    offered.lastFrameAtMs = frame.nowMs;
    if (offered.firstFrameAtMs === undefined) {
      offered.firstFrameAtMs = frame.nowMs;
      if (!offered.ready) this.#later(offered, STEADY_TIMEOUT_MS, () => this.#ready(offered, 'timeout'));
    }
    if (offered.ready) return;
    if (offered.criterion === 'first-frame') this.#ready(offered, 'first-frame');
    // Judged in the first container: the others show the same frames.
    else if (view === [...this.#views][0]) this.#judge(offered, frame, view.rhythm);
  }

  #judge(offered: Offered, frame: Frame, old: FrameRhythm): void {
    if (this.#label.source === 'screen') {
      this.#settleScreen(offered, frame, old.width);
      return;
    }
    offered.steadiness ??= new Steadiness(old);
    if (offered.steadiness.accept(frame)) this.#ready(offered, 'steady');
  }

  #settleScreen(offered: Offered, frame: Frame, oldWidth: number): void {
    if (frame.width < oldWidth || offered.steadiness) return;
    offered.steadiness = new Steadiness({ limitMs: 0, width: oldWidth });
    this.#later(offered, SCREEN_SETTLE_MS, () => this.#ready(offered, 'steady'));
  }

  /** What nobody sees need not be steady; and a hidden page presents no frames, so there packets must do. */
  #checkUnseen(offered: Offered): void {
    if (offered.ready) return;
    if (this.#views.size === 0) {
      // Not within the call that prepares it.
      this.#later(offered, 0, () => {
        if (this.#views.size === 0) this.#ready(offered, 'unseen');
      });
      return;
    }
    this.#later(offered, UNSEEN_CHECK_MS, () => {
      if (document.hidden && hasPackets(offered.consumer)) this.#ready(offered, 'unseen');
      else this.#checkUnseen(offered);
    });
  }

  #ready(offered: Offered, how: Parameters<ReadyListener>[1]): void {
    if (offered.ready) return;
    this.#settle(offered);
    this.#onReady(offered.consumer.id, how);
  }

  #later(offered: Offered, delayMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      offered.timers.delete(timer);
      run();
    }, delayMs);
    offered.timers.add(timer);
  }

  #settle(offered: Offered): void {
    offered.ready = true;
    for (const timer of offered.timers) clearTimeout(timer);
    offered.timers.clear();
  }
}
