import type { Browser } from 'playwright-core';
import { LocalPlatform } from '../local/local-platform.ts';
import { Gathering } from '../observe/gathering.ts';

/** Says in one line what is being done just now. */
export type Say = (line: string) => void;

/** A platform with two nodes and the people in their meetings, for as long as `run` takes. */
export async function onPlatform<T>(
  browser: Browser,
  options: { readonly participants: number; readonly meetings: number },
  signal: AbortSignal,
  say: Say,
  run: (gathering: Gathering) => Promise<T>,
): Promise<T> {
  const platform = await LocalPlatform.start({
    nodes: 2,
    port: 0,
    signal,
    // A killed node's successor starts when the recovery has been measured.
    cloud: { replaceFailedAfterMs: 3000 },
  });
  try {
    const gathering = new Gathering(platform, browser, { ...options, signal });
    await gathering.join(say);
    try {
      return await run(gathering);
    } finally {
      await gathering.leave();
    }
  } finally {
    await platform.close();
  }
}
