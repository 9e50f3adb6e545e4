import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** Thrown when there is no browser; the message says what to do. */
export class NoBrowserError extends Error {
  override readonly name = 'NoBrowserError';
}

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** The browser to use: `HOLDFAST_CHROMIUM`, else the first one on PATH. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string {
  const given = env.HOLDFAST_CHROMIUM;
  const places = given
    ? [given]
    : (env.PATH ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  for (const place of places) {
    try {
      accessSync(place, constants.X_OK);
      return place;
    } catch {
      // Not here; the next place may have it.
    }
  }
  throw new NoBrowserError(
    given
      ? `HOLDFAST_CHROMIUM names ${given}, which cannot be run. Correct it, or unset it to look on PATH.`
      : 'no Chromium found. Install one (Debian, Ubuntu: apt-get install chromium), or name it in HOLDFAST_CHROMIUM.',
  );
}

/**
 * One browser for all participants: one context and page each costs less than a browser each and measures with less
 * noise. Fake camera and microphone; pages in the background keep their full rate.
 */
export async function launchChromium(options: {
  readonly headed: boolean;
  /** Default: what `findChromium` finds. */
  readonly program?: string;
  readonly extraArgs?: readonly string[];
  readonly signal?: AbortSignal;
}): Promise<Browser> {
  options.signal?.throwIfAborted();
  return chromium.launch({
    executablePath: options.program ?? findChromium(),
    headless: !options.headed,
    ignoreDefaultArgs: ['--mute-audio'],
    // Signals are handled by whoever asked for the browser, in its own order.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      '--autoplay-policy=no-user-gesture-required',
      '--allow-loopback-in-peer-connection',
      '--disable-background-timer-throttling',
      '--disable-renderer-backgrounding',
      '--disable-backgrounding-occluded-windows',
      '--disable-features=CalculateNativeWinOcclusion,IntensiveWakeUpThrottling',
      ...(options.extraArgs ?? []),
    ],
  });
}
