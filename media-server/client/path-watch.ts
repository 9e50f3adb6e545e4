import { type PathView, pathAfterSample, sameView, unknownPath } from './path-quality.ts';
import { type Measured, type PathStats, pathStats } from './stats.ts';

type Transport = Measured & { readonly connectionState: string };

/** What of a leg is looked at. */
export interface WatchedLeg {
  readonly legId: string;
  readonly closed: boolean;
  readonly sendTransport: Transport | undefined;
  readonly recvTransport: Transport | undefined;
}

export interface PathWatchOptions {
  readonly legs: {
    readonly all: readonly WatchedLeg[];
    readonly current: WatchedLeg | undefined;
    isCutOff(nowMs: number): boolean;
  };
  /** What is known of a leg's path is new, or has to be said again. */
  readonly onPath: (leg: WatchedLeg, view: PathView) => void;
  readonly onChanged: (view: PathView) => void;
  readonly now: () => number;
}

const LOOK_EVERY_MS = 3000;

interface Totals {
  readonly received: number;
  readonly lost: number;
}

/** Looks every few seconds by which path media flows, and how well. */
export class PathWatch {
  readonly #options: PathWatchOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  /** What was said of each leg, and what it had received by then. */
  readonly #told = new WeakMap<WatchedLeg, PathView>();
  readonly #totals = new WeakMap<WatchedLeg, Totals>();
  #forgotten = new WeakSet<WatchedLeg>();
  #state = unknownPath;
  #looking = false;

  constructor(options: PathWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
  }

  get view(): PathView {
    return this.#state.view;
  }

  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const { legs, onChanged, now } = this.#options;
      const before = this.view;
      const { current } = legs;
      for (const leg of legs.all) {
        const stats = await measure(leg);
        if (leg === current) {
          const { path, roundTripMs } = stats;
          const lostShare = worst(this.#lostShare(leg, stats), stats.outgoingLostShare);
          const sample = { path, roundTripMs, lostShare, cutOff: legs.isCutOff(now()) };
          this.#state = pathAfterSample(this.#state, sample);
        }
        this.#tell(leg, leg === current ? this.view : { path: stats.path, quality: 'unknown' });
      }
      // Without any leg there is nothing to measure, but much to say.
      if (!current && legs.isCutOff(now())) {
        const nothing = { path: undefined, roundTripMs: undefined, lostShare: undefined, cutOff: true };
        this.#state = pathAfterSample(this.#state, nothing);
      }
      if (!sameView(before, this.view)) onChanged(this.view);
    } finally {
      this.#looking = false;
    }
  }

  /** Whoever was told may not know it any more. */
  tellAgain(): void {
    this.#forgotten = new WeakSet(this.#options.legs.all);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tell(leg: WatchedLeg, view: PathView): void {
    const told = this.#told.get(leg);
    if (leg.closed || view.path === undefined) return;
    if (told && sameView(told, view) && !this.#forgotten.has(leg)) return;
    this.#told.set(leg, view);
    this.#forgotten.delete(leg);
    this.#options.onPath(leg, view);
  }

  #lostShare(leg: WatchedLeg, { received, lost }: PathStats): number | undefined {
    const before = this.#totals.get(leg);
    this.#totals.set(leg, { received, lost });
    if (!before) return undefined;
    // Late packets may take back losses, and streams that ended take theirs with them.
    const [lostNow, receivedNow] = [lost - before.lost, received - before.received];
    return receivedNow <= 0 || lostNow < 0 ? undefined : lostNow / (lostNow + receivedNow);
  }
}

/** Both ways of a leg go the same path, as a rule: the one that is connected is asked, the sending one for its losses too. */
async function measure({ sendTransport, recvTransport }: WatchedLeg): Promise<PathStats> {
  const connected = [sendTransport, recvTransport].filter(
    (transport) => transport?.connectionState === 'connected',
  );
  const measured = await Promise.all(
    connected.flatMap((transport) => (transport ? pathStats(transport) : [])),
  );
  return {
    path: measured.find(({ path }) => path !== undefined)?.path,
    roundTripMs: worst(...measured.map(({ roundTripMs }) => roundTripMs)),
    outgoingBitrateBps: measured[0]?.outgoingBitrateBps,
    outgoingLostShare: worst(...measured.map(({ outgoingLostShare }) => outgoingLostShare)),
    received: measured.reduce((sum, { received }) => sum + received, 0),
    lost: measured.reduce((sum, { lost }) => sum + lost, 0),
  };
}

function worst(...values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
