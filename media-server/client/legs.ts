import type { HoldfastError } from '../protocol/errors.ts';
import { toHoldfastError } from '../protocol/errors.ts';
import type { LegOpen, LegReason } from '../protocol/signalling.ts';
import type { MediaPath } from '../protocol/values.ts';
import { Blame } from './blame.ts';
import type { Connection, ResumedLegs } from './connection.ts';
import { Leg, type LegEvents } from './leg.ts';
import { nothingFlows } from './path-health.ts';

export interface LegsEvents extends LegEvents {
  /** It begins to connect. `started` settles when it can publish; `estimate`: what the other legs know of the uplink. */
  opened: (leg: Leg, open: LegOpen, started: Promise<void>, estimate: Promise<number | undefined>) => void;
  ready: (leg: Leg) => void;
  failed: (leg: Leg, error: HoldfastError) => void;
  /** Called while its transports still live, so that players can let go of its tracks. */
  closing: (leg: Leg) => void;
  moveStarted: (move: { nodeId: string; reason: LegReason }) => void;
  moveFinished: (move: { nodeId: string; reason: LegReason; durationMs: number }) => void;
  /** `recovering`, or who is there, may be different now. */
  changed: () => void;
}

interface Entry {
  readonly leg: Leg;
  /** Grows with each leg. */
  readonly rank: number;
  published: boolean;
  finished: boolean;
}

const ESTIMATE_EVERY_MS = 2_000;

/** The legs that are open: normally one, two while the meeting moves, three when a target dies meanwhile. */
export class Legs {
  readonly #connection: Connection;
  readonly #events: LegsEvents;
  readonly #onlyPath: MediaPath | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #firstLegs = new Set<string>();
  readonly #sampler: ReturnType<typeof setInterval>;
  readonly #blame = new Blame();
  readonly #legEvents: LegEvents;
  #lastEstimateBps: number | undefined;
  #ranks = 0;
  #leglessSinceMs: number | undefined = performance.now();
  #mediaLostAtMs: number | undefined = performance.now();
  #lastLegId: string | undefined;
  #closed = false;

  /** @param onlyPath offers this path alone to the browser, to try it */
  constructor(connection: Connection, events: LegsEvents, onlyPath?: MediaPath) {
    this.#connection = connection;
    this.#onlyPath = onlyPath;
    this.#events = events;
    this.#legEvents = {
      ...events,
      healthChanged: () => {
        this.#noteMedia();
        events.healthChanged();
      },
    };
    // A dead leg cannot be asked any more, and it is just then that its estimate is wanted.
    this.#sampler = setInterval(() => void this.#estimate(), ESTIMATE_EVERY_MS);
  }

  get(legId: string): Leg | undefined {
    return this.#entries.get(legId)?.leg;
  }

  rankOf(leg: Leg): number {
    return this.#entries.get(leg.legId)?.rank ?? 0;
  }

  get all(): readonly Leg[] {
    return [...this.#entries.values()].map(({ leg }) => leg);
  }

  /** The newest: where the meeting is, or is going. */
  get current(): Leg | undefined {
    return this.all.at(-1);
  }

  /** Since when there has been none. */
  get leglessSinceMs(): number | undefined {
    return this.#leglessSinceMs;
  }

  /** The newest one, closed or not. */
  get lastLegId(): string | undefined {
    return this.#lastLegId;
  }

  /** Since when no transport of any leg is connected; undefined: one is. */
  get mediaLostAtMs(): number | undefined {
    return this.#mediaLostAtMs;
  }

  /** Media should flow and does not, on any leg. */
  isCutOff(nowMs: number): boolean {
    return nothingFlows(
      this.all.flatMap(({ paths }) => paths),
      nowMs,
    );
  }

  /** The media node is gone and the new leg is not yet up. */
  get recovering(): boolean {
    const entries = [...this.#entries.values()];
    return (
      entries.length === 0 || entries.some(({ leg, published }) => leg.reason === 'recovery' && !published)
    );
  }

  /** What `resume` names. */
  get resumable(): ResumedLegs {
    return this.all.map(({ legId, nodeId, epoch }) => ({ legId, nodeId, epoch }));
  }

  isFirst(legId: string): boolean {
    return this.#firstLegs.has(legId);
  }

  isPublished(legId: string): boolean {
    return this.#entries.get(legId)?.published === true;
  }

  open(open: LegOpen): void {
    if (this.#closed || this.#entries.has(open.legId)) return;
    const estimate = this.#estimate();
    const leg = new Leg(
      open,
      this.#connection,
      this.#legEvents,
      this.#blame,
      performance.now(),
      this.#onlyPath,
    );
    this.#leglessSinceMs = undefined;
    this.#lastLegId = leg.legId;
    this.#ranks += 1;
    this.#entries.set(leg.legId, {
      leg,
      rank: this.#ranks,
      published: false,
      finished: open.reason === 'join',
    });
    if (open.reason === 'join') this.#firstLegs.add(leg.legId);
    else this.#events.moveStarted({ nodeId: leg.nodeId, reason: leg.reason });
    const started = leg.start();
    started.then(
      () => !leg.closed && this.#events.ready(leg),
      (error: unknown) => !leg.closed && this.#events.failed(leg, toHoldfastError(error)),
    );
    this.#events.opened(leg, open, started, estimate);
    this.#events.changed();
  }

  published(leg: Leg): void {
    const entry = this.#entries.get(leg.legId);
    if (!entry) return;
    entry.published = true;
    this.#finish();
    this.#events.changed();
  }

  close(legId: string): void {
    const leg = this.#entries.get(legId)?.leg;
    if (!leg) return;
    this.#entries.delete(legId);
    this.#firstLegs.delete(legId);
    if (this.#entries.size === 0) this.#leglessSinceMs = performance.now();
    this.#events.closing(leg);
    leg.close();
    this.#noteMedia();
    this.#finish();
    this.#events.changed();
  }

  /** For good: none is opened any more. */
  closeAll(): void {
    this.#closed = true;
    clearInterval(this.#sampler);
    for (const { leg } of this.#entries.values()) leg.close();
    this.#entries.clear();
  }

  #noteMedia(): void {
    const flows = this.all.some(({ paths }) => paths.some(({ state }) => state === 'connected'));
    this.#mediaLostAtMs = flows ? undefined : (this.#mediaLostAtMs ?? performance.now());
  }

  /** A move is over when its leg is the only one and carries everything of ours. */
  #finish(): void {
    const [only, ...others] = this.#entries.values();
    if (!only || others.length > 0 || !only.published || only.finished) return;
    only.finished = true;
    const { nodeId, reason, openedAtMs } = only.leg;
    this.#events.moveFinished({ nodeId, reason, durationMs: performance.now() - openedAtMs });
  }

  async #estimate(): Promise<number | undefined> {
    // One that sends already: another has no estimate of its own yet, only WebRTC's first guess.
    const sending = [...this.#entries.values()].findLast(({ published }) => published)?.leg;
    this.#lastEstimateBps = (await sending?.outgoingEstimateBps()) ?? this.#lastEstimateBps;
    return this.#lastEstimateBps;
  }
}
