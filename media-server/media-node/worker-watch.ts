/**
 * Whether a worker still answers. It is asked something cheap again and again; one question is under way at a time. All times
 * are of this process's awake time, so that its own standing still is never taken for a silent worker.
 */
export type WorkerWatch =
  | { readonly state: 'answering' }
  | { readonly state: 'asked'; readonly sinceMs: number }
  | { readonly state: 'broken'; readonly reason: string };

export type WatchEvent =
  | { readonly type: 'tick'; readonly nowMs: number }
  | { readonly type: 'answered' }
  /** The question could not even be put: the library cannot write to this worker any more. */
  | { readonly type: 'unaskable'; readonly reason: string };

/** A worker that is alive answers within milliseconds, under full load within tenths of a second. */
export const SILENCE_LIMIT_MS = 3000;

/** `asked` that was not `asked` before: put the question now. */
export function nextWorkerWatch(watch: WorkerWatch, event: WatchEvent): WorkerWatch {
  if (watch.state === 'broken') return watch;
  switch (event.type) {
    case 'answered':
      return { state: 'answering' };
    case 'unaskable':
      return { state: 'broken', reason: event.reason };
    case 'tick':
      if (watch.state === 'answering') return { state: 'asked', sinceMs: event.nowMs };
      return event.nowMs - watch.sinceMs < SILENCE_LIMIT_MS
        ? watch
        : { state: 'broken', reason: `no answer for ${SILENCE_LIMIT_MS} ms` };
  }
}
