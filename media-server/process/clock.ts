/** Time, handed to whoever waits, so that tests move it by hand. All our processes wait with it and nothing else. */
export interface Clock {
  /** Unix time in ms. */
  now(): number;
  /** Calls `run` once after `ms`; the function returned takes that back. */
  after(ms: number, run: () => void): () => void;
}

/** The longest time a timer of Node's can wait, ms; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or at once when the signal aborts. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
