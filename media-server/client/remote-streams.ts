import type { MediaSource } from '../protocol/values.ts';
import { kindOfSource } from '../protocol/values.ts';
import type { AudioMixer } from './audio-mixer.ts';
import type { Leg, ReceivedStream } from './leg.ts';
import type { HowSwitched, StreamPlayer } from './player.ts';
import { newStream, type StreamEvent, type StreamId, type StreamState, transition } from './switching.ts';
import type { RemoteStreamView, StreamSwitch } from './types.ts';
import { VideoPlayer } from './video-player.ts';
import type { WatchedConsumer } from './watchdog.ts';

export interface RemoteStreamsOptions {
  readonly mixer: Pick<AudioMixer, 'player'>;
  readonly isFirstLeg: (legId: string) => boolean;
  readonly displayName: (participantId: string) => string;
  /** The stream is now really fed by this leg: once for each leg that is not the first. */
  readonly onSwitched: (event: StreamSwitch) => void;
  /** A stream of this participant came, ended, was muted or unmuted. */
  readonly onChanged: (participantId: string) => void;
  /** This consumer is heard from now on. */
  readonly onHeard: (stream: ReceivedStream) => void;
}

interface Received {
  readonly stream: ReceivedStream;
  paused: boolean;
  expectedSinceMs: number;
  expectedBecause: WatchedConsumer['expectedBecause'];
}

interface Entry {
  state: StreamState;
  readonly player: StreamPlayer;
  readonly video: VideoPlayer | undefined;
  readonly received: Map<string, Received>;
  readonly how: Map<string, HowSwitched>;
  /** Offered at least once and not ended since. */
  present: boolean;
  orphaned?: ReturnType<typeof setTimeout>;
}

/** How long the last picture of a stream stands when no leg delivers it any more. */
const ORPHAN_MS = 10_000;

const keyOf = ({ participantId, source }: StreamId) => `${participantId}/${source}`;
const pageTime = (ms: number) => performance.timeOrigin + ms;

/** All remote streams: carries out what the rules of `switching.ts` decide. */
export class RemoteStreams {
  readonly #options: RemoteStreamsOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #byConsumer = new Map<string, Entry>();
  readonly #queue: (() => void)[] = [];
  readonly #views = new Map<string, ReadonlyMap<MediaSource, RemoteStreamView>>();
  #nextRank = 0;
  #running = false;

  constructor(options: RemoteStreamsOptions) {
    this.#options = options;
  }

