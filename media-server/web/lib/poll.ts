export interface PollOptions {
  /** One look. Its error, if any, is the caller's to handle inside. @returns ms until the next one */
  readonly look: (signal: AbortSignal) => Promise<number>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** The page, as far as its being visible goes. */
  readonly page: Pick<Document, 'hidden' | 'addEventListener' | 'removeEventListener'>;
}

/** Looks again and again, one look at a time, and rests while nobody can see the page. Ends with its signal. */
export async function poll({ look, timeoutMs, signal, page }: PollOptions): Promise<void> {
  while (!signal.aborted) {
    await untilVisible(page, signal);
    if (signal.aborted) return;
    const waitMs = await look(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    await pause(waitMs, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

function untilVisible(page: PollOptions['page'], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (page.hidden && !signal.aborted) return;
      page.removeEventListener('visibilitychange', check);
      signal.removeEventListener('abort', check);
      resolve();
    };
    page.addEventListener('visibilitychange', check);
    signal.addEventListener('abort', check);
    check();
  });
}
