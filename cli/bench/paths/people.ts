import { setTimeout as delay } from 'node:timers/promises';
import type { Watched } from '../../observe/participants.ts';

/** Somebody in a meeting, seen from outside. */
export interface Person extends Watched {
  /** When the page first opened its signalling connection, Unix time in ms; undefined: not yet. */
  signallingSinceMs(): Promise<number | undefined>;
}

/** A browser in the client's namespace and the people in it. */
export interface People {
  join(meeting: string, name: string): Promise<Person>;
  /** Ends the browser. Idempotent; whatever still waits for it fails. */
  close(): Promise<void>;
}

/** Runs in the page before its own scripts. */
export const noteSignalling = `(() => {
  const Real = WebSocket;
  globalThis.WebSocket = class extends Real {
    constructor(...args) {
      globalThis.signallingSinceMs ??= performance.timeOrigin + performance.now();
      super(...args);
    }
  };
})()`;
export const readSignalling = 'globalThis.signallingSinceMs';

export const asTime = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

export const LEAVE_LIMIT_MS = 3000;

/** Waits for it, but not longer; how it ends is nobody's concern. */
export async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const limit = delay(limitMs, undefined, { signal: over.signal }).catch(() => {});
  await Promise.race([work.catch(() => {}), limit]);
  over.abort();
}
