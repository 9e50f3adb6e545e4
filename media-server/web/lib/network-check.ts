import type { Diagnostics, JoinOptions, MediaPath, MeetingHandle } from '../../client/types.ts';
import { toHoldfastError } from '../../protocol/errors.ts';
import { mediaPath } from '../../protocol/values.ts';
import { hostAndPort, type PathOutcome } from './check-words.ts';
import { joinRefusal, type PlainWords } from './plain-words.ts';
import { Signal } from './signal.ts';

/** What of a meeting is used to try out a network. */
export type TriedMeeting = Pick<MeetingHandle, 'diagnostics' | 'leave'>;

export interface NetworkCheckOptions {
  readonly join: (options: JoinOptions) => Promise<TriedMeeting>;
  /** A token for one more participant of the check's own meeting. */
  readonly token: (signal: AbortSignal) => Promise<string>;
  /** The token is good for one participant only: ways cannot be tried apart. */
  readonly once: boolean;
  /** A picture to send; called for each participant. */
  readonly picture: () => { readonly track: MediaStreamTrack; readonly stop: () => void };
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface PathRow extends Omit<PathOutcome, 'works'> {
  readonly state: 'trying' | 'works' | 'blocked';
}

/** What was measured while a picture went up and came down for a while. */
export interface Quality {
  readonly roundTripMs: number | null;
  /** 0..1, of what was sent and of what came. */
  readonly lostShare: number | null;
  /** What the network carries at least, bit/s: no more is tried than a meeting needs. */
  readonly uploadBps: number | null;
  readonly downloadBps: number | null;
}

export interface NetworkCheckView {
  readonly state: 'waiting' | 'running' | 'done';
  /** Until the server had let us in, ms. */
  readonly joinMs: number | null;
  readonly paths: readonly PathRow[];
  readonly quality: Quality | undefined;
  /** Why nothing more could be tried. */
  readonly problem: PlainWords | undefined;
}

const PATH_LIMIT_MS = 8000;
const LOOK_EVERY_MS = 200;
const MEASURE_MS = 6000;

const nothingYet: NetworkCheckView = {
  ...{ state: 'waiting', joinMs: null, paths: [], quality: undefined, problem: undefined },
};

/** Tries out this network, as participants in a meeting of its own: each way for media apart, then how much the best carries. */
export class NetworkCheck {
  readonly #options: NetworkCheckOptions;
  readonly #view = new Signal<NetworkCheckView>(nothingYet);

  constructor(options: NetworkCheckOptions) {
    this.#options = options;
  }

