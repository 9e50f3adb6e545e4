import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'puppeteer-core';
import { joinAddress, type PageGlobals, pageProbe } from '../../observe/participants.ts';
import { HelperProcess } from './helper-process.ts';
import type { Namespace } from './namespace.ts';
import { addresses } from './network.ts';
import {
  asTime,
  LEAVE_LIMIT_MS,
  noteSignalling,
  type People,
  type Person,
  readSignalling,
  within,
} from './people.ts';

/** The same on both sides of the way to it: Firefox compares. */
const DRIVER_PORT = 9222;
const START_LIMIT_MS = 30_000;

/** Fake devices, no questions asked, sound without a click. */
const preferences: Readonly<Record<string, boolean | number | string>> = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'app.update.enabled': false,
};

/** Firefox, driven over WebDriver BiDi. */
export class FirefoxPeople implements People {
  readonly #process: ChildProcess;
  readonly #forward: HelperProcess;
  readonly #browser: Browser;
  readonly #baseUrl: string;
  readonly #contexts: BrowserContext[] = [];

  private constructor(child: ChildProcess, forward: HelperProcess, browser: Browser, baseUrl: string) {
    this.#process = child;
    this.#forward = forward;
    this.#browser = browser;
    this.#baseUrl = baseUrl;
  }

  static async open(
    namespace: Namespace,
    options: {
      readonly baseUrl: string;
      readonly folder: string;
      readonly onStarted: (groupId: number) => void;
    },
  ): Promise<FirefoxPeople> {
    // Loaded for this browser alone.
    const { default: puppeteer } = await import('puppeteer-core');
    const profile = join(options.folder, 'firefox');
    mkdirSync(profile, { recursive: true });
    writeFileSync(
      join(profile, 'user.js'),
      Object.entries(preferences)
        .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
        .join(''),
    );
    const address = addresses.client[4];
    const port = String(DRIVER_PORT);
    const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', port];
    const child = spawn(...namespace.enter('firefox-esr', [...args, 'about:blank']), {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      env: { ...process.env, HOME: profile },
    });
    if (child.pid !== undefined) options.onStarted(child.pid);
    let forward: HelperProcess | undefined;
    try {
      await untilItListens(child);
      forward = await HelperProcess.start(namespace, 'forward-main.ts', address, port);
      const browser = await puppeteer.connect({
        browserWSEndpoint: `ws://${address}:${port}/session`,
        protocol: 'webDriverBiDi',
        acceptInsecureCerts: true,
      });
      return new FirefoxPeople(child, forward, browser, options.baseUrl);
    } catch (error) {
      await forward?.close();
      await endGroup(child);
      throw error;
    }
  }

  async join(meeting: string, name: string): Promise<Person> {
    // As each has a context of its own in Chromium.
    const context = await this.#browser.createBrowserContext();
    this.#contexts.push(context);
    // A tab behind another one shows no frames.
    const page = await context.newPage({ type: 'window' });
    await page.setViewport({ width: 800, height: 600 });
    await page.evaluateOnNewDocument(await pageProbe);
    await page.evaluateOnNewDocument(noteSignalling);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error instanceof Error ? error.message : String(error)));
    await page.goto(joinAddress(this.#baseUrl, meeting, name));
    return {
      name,
      meeting,
      errors,
      streams: (sinceMs) =>
        page.evaluate((since) => (globalThis as PageGlobals).holdfastProbe?.streams(since) ?? [], sinceMs),
      diagnostics: () =>
        page.evaluate(async () => (globalThis as PageGlobals).holdfast?.meeting?.diagnostics()),
      signallingSinceMs: async () => asTime(await page.evaluate(readSignalling)),
    };
  }

  async close(): Promise<void> {
    await within(LEAVE_LIMIT_MS, Promise.all(this.#contexts.splice(0).map((context) => context.close())));
    await this.#browser.disconnect();
    await this.#forward.close();
    await endGroup(this.#process);
  }
}

async function untilItListens(child: ChildProcess): Promise<void> {
  const { stderr } = child;
  if (!stderr) throw new Error('Firefox could not be started');
  let said = '';
  const listening = new Promise<boolean>((resolve) => {
    stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('WebDriver BiDi listening')) resolve(true);
    });
  });
  const ended = once(child, 'exit').then(() => false);
  const late = new AbortController();
  const limit = AbortSignal.timeout(START_LIMIT_MS);
  const timeout = once(limit, 'abort', { signal: late.signal }).then(
    () => false,
    () => false,
  );
  const ready = await Promise.race([listening, ended, timeout]);
  late.abort();
  if (!ready) throw new Error(`Firefox does not listen: ${said.trim().slice(-500)}`);
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await ended;
}
