import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Diagnostics } from '@holdfast/media-server/client/types.ts';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { transformWithOxc } from 'vite';
import { FREEZE_MS, largestGap } from './gaps.ts';
import type { PageProbe, StreamRecord } from './records.ts';

/** Present time of the same clock that the pages' records use. */
export const nowMs = (): number => performance.timeOrigin + performance.now();

/** The probe as a classic script: it imports nothing at run time, so only its types and its (empty) exports go. */
export const pageProbe = (async () => {
  const file = new URL('./page/page-probe.ts', import.meta.url);
  const { code } = await transformWithOxc(readFileSync(file, 'utf8'), file.pathname);
  return code.replace(/^export \{\s*\};?$/m, '');
})();
// Whoever joins awaits it and hears of a failure there.
pageProbe.catch(() => {});

/** What the pages offer on `globalThis` for support. */
export interface PageGlobals {
  holdfastProbe?: PageProbe;
  holdfast?: { meeting?: { state: string; diagnostics(): Promise<Diagnostics> } | undefined };
}

/** Where somebody enters a meeting at once, without the lobby. */
export function joinAddress(baseUrl: string, meeting: string, name: string): string {
  const url = new URL(`/m/${encodeURIComponent(meeting)}`, baseUrl);
  url.searchParams.set('name', name);
  url.searchParams.set('join', '1');
  return url.href;
}

/** What is needed of a participant to judge what it sees, whatever browser it is in. */
export type Watched = Pick<ObservedParticipant, 'name' | 'meeting' | 'errors' | 'streams' | 'diagnostics'>;

/** One browser page in one meeting. */
export class ObservedParticipant {
  readonly name: string;
  readonly meeting: string;
  readonly page: Page;
  /** Errors that the page threw or logged. */
  readonly errors: string[] = [];
  readonly #context: BrowserContext;

  private constructor(name: string, meeting: string, context: BrowserContext, page: Page) {
    this.name = name;
    this.meeting = meeting;
    this.#context = context;
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
  }

  static async join(
    browser: Browser,
    baseUrl: string,
    meeting: string,
    name: string,
    /** A script that runs in the page before its own. */
    prepare?: string,
  ): Promise<ObservedParticipant> {
    // Small: without a GPU every shown pixel costs CPU, and these people share one machine.
    const context = await browser.newContext({
      viewport: { width: 800, height: 600 },
      ignoreHTTPSErrors: true,
    });
    await context.addInitScript({ content: await pageProbe });
    if (prepare !== undefined) await context.addInitScript({ content: prepare });
    const page = await context.newPage();
    const participant = new ObservedParticipant(name, meeting, context, page);
    await page.goto(joinAddress(baseUrl, meeting, name));
    return participant;
  }

  /** Frames that its visible pictures showed since then. */
  streams(sinceMs: number): Promise<StreamRecord[]> {
    return this.page.evaluate(
      (since) => (globalThis as PageGlobals).holdfastProbe?.streams(since) ?? [],
      sinceMs,
    );
  }

  async lateAnimationFrames(sinceMs: number): Promise<number> {
    const late = await this.page.evaluate(
      (since) => (globalThis as PageGlobals).holdfastProbe?.lateAnimationFrames(since) ?? [],
      sinceMs,
    );
    return Math.max(0, ...late.map(({ afterMs }) => afterMs));
  }

  /** The SDK's own view; undefined while it is not in the meeting. */
  diagnostics(): Promise<Diagnostics | undefined> {
    return this.page.evaluate(async () => (globalThis as PageGlobals).holdfast?.meeting?.diagnostics());
  }

  /** The page dies, and tells nobody: what a crashed browser or a pulled plug looks like. */
  async vanish(): Promise<void> {
    await this.page.goto('chrome://crash').catch(() => {});
    await this.leave();
  }

  async leave(): Promise<void> {
    await this.#context.close();
  }
}

/** Whether every participant sees a running picture of every other one of its meeting. Returns who does not, in words. */
export async function whoIsNotSeen(people: readonly Watched[], withinMs: number): Promise<string[]> {
  const window = { fromMs: nowMs() - withinMs, toMs: nowMs() };
  const missing: string[] = [];
  await Promise.all(
    people.map(async (viewer) => {
      const streams = await viewer.streams(window.fromMs - 1000);
      for (const other of people) {
        if (other === viewer || other.meeting !== viewer.meeting) continue;
        const stream = streams.find(({ from, source }) => from === other.name && source === 'camera');
        const gapMs = stream ? largestGap(stream.frames, window).lengthMs : Number.POSITIVE_INFINITY;
        if (gapMs > FREEZE_MS * 2) missing.push(`${viewer.name} sees no running picture of ${other.name}`);
      }
    }),
  );
  return missing;
}

/** Waits until everybody sees everybody, without a break, for `steadyMs`. Rejects with who does not, after `limitMs`. */
export async function waitUntilAllSeen(
  people: readonly Watched[],
  options: { steadyMs: number; limitMs: number; signal?: AbortSignal },
): Promise<void> {
  const deadlineMs = nowMs() + options.limitMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const missing = await whoIsNotSeen(people, options.steadyMs);
    if (missing.length === 0) return;
    if (nowMs() > deadlineMs) {
      const errors = people.flatMap(({ name, errors }) =>
        errors.slice(0, 3).map((error) => `${name}: ${error}`),
      );
      throw new Error(
        `not everybody sees everybody after ${Math.round(options.limitMs / 1000)} s: ${missing.slice(0, 6).join('; ')}${errors.length > 0 ? `. The pages said: ${errors.join(' | ')}` : ''}`,
      );
    }
    await delay(200);
  }
}