  get view(): NetworkCheckView {
    return this.#view.value;
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#view.subscribe(listener);

  /** What is known of the ways, for the verdict. */
  static outcomes({ paths }: NetworkCheckView): PathOutcome[] {
    return paths
      .filter(({ state }) => state !== 'trying')
      .map(({ path, at, state, roundTripMs }) => ({ path, at, works: state === 'works', roundTripMs }));
  }

  /** Rejects only with the signal's reason. May be called again when it has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const { now, once } = this.#options;
    this.#view.set({ ...nothingYet, state: 'running' });
    const startedAtMs = now();
    try {
      await this.#inside({}, signal, async (meeting) => {
        this.#update({ joinMs: Math.round(now() - startedAtMs) });
        const offers = await offersOf(meeting);
        this.#update({ paths: offers });
        if (once) await this.#watchOne(meeting, signal);
        else await Promise.all(offers.map(({ path }) => this.#tryAlone(path, signal)));
        if (!once) await this.#inside({}, signal, () => this.#measure(meeting, signal));
      });
    } catch (error) {
      signal.throwIfAborted();
      this.#update({ problem: joinRefusal(toHoldfastError(error), once) });
    }
    this.#update({ state: 'done' });
  }

  async #tryAlone(path: MediaPath, signal: AbortSignal): Promise<void> {
    try {
      await this.#inside({ onlyPath: path }, signal, async (meeting) => {
        const leg = await this.#connected(meeting, signal);
        if (leg) this.#pathIs(path, 'works', leg.roundTripMs);
      });
    } catch {
      signal.throwIfAborted();
    }
    // It did not connect in time, or did not even get so far.
    if (this.view.paths.some((row) => row.path === path && row.state === 'trying'))
      this.#pathIs(path, 'blocked');
  }

  /** The way that the browser takes by itself is all that can be told. */
  async #watchOne(meeting: TriedMeeting, signal: AbortSignal): Promise<void> {
    const leg = await this.#connected(meeting, signal);
    if (leg?.path) this.#pathIs(leg.path, 'works', leg.roundTripMs);
    const tried = this.view.paths.filter(({ state }) => state !== 'trying');
    // Without any, all of them were tried, by the browser.
    this.#update({
      paths: tried.length > 0 ? tried : this.view.paths.map((row) => ({ ...row, state: 'blocked' })),
    });
  }

  async #connected(
    meeting: TriedMeeting,
    signal: AbortSignal,
  ): Promise<Diagnostics['legs'][number] | undefined> {
    const { now, wait } = this.#options;
    const deadlineMs = now() + PATH_LIMIT_MS;
    for (;;) {
      const { legs } = await meeting.diagnostics();
      const leg = legs.find(({ current }) => current);
      if (leg?.sendState === 'connected' && leg.path) return leg;
      if (now() >= deadlineMs) return undefined;
      await wait(LOOK_EVERY_MS, signal);
    }
  }

  async #measure(meeting: TriedMeeting, signal: AbortSignal): Promise<void> {
    const { now, wait } = this.#options;
    // The other one's picture has to arrive before it can be counted.
    await wait(MEASURE_MS / 2, signal);
    const [before, fromMs] = [await meeting.diagnostics(), now()];
    await wait(MEASURE_MS, signal);
    this.#update({ quality: qualityBetween(before, await meeting.diagnostics(), now() - fromMs) });
  }

  /** One more participant, who is gone afterwards. */
  async #inside(
    options: Pick<JoinOptions, 'onlyPath'>,
    signal: AbortSignal,
    run: (meeting: TriedMeeting) => Promise<void>,
  ): Promise<void> {
    const { join, token, picture } = this.#options;
    const { track, stop } = picture();
    let meeting: TriedMeeting | undefined;
    try {
      meeting = await join({ ...options, token: await token(signal), tracks: { camera: track }, signal });
      await run(meeting);
    } finally {
      stop();
      await meeting?.leave();
    }
  }

  #pathIs(path: MediaPath, state: PathRow['state'], roundTripMs: number | undefined = undefined): void {
    const rounded = roundTripMs === undefined ? null : Math.round(roundTripMs);
    this.#update({
      paths: this.view.paths.map((row) =>
        row.path === path ? { ...row, state, roundTripMs: rounded } : row,
      ),
    });
  }

  #update(change: Partial<NetworkCheckView>): void {
    this.#view.set({ ...this.view, ...change });
  }
}

async function offersOf(meeting: TriedMeeting): Promise<PathRow[]> {
  const offers = (await meeting.diagnostics()).legs.find(({ current }) => current)?.offers ?? [];
  return mediaPath.options.flatMap((path) => {
    const at = offers.filter((offer) => offer.path === path).map(({ host, port }) => hostAndPort(host, port));
    return at.length === 0 ? [] : { path, at: [...new Set(at)], state: 'trying' as const, roundTripMs: null };
  });
}

/** What went through between two looks. */
export function qualityBetween(before: Diagnostics, after: Diagnostics, elapsedMs: number): Quality {
  const leg = after.legs.find(({ current }) => current);
  const total = (diagnostics: Diagnostics, field: 'bytesReceived' | 'packetsReceived' | 'packetsLost') =>
    diagnostics.streams.reduce((sum, stream) => sum + (stream[field] ?? 0), 0);
  const grown = (field: 'bytesReceived' | 'packetsReceived' | 'packetsLost') =>
    total(after, field) - total(before, field);
  const [received, lost] = [grown('packetsReceived'), Math.max(0, grown('packetsLost'))];
  const incoming = received + lost > 0 ? lost / (received + lost) : undefined;
  const losses = [incoming, leg?.outgoingLostShare].filter((share) => share !== undefined);
  return {
    roundTripMs: leg?.roundTripMs === undefined ? null : Math.round(leg.roundTripMs),
    lostShare: losses.length === 0 ? null : Math.max(...losses),
    uploadBps: leg?.outgoingBitrateBps ?? null,
    downloadBps: received > 0 ? Math.round((grown('bytesReceived') * 8000) / elapsedMs) : null,
  };
}