  /** @param legRank grows with each leg, so that the newest leg wins however late its offers come */
  received(stream: ReceivedStream, paused: boolean, legRank: number): void {
    const { participantId, source, consumerId } = stream.info;
    const entry = this.#entry({ participantId, source });
    const now = performance.now();
    entry.received.set(consumerId, {
      stream,
      paused,
      expectedSinceMs: now,
      expectedBecause: paused ? 'resumed' : 'ready',
    });
    this.#byConsumer.set(consumerId, entry);
    entry.present = true;
    clearTimeout(entry.orphaned);
    const offer = { consumerId, legId: stream.leg.legId, rank: legRank * 1e6 + this.#nextRank++, paused };
    this.#dispatch(entry, { type: 'offered', offer, reason: stream.leg.reason });
  }

  consumerPaused(consumerId: string, paused: boolean): void {
    const entry = this.#byConsumer.get(consumerId);
    const received = entry?.received.get(consumerId);
    if (!entry || !received) return;
    received.paused = paused;
    received.expectedSinceMs = performance.now();
    received.expectedBecause = 'resumed';
    this.#dispatch(entry, { type: 'muted', consumerId, paused });
  }

  consumerClosed(consumerId: string): void {
    const entry = this.#byConsumer.get(consumerId);
    if (entry) this.#dispatch(entry, { type: 'withdrawn', consumerId });
  }

  legClosed(legId: string): void {
    for (const entry of this.#entries.values()) this.#dispatch(entry, { type: 'leg-closed', legId });
  }

  participantGone(participantId: string): void {
    for (const [key, entry] of this.#entries) {
      if (entry.state.id.participantId !== participantId) continue;
      for (const id of entry.received.keys()) this.#byConsumer.delete(id);
      clearTimeout(entry.orphaned);
      entry.player.close();
      this.#entries.delete(key);
    }
    this.#views.delete(participantId);
  }

  attach(id: StreamId & { readonly source: 'camera' | 'screen' }, container: HTMLElement): () => void {
    return this.#entry(id).video?.attach(container) ?? (() => {});
  }

  /** The same map until something about this participant's streams changes. */
  viewsOf(participantId: string): ReadonlyMap<MediaSource, RemoteStreamView> {
    const known = this.#views.get(participantId);
    if (known) return known;
    const views = new Map<MediaSource, RemoteStreamView>();
    for (const { state, present } of this.#entries.values()) {
      const { source } = state.id;
      if (present && state.id.participantId === participantId)
        views.set(source, { source, active: state.active });
    }
    this.#views.set(participantId, views);
    return views;
  }

  /** What the watchdog must look at: moving pictures that are not muted, in containers that can be seen. */
  *watched(): Generator<WatchedConsumer> {
    for (const { state, video, received } of this.#entries.values()) {
      if (state.id.source !== 'camera' || !video?.visible) continue;
      for (const [consumerId, { paused, expectedSinceMs, expectedBecause }] of received) {
        if (paused) continue;
        const lastFrameAtMs = video.lastFrameAtMs(consumerId);
        yield {
          consumerId,
          expectedSinceMs,
          expectedBecause,
          lastFrameAtMs,
          visible: video.isSeen(consumerId),
        };
      }
    }
  }

  legOf(consumerId: string): Leg | undefined {
    return this.#byConsumer.get(consumerId)?.received.get(consumerId)?.stream.leg;
  }

  /** Each stream with the consumer that feeds it. */
  *feeds(): Generator<ReceivedStream> {
    for (const { state, received } of this.#entries.values()) {
      const feed = state.feed === undefined ? undefined : received.get(state.feed);
      if (feed) yield feed.stream;
    }
  }

  /** What has been reported of this leg so far: said again when a connection may have swallowed it. */
  *reportedOf(legId: string): Generator<StreamId> {
    for (const { state } of this.#entries.values()) if (state.reportedLegs.includes(legId)) yield state.id;
  }

  close(): void {
    for (const { state } of this.#entries.values()) this.participantGone(state.id.participantId);
  }

  #entry(id: StreamId): Entry {
    const key = keyOf(id);
    const known = this.#entries.get(key);
    if (known) return known;
    const onReady = (consumerId: string, how: HowSwitched) => {
      const entry = this.#entries.get(key);
      if (!entry) return;
      entry.how.set(consumerId, how);
      this.#dispatch(entry, { type: 'ready', consumerId });
    };
    const video =
      id.source === 'camera' || id.source === 'screen'
        ? new VideoPlayer(
            { participant: this.#options.displayName(id.participantId), source: id.source },
            onReady,
          )
        : undefined;
    const entry: Entry = {
      state: newStream(id),
      player: video ?? this.#options.mixer.player(onReady),
      video,
      received: new Map(),
      how: new Map(),
      present: false,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  /** One event after the other: players may answer while an effect is being carried out. */
  #dispatch(entry: Entry, event: StreamEvent): void {
    this.#queue.push(() => this.#step(entry, event));
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) next();
    } finally {
      this.#running = false;
    }
  }

  #step(entry: Entry, event: StreamEvent): void {
    const { state, effects } = transition(entry.state, event, this.#options.isFirstLeg);
    const changed = state.active !== entry.state.active || event.type === 'offered';
    entry.state = state;
    let ended = false;
    for (const effect of effects) {
      switch (effect.type) {
        case 'prepare': {
          const received = entry.received.get(effect.consumerId);
          if (received) entry.player.prepare(received.stream.consumer, effect.criterion);
          break;
        }
        case 'select': {
          const received = entry.received.get(effect.consumerId);
          if (received && kindOfSource[state.id.source] === 'audio') this.#options.onHeard(received.stream);
          entry.player.select(effect.consumerId);
          break;
        }
        case 'drop':
          entry.player.drop(effect.consumerId);
          entry.received.delete(effect.consumerId);
          entry.how.delete(effect.consumerId);
          this.#byConsumer.delete(effect.consumerId);
          break;
        case 'report':
          this.#report(entry, effect.consumerId, effect.muted);
          break;
        case 'ended':
          ended = true;
          break;
      }
    }
    if (event.type === 'leg-closed' && entry.present && state.offers.length === 0) {
      clearTimeout(entry.orphaned);
      entry.orphaned = setTimeout(() => this.#end(entry), ORPHAN_MS);
    }
    if (ended) this.#end(entry);
    else if (changed) this.#changed(entry);
  }

  #end(entry: Entry): void {
    clearTimeout(entry.orphaned);
    entry.player.clear();
    entry.present = false;
    this.#changed(entry);
  }

  #changed({ state }: Entry): void {
    this.#views.delete(state.id.participantId);
    this.#options.onChanged(state.id.participantId);
  }

  #report(entry: Entry, consumerId: string, muted: boolean): void {
    const stream = entry.received.get(consumerId)?.stream;
    if (!stream) return;
    const { participantId, source } = entry.state.id;
    const firstMs = entry.player.firstMediaAtMs(consumerId);
    this.#options.onSwitched({
      participantId,
      displayName: this.#options.displayName(participantId),
      source,
      reason: stream.leg.reason,
      legId: stream.leg.legId,
      nodeId: stream.leg.nodeId,
      consumerAtMs: stream.createdAtMs,
      firstFrameAtMs: firstMs === undefined ? undefined : pageTime(firstMs),
      switchedAtMs: pageTime(performance.now()),
      how: muted ? 'muted' : (entry.how.get(consumerId) ?? 'first-frame'),
    });
  }
}
