import { EventEmitter } from 'eventemitter3';
import type { Handlers } from '../protocol/contract.ts';
import { HoldfastError, toHoldfastError } from '../protocol/errors.ts';
import type { clientContract } from '../protocol/signalling.ts';
import type { MediaPath, MediaSource } from '../protocol/values.ts';
import { AudioMixer } from './audio-mixer.ts';
import {
  Connection,
  type JoinResult,
  type ResumedLegs,
  type ResumeResult,
  type SessionEnd,
} from './connection.ts';
import { DiagnosticsRecorder } from './diagnostics.ts';
import type { Leg } from './leg.ts';
import { LegRenewer } from './leg-renewer.ts';
import { Legs } from './legs.ts';
import type { Socket } from './link.ts';
import type { PathView } from './path-quality.ts';
import { PathWatch } from './path-watch.ts';
import { Publisher } from './publisher.ts';
import { RemoteStreams } from './remote-streams.ts';
import { Roster } from './roster.ts';
import type {
  Diagnostics,
  JoinOptions,
  LeaveReason,
  LocalSourceView,
  MeetingEvents,
  MeetingHandle,
  MeetingState,
  RemoteParticipantView,
  StreamSwitch,
} from './types.ts';
import { Watchdog } from './watchdog.ts';

/** Neither sound nor picture for so long, though the gateway can be reached: nobody is recovering this meeting. */
const GIVE_UP_MS = 300_000;
/** The gateway has let us in, but no media node can be reached for so long. */
const FIRST_LEG_MS = 20_000;
/** Legs of a session that was over are kept for so long beside the new session's, so that pictures can be swapped. */
const OUTLIVED_MS = 3_000;

type Log = NonNullable<JoinOptions['log']>;

