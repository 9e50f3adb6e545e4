/** One video consumer as the watchdog sees it, now. */
export interface WatchedConsumer {
  readonly consumerId: string;
  /** Since when frames should come: it was made ready, or its sender has unmuted. */
  readonly expectedSinceMs: number;
  /** `resumed`: the sender's camera needs a moment longer than a stream that already flows. */
  readonly expectedBecause: 'ready' | 'resumed';
  readonly lastFrameAtMs: number | undefined;
  /** Whether it is the one that is seen; of the others only the first frame is awaited. */
  readonly visible: boolean;
}

const STILL_MS = 450;
const UNMUTE_MS = 1_500;
/** The node sends the low layer for 4 s after a report: another one sooner would tell it nothing new. */
const REPEAT_MS = 5_000;
const CHECK_MS = 50;

/** Finds pictures that stand still though frames should come, and says so once. */
export class Watchdog {
  readonly #reportedAtMs = new Map<string, number>();
  readonly #consumers: () => Iterable<WatchedConsumer>;
  readonly #onStalled: (consumerId: string) => void;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(options: {
    /** What to watch: no muted streams, no still ones such as a shared screen, nothing while the page is hidden. */
    readonly consumers: () => Iterable<WatchedConsumer>;
    readonly onStalled: (consumerId: string) => void;
    readonly now: () => number;
  }) {
    this.#consumers = options.consumers;
    this.#onStalled = options.onStalled;
    this.#timer = setInterval(() => this.check(options.now()), CHECK_MS);
  }

  check(nowMs: number): void {
    const seen = new Set<string>();
    for (const consumer of this.#consumers()) {
      seen.add(consumer.consumerId);
      const reportedAtMs = this.#reportedAtMs.get(consumer.consumerId) ?? Number.NEGATIVE_INFINITY;
      if (!standsStill(consumer, nowMs) || nowMs - reportedAtMs < REPEAT_MS) continue;
      this.#reportedAtMs.set(consumer.consumerId, nowMs);
      this.#onStalled(consumer.consumerId);
    }
    for (const id of this.#reportedAtMs.keys()) if (!seen.has(id)) this.#reportedAtMs.delete(id);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

export function standsStill(consumer: WatchedConsumer, nowMs: number): boolean {
  const { lastFrameAtMs, expectedSinceMs } = consumer;
  const fresh = lastFrameAtMs === undefined || lastFrameAtMs < expectedSinceMs;
  if (fresh) {
    return nowMs - expectedSinceMs >= (consumer.expectedBecause === 'resumed' ? UNMUTE_MS : STILL_MS);
  }
  return consumer.visible && nowMs - lastFrameAtMs >= STILL_MS;
}
