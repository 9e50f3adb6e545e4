import { hasPackets, type PlayableConsumer, type ReadyListener, type StreamPlayer } from './player.ts';
import type { SwitchCriterion } from './switching.ts';

/** The part of an AudioContext's life that the mixer's owner hears of. */
export interface AudioMixerEvents {
  /** Whether the browser wants a click before sound may play. */
  soundBlocked: (blocked: boolean) => void;
}

/** All remote sound of one meeting, in one AudioContext. */
export class AudioMixer {
  readonly #context = new AudioContext();
  readonly #events: AudioMixerEvents;
  #blocked = false;

  constructor(events: AudioMixerEvents) {
    this.#events = events;
    this.#context.addEventListener('statechange', this.#check);
    // Where a click has already been made this starts at once; else it waits for `resume` from one.
    this.resume().catch(() => {});
    this.#check();
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  resume(): Promise<void> {
    return this.#context.resume();
  }

  player(onReady: ReadyListener): StreamPlayer {
    return new AudioPlayer(this.#context, onReady);
  }

  close(): void {
    this.#context.removeEventListener('statechange', this.#check);
    if (this.#context.state !== 'closed') void this.#context.close();
  }

  readonly #check = (): void => {
    const blocked = this.#context.state !== 'running';
    if (blocked === this.#blocked) return;
    this.#blocked = blocked;
    this.#events.soundBlocked(blocked);
  };
}

interface Branch {
  readonly consumer: PlayableConsumer;
  readonly element: HTMLAudioElement;
  readonly source: MediaStreamAudioSourceNode;
  readonly gain: GainNode;
  timer?: ReturnType<typeof setTimeout>;
  firstPacketAtMs?: number;
}

const CHECK_MS = 20;
/** The jitter buffer settles and its start concealment passes unheard. */
const SETTLE_MS = 200;
const CROSSFADE_S = 0.015;
/** Ahead of the context's clock, so that both ramps begin in the same block. */
const SCHEDULE_AHEAD_S = 0.005;
const AFTER_FADE_MS = 100;

/** One remote audio source: a branch for each consumer, of which one is heard. */
class AudioPlayer implements StreamPlayer {
  readonly #context: AudioContext;
  readonly #onReady: ReadyListener;
  readonly #mix: GainNode;
  readonly #branches = new Map<string, Branch>();
  #heard: Branch | undefined;

  constructor(context: AudioContext, onReady: ReadyListener) {
    this.#context = context;
    this.#onReady = onReady;
    this.#mix = context.createGain();
    this.#mix.connect(context.destination);
  }

  prepare(consumer: PlayableConsumer, criterion: SwitchCriterion): void {
    const stream = new MediaStream([consumer.track]);
    // Chromium delivers a remote track to Web Audio only while an element plays it too.
    const element = new Audio();
    element.muted = true;
    element.srcObject = stream;
    element.play().catch(() => {});
    const source = this.#context.createMediaStreamSource(stream);
    const gain = this.#context.createGain();
    gain.gain.value = 0;
    source.connect(gain).connect(this.#mix);
    const branch: Branch = { consumer, element, source, gain };
    this.#branches.set(consumer.id, branch);
    this.#awaitPackets(branch, criterion);
  }

  select(consumerId: string): void {
    const branch = this.#branches.get(consumerId);
    if (!branch || branch === this.#heard) return;
    const before = this.#heard;
    this.#heard = branch;
    this.#fade(branch, 0, 1);
    if (before) this.#fade(before, 1, 0);
  }

  drop(consumerId: string): void {
    const branch = this.#branches.get(consumerId);
    if (!branch) return;
    this.#branches.delete(consumerId);
    clearTimeout(branch.timer);
    if (this.#heard === branch) this.#heard = undefined;
    // It may be fading out just now.
    setTimeout(() => dispose(branch), AFTER_FADE_MS);
  }

  firstMediaAtMs(consumerId: string): number | undefined {
    return this.#branches.get(consumerId)?.firstPacketAtMs;
  }

  clear(): void {
    for (const id of this.#branches.keys()) this.drop(id);
  }

  close(): void {
    this.clear();
    setTimeout(() => this.#mix.disconnect(), AFTER_FADE_MS);
  }

  #awaitPackets(branch: Branch, criterion: SwitchCriterion): void {
    if (!hasPackets(branch.consumer)) {
      branch.timer = setTimeout(() => this.#awaitPackets(branch, criterion), CHECK_MS);
      return;
    }
    branch.firstPacketAtMs = performance.now();
    const { id } = branch.consumer;
    if (criterion === 'first-frame') this.#onReady(id, 'first-frame');
    else branch.timer = setTimeout(() => this.#onReady(id, 'steady'), SETTLE_MS);
  }

  #fade({ gain }: Branch, from: number, to: number): void {
    const start = this.#context.currentTime + SCHEDULE_AHEAD_S;
    gain.gain.cancelScheduledValues(0);
    gain.gain.setValueAtTime(from, start);
    gain.gain.linearRampToValueAtTime(to, start + CROSSFADE_S);
  }
}

function dispose({ element, source, gain }: Branch): void {
  source.disconnect();
  gain.disconnect();
  element.srcObject = null;
}
