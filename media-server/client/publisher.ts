import { HoldfastError } from '../protocol/errors.ts';
import type { LegOpen, LegSnapshot } from '../protocol/signalling.ts';
import { kindOfSource, type MediaSource } from '../protocol/values.ts';
import type { Connection } from './connection.ts';
import type { Leg } from './leg.ts';
import { LegPublication, type WantedSource } from './leg-publication.ts';
import type { LocalSourceView } from './types.ts';

export interface PublisherEvents {
  /** Own sources changed: by the caller, or because a device was unplugged or a share ended. */
  localChanged: () => void;
  /** All own tracks are on this leg. */
  published: (leg: Leg) => void;
  problem: (error: HoldfastError, what: string) => void;
}

/** The participant's own sources, published on every open leg. */
export class Publisher {
  readonly #connection: Pick<Connection, 'request'>;
  readonly #events: PublisherEvents;
  readonly #wanted = new Map<MediaSource, WantedSource>();
  readonly #legs = new Map<string, LegPublication>();
  readonly #untilEnded = new Map<MediaSource, AbortController>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #local: ReadonlyMap<MediaSource, LocalSourceView> = new Map();

  constructor(connection: Pick<Connection, 'request'>, events: PublisherEvents) {
    this.#connection = connection;
    this.#events = events;
  }

  /** A new map after each change. */
  get local(): ReadonlyMap<MediaSource, LocalSourceView> {
    return this.#local;
  }

  /**
   * Publishes on this leg as well, when its place in the order has come.
   * @param started settles when the leg has its transports
   * @param oldEstimateBps what the uplink carries, as the other legs know it
   */
  async addLeg(
    leg: Leg,
    open: Pick<LegOpen, 'publishDelayMs'>,
    started: Promise<void>,
    oldEstimateBps: Promise<number | undefined>,
  ): Promise<void> {
    const delayed = new Promise<void>((resolve) => {
      this.#timers.set(leg.legId, setTimeout(resolve, open.publishDelayMs));
    });
    const [estimate] = await Promise.all([oldEstimateBps, delayed, started]);
    this.#timers.delete(leg.legId);
    if (leg.closed) return;
    const publication = new LegPublication({
      leg,
      wanted: this.#wanted,
      tell: (method, producerId) => this.#connection.request(method, { legId: leg.legId, producerId }),
      oldEstimateBps: estimate,
      onProblem: this.#events.problem,
    });
    this.#legs.set(leg.legId, publication);
    await publication.start();
    if (!leg.closed) this.#events.published(leg);
  }

  removeLeg(legId: string): void {
    clearTimeout(this.#timers.get(legId));
    this.#timers.delete(legId);
    this.#legs.get(legId)?.close();
    this.#legs.delete(legId);
  }

  /** Settles when every open leg has it; rejects when none could take it. */
  async publish(source: MediaSource, track: MediaStreamTrack, muted?: boolean): Promise<void> {
    if (track.kind !== kindOfSource[source]) {
      throw new HoldfastError('BAD_REQUEST', `${source} must be ${kindOfSource[source]}, not ${track.kind}`);
    }
    if (track.readyState === 'ended') throw new HoldfastError('BAD_REQUEST', `the ${source} track has ended`);
    this.#set(source, { track, muted: muted ?? this.#wanted.get(source)?.muted ?? false });
    await this.#syncAll();
    const failures = [...this.#legs.values()].map((publication) => publication.failure(source));
    const [first] = failures;
    if (first && failures.every((failure) => failure !== undefined)) throw first;
  }

  async unpublish(source: MediaSource): Promise<void> {
    if (!this.#wanted.has(source)) return;
    this.#untilEnded.get(source)?.abort();
    this.#untilEnded.delete(source);
    this.#wanted.delete(source);
    this.#changed();
    await this.#syncAll();
  }

  /** Takes effect on all legs at once; the nodes learn it as soon as they can be told. */
  setMuted(source: MediaSource, muted: boolean): void {
    const wanted = this.#wanted.get(source);
    if (!wanted || wanted.muted === muted) return;
    this.#set(source, { ...wanted, muted });
    for (const publication of this.#legs.values()) publication.applyMute(source, muted);
    void this.#syncAll();
  }

  async reconcile(legId: string, producers: LegSnapshot['producers']): Promise<void> {
    await this.#legs.get(legId)?.reconcile(producers);
  }

  /** Nothing is published any more, on whatever leg. */
  close(): void {
    this.#wanted.clear();
    for (const legId of [...this.#legs.keys(), ...this.#timers.keys()]) this.removeLeg(legId);
    for (const ended of this.#untilEnded.values()) ended.abort();
    this.#untilEnded.clear();
  }

  #set(source: MediaSource, wanted: WantedSource): void {
    if (this.#wanted.get(source)?.track !== wanted.track) {
      this.#untilEnded.get(source)?.abort();
      const ended = new AbortController();
      this.#untilEnded.set(source, ended);
      // The device is gone, or the user has stopped sharing in the browser's own bar. Never heard of our own stop().
      wanted.track.addEventListener('ended', () => void this.unpublish(source), {
        once: true,
        signal: ended.signal,
      });
    }
    this.#wanted.set(source, wanted);
    this.#changed();
  }

  #changed(): void {
    this.#local = new Map(
      [...this.#wanted].map(([source, { track, muted }]) => [source, { source, track, muted }] as const),
    );
    this.#events.localChanged();
  }

  async #syncAll(): Promise<void> {
    await Promise.all([...this.#legs.values()].map((publication) => publication.sync()));
  }
}