/** A participant's presence in one meeting: the parts, and what they tell each other. */
export class Meeting implements MeetingHandle {
  readonly #emitter = new EventEmitter();
  readonly #connection: Connection;
  readonly #legs: Legs;
  readonly #publisher: Publisher;
  readonly #mixer: AudioMixer;
  readonly #streams: RemoteStreams;
  readonly #roster: Roster;
  readonly #diagnostics = new DiagnosticsRecorder();
  readonly #watchdog: Watchdog;
  readonly #renewer: LegRenewer;
  readonly #pathWatch: PathWatch;
  readonly #log: Log;
  readonly #firstLeg = Promise.withResolvers<void>();
  #session: JoinResult | undefined;
  #state: MeetingState = 'joining';
  #giveUp: ReturnType<typeof setTimeout> | undefined;
  /** Legs that the gateway does not know any more, because a new session has been entered. */
  #outlived: readonly string[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(openSocket: () => Socket, log: Log = () => {}, onlyPath?: MediaPath) {
    this.#log = log;
    const problem = (error: HoldfastError, what = '') =>
      log('problem', { what, code: error.code, message: error.message });
    this.#connection = new Connection({
      openSocket,
      handlers: this.#handlers(),
      legs: () => this.#legs.resumable,
      mediaLostAtMs: () => this.#legs.mediaLostAtMs,
      onResumed: (result, asked) => this.#resumed(result, asked),
      onRejoined: (session) => this.#rejoined(session),
      onStateChanged: (state) => {
        log('connection', { state });
        this.#updateState();
      },
      onOver: (end: SessionEnd) => this.#finish(end),
      onProblem: problem,
      network: window,
    });
    this.#legs = new Legs(
      this.#connection,
      {
        opened: (leg, open, started, estimate) => {
          log('leg.opened', { legId: leg.legId, reason: leg.reason });
          this.#roster.legSays(leg.legId, open.participants);
          // What went wrong is told by `failed`.
          this.#publisher.addLeg(leg, open, started, estimate).catch(() => {});
        },
        ready: () => this.#firstLeg.resolve(),
        failed: (leg, error) => {
          problem(error, `leg ${leg.legId}`);
          // Another leg will take over, or the gateway will send one; only the first has nothing to fall back on.
          if (leg.reason === 'join' && this.#state === 'joining') this.#firstLeg.reject(error);
        },
        closing: (leg) => {
          this.#streams.legClosed(leg.legId);
          this.#publisher.removeLeg(leg.legId);
          this.#roster.legClosed(leg.legId);
        },
        received: (stream, paused) => this.#streams.received(stream, paused, this.#legs.rankOf(stream.leg)),
        consumerPaused: (consumerId, paused) => this.#streams.consumerPaused(consumerId, paused),
        consumerClosed: (consumerId) => this.#streams.consumerClosed(consumerId),
        problem,
        moveStarted: (move) => this.#emit('moveStarted', move),
        moveFinished: (move) => {
          log('move.finished', move);
          this.#emit('moveFinished', move);
        },
        changed: () => this.#updateState(),
        healthChanged: () => this.#renewer.look(),
        ended: (leg) => {
          log('leg.ended', { legId: leg.legId });
          this.#connection.doubt();
        },
      },
      onlyPath,
    );
    this.#publisher = new Publisher(this.#connection, {
      localChanged: () => this.#emit('localChanged'),
      published: (leg) => this.#published(leg),
      problem,
    });
    this.#mixer = new AudioMixer({ soundBlocked: (blocked) => this.#emit('soundBlocked', blocked) });
    this.#streams = new RemoteStreams({
      mixer: this.#mixer,
      isFirstLeg: (legId) => this.#legs.isFirst(legId),
      displayName: (id) => this.#roster.displayName(id),
      onSwitched: (event) => this.#switched(event),
      onChanged: () => this.#roster.changed(),
      onHeard: (stream) => this.#diagnostics.heard(stream),
    });
    this.#roster = new Roster({
      streams: this.#streams,
      ownId: () => this.#session?.participantId,
      onJoined: (participant) => this.#emit('participantJoined', participant),
      onLeft: (participant) => this.#emit('participantLeft', participant),
      onChanged: () => this.#emit('participantsChanged'),
    });
    this.#watchdog = new Watchdog({
      consumers: () => this.#streams.watched(),
      onStalled: (consumerId) => {
        const leg = this.#streams.legOf(consumerId);
        log('consumer.stalled', { consumerId, legId: leg?.legId });
        if (leg) this.#connection.notify('consumer.stalled', { legId: leg.legId, consumerId });
      },
      now: () => performance.now(),
    });
    this.#renewer = new LegRenewer({
      connection: this.#connection,
      legs: this.#legs,
      onAsked: (legId, why) => log('leg.renewed', { legId, why }),
      onProblem: problem,
      onLooked: () => this.#updateState(),
      now: () => performance.now(),
    });
    this.#pathWatch = new PathWatch({
      legs: this.#legs,
      onPath: ({ legId }, { path, quality }) => {
        if (path) this.#connection.notify('leg.path', { legId, path, poor: quality === 'poor' });
      },
      onChanged: (path) => {
        log('path', { ...path });
        this.#emit('pathChanged', path);
      },
      now: () => performance.now(),
    });
    // `join` awaits it; who never gets so far must not leave an unhandled rejection.
    this.#firstLeg.promise.catch(() => {});
    window.addEventListener('pagehide', this.#pageHides);
  }

  /** Enters; settles when the first leg can receive. Rejects, with everything closed, when that is not possible. */
  async join(options: JoinOptions): Promise<void> {
    const aborted = () => this.#firstLeg.reject(options.signal?.reason);
    options.signal?.addEventListener('abort', aborted);
    let patience: ReturnType<typeof setTimeout> | undefined;
    try {
      options.signal?.throwIfAborted();
      for (const source of ['microphone', 'camera'] as const) {
        const track = options.tracks?.[source];
        if (track) await this.#publisher.publish(source, track, options.muted?.[source] ?? false);
      }
      // Also of a first leg that fails before the answer has come, and of giving up meanwhile.
      const joined = this.#connection.join(options.token).then((session) => {
        this.#session = session;
        const late = () =>
          this.#firstLeg.reject(new HoldfastError('TIMEOUT', 'the media node did not answer'));
        patience = setTimeout(late, FIRST_LEG_MS);
      });
      await Promise.all([joined, this.#firstLeg.promise]);
      this.#setState('connected');
      this.#updateState();
      // Whoever joined can listen only now.
      if (this.#mixer.blocked) setTimeout(() => this.#emit('soundBlocked', this.#mixer.blocked), 0);
    } catch (error) {
      const { code, message } = toHoldfastError(error);
      this.#finish({ code: code === 'INTERNAL' ? 'failed' : 'refused', message });
      throw error;
    } finally {
      clearTimeout(patience);
      options.signal?.removeEventListener('abort', aborted);
    }
  }

  get id(): string {
    return this.#session?.meetingId ?? '';
  }

  get self(): { readonly id: string; readonly displayName: string } {
    return { id: this.#session?.participantId ?? '', displayName: this.#session?.displayName ?? '' };
  }

  get state(): MeetingState {
    return this.#state;
  }

  get path(): PathView {
    return this.#pathWatch.view;
  }

  get participants(): ReadonlyMap<string, RemoteParticipantView> {
    return this.#roster.views;
  }

  get local(): ReadonlyMap<MediaSource, LocalSourceView> {
    return this.#publisher.local;
  }

  get soundBlocked(): boolean {
    return this.#mixer.blocked;
  }

  on<E extends keyof MeetingEvents>(event: E, listener: MeetingEvents[E]): () => void {
    this.#emitter.on(event, listener);
    return () => this.#emitter.off(event, listener);
  }

  publish(
    source: MediaSource,
    track: MediaStreamTrack,
    options: { readonly muted?: boolean } = {},
  ): Promise<void> {
    return this.#publisher.publish(source, track, options.muted);
  }

  unpublish(source: MediaSource): Promise<void> {
    return this.#publisher.unpublish(source);
  }

  async setMuted(source: MediaSource, muted: boolean): Promise<void> {
    this.#publisher.setMuted(source, muted);
  }

  resumeSound(): Promise<void> {
    return this.#mixer.resume();
  }

  async diagnostics(): Promise<Diagnostics> {
    const measured = await this.#diagnostics.measure(this.#legs, this.#streams, (id) =>
      this.#roster.displayName(id),
    );
    return { state: this.#state, ...measured };
  }

  async leave(): Promise<void> {
    if (this.#state === 'left') return;
    const told = this.#connection.leave();
    this.#finish({ code: 'left', message: 'You have left the meeting.' });
    await told;
  }

  #handlers(): Handlers<typeof clientContract> {
    return {
      'leg.open': (open) => this.#legs.open(open),
      // Of this leg only, whatever the reason: the end of a participation is told by how the WebSocket is closed.
      'leg.close': ({ legId, reason }) => {
        this.#log('leg.closed', { legId, reason });
        this.#legs.close(legId);
      },
      'leg.iceServers': ({ legId, iceServers }) => this.#legs.get(legId)?.takeIceServers(iceServers),
      'consumer.new': (consumer) => this.#legs.get(consumer.legId)?.offer(consumer),
      'consumer.closed': ({ legId, consumerId }) => this.#legs.get(legId)?.closeConsumer(consumerId),
      'consumer.paused': ({ legId, consumerId }) =>
        this.#legs.get(legId)?.setConsumerPaused(consumerId, true),
      'consumer.resumed': ({ legId, consumerId }) =>
        this.#legs.get(legId)?.setConsumerPaused(consumerId, false),
      'participant.joined': ({ legId, participant }) => this.#roster.joined(legId, participant),
      'participant.left': ({ legId, participantId }) => this.#roster.left(legId, participantId),
      'gateway.closing': (closing) => this.#connection.gatewayCloses(closing),
    };
  }

  #published(leg: Leg): void {
    this.#log('leg.published', { legId: leg.legId });
    this.#connection.notify('leg.published', { legId: leg.legId });
    this.#legs.published(leg);
    this.#closeOutlived(leg);
  }

  /** A new session: its first leg is on the way, and until it carries everything the old ones go on as they are. */
  #rejoined(session: JoinResult): void {
    this.#log('rejoined', { participantId: session.participantId });
    this.#session = session;
    this.#outlived = this.#legs.all.map(({ legId }) => legId);
  }

  #closeOutlived(leg: Leg): void {
    if (this.#outlived.length === 0 || this.#outlived.includes(leg.legId)) return;
    const outlived = this.#outlived;
    this.#outlived = [];
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      for (const legId of outlived) this.#legs.close(legId);
    }, OUTLIVED_MS);
    this.#timers.add(timer);
  }

  #switched(event: StreamSwitch): void {
    const { legId, participantId, source } = event;
    this.#connection.notify('leg.switched', { legId, participantId, source });
    this.#diagnostics.switched(event);
    this.#emit('streamSwitched', event);
  }

  /** Brings everything in line with what the nodes have. */
  #resumed(result: ResumeResult, asked: ResumedLegs): void {
    this.#pathWatch.tellAgain();
    const alive = new Map(result.legs.map((snapshot) => [snapshot.legId, snapshot]));
    for (const { legId } of asked) if (!alive.has(legId)) this.#legs.close(legId);
    for (const [legId, snapshot] of alive) {
      const leg = this.#legs.get(legId);
      if (!leg) continue;
      this.#roster.legSays(legId, snapshot.participants);
      leg.reconcileConsumers(snapshot.consumers);
      void this.#publisher.reconcile(legId, snapshot.producers);
      if (leg.reason === 'join') continue;
      // A report may have been swallowed by the broken connection, and a handover waits for it.
      if (this.#legs.isPublished(legId)) this.#connection.notify('leg.published', { legId });
      for (const id of this.#streams.reportedOf(legId))
        this.#connection.notify('leg.switched', { legId, ...id });
    }
  }

  #updateState(): void {
    if (this.#state === 'left' || this.#state === 'joining') return;
    const open = this.#connection.state === 'open';
    const interrupted = this.#legs.recovering || this.#legs.isCutOff(performance.now());
    const state = interrupted ? 'recovering' : open ? 'connected' : 'reconnecting';
    if (state === this.#state) return;
    clearTimeout(this.#giveUp);
    if (state === 'recovering') {
      const message = 'The meeting could not be brought back.';
      this.#giveUp = setTimeout(() => this.#finish({ code: 'failed', message }), GIVE_UP_MS);
    }
    this.#setState(state);
  }

  #setState(state: MeetingState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#log('state', { state });
    this.#emit('stateChanged', state);
  }

  #finish(reason: LeaveReason): void {
    if (this.#state === 'left') return;
    this.#setState('left');
    this.#log('left', { ...reason });
    window.removeEventListener('pagehide', this.#pageHides);
    clearTimeout(this.#giveUp);
    for (const timer of this.#timers) clearTimeout(timer);
    // One that cannot be closed must not keep the others open, least of all the camera.
    const parts: readonly { close(): void }[] = [
      this.#publisher,
      this.#renewer,
      this.#watchdog,
      this.#pathWatch,
      this.#roster,
      this.#streams,
      { close: () => this.#legs.closeAll() },
      this.#mixer,
    ];
    for (const part of parts) {
      try {
        part.close();
      } catch (error) {
        reportError(error);
      }
    }
    // Somebody who leaves by themselves closes it when the gateway knows.
    if (reason.code !== 'left') this.#connection.close('the participation is over');
    this.#firstLeg.reject(new HoldfastError('CONNECTION_CLOSED', reason.message));
    this.#emit('left', reason);
  }

  readonly #pageHides = (): void => {
    this.#connection.leaveNow();
    this.#finish({ code: 'left', message: 'The page was closed.' });
  };

  #emit<E extends keyof MeetingEvents>(event: E, ...args: Parameters<MeetingEvents[E]>): void {
    try {
      this.#emitter.emit(event, ...args);
    } catch (error) {
      // A listener of the page must not stop a meeting; the page's own error handling hears of it.
      reportError(error);
    }
  }
}
