// Ctrl-C and its kin, told once to whoever has something to end.
import { constants } from 'node:os';
import { Exit } from './errors.mjs';

/** @type {Set<(signal: NodeJS.Signals) => void>} */
const receivers = new Set();

/** @type {NodeJS.Signals | undefined} */
let first;
let lastAt = 0;

// A terminal signals every process in it, and npm passes the same signal on once more. Both mean one key.
const sameKeyMs = 500;

/** @type {NodeJS.Signals[]} */
const ending = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** From here on a signal no longer ends this process at once. */
export function watchSignals() {
  for (const name of ending) {
    process.on(name, () => {
      const now = performance.now();
      if (first && now - lastAt < sameKeyMs) return;
      first ??= name;
      lastAt = now;
      for (const receive of receivers) receive(name);
    });
  }
}

/**
 * @param {(signal: NodeJS.Signals) => void} receive
 * @returns {() => void} stops it
 */
export function onSignal(receive) {
  receivers.add(receive);
  return () => receivers.delete(receive);
}

/** Ends whatever is under way once a signal has come. */
export function throwIfInterrupted() {
  if (first) throw new Exit(exitCodeOf(first));
}

/**
 * As a shell tells it.
 * @param {NodeJS.Signals} signal
 */
export function exitCodeOf(signal) {
  return 128 + constants.signals[signal];
}
