import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { findChromium, launchChromium } from '../../observe/chromium.ts';
import { ObservedParticipant } from '../../observe/participants.ts';
import type { Namespace } from './namespace.ts';
import {
  asTime,
  LEAVE_LIMIT_MS,
  noteSignalling,
  type People,
  type Person,
  readSignalling,
  within,
} from './people.ts';

/** Chromium speaks with its driver through pipes, which no namespace is in the way of. */
export class ChromiumPeople implements People {
  readonly #browser: Browser;
  readonly #baseUrl: string;
  readonly #inside: ObservedParticipant[] = [];

  private constructor(browser: Browser, baseUrl: string) {
    this.#browser = browser;
    this.#baseUrl = baseUrl;
  }

  static async open(
    namespace: Namespace,
    options: { readonly baseUrl: string; readonly folder: string; readonly spkiHash: string },
  ): Promise<ChromiumPeople> {
    const { baseUrl, folder, spkiHash } = options;
    const program = join(folder, 'chromium.sh');
    const [command, args] = namespace.enter(findChromium(), []);
    writeFileSync(program, `#!/bin/sh\nexec ${[command, ...args].map(quoted).join(' ')} "$@"\n`);
    chmodSync(program, 0o700);
    const browser = await launchChromium({
      headed: false,
      program,
      // TURN's TLS as well as the pages'.
      extraArgs: [`--ignore-certificate-errors-spki-list=${spkiHash}`],
    });
    return new ChromiumPeople(browser, baseUrl);
  }

  async join(meeting: string, name: string): Promise<Person> {
    const participant = await ObservedParticipant.join(
      this.#browser,
      this.#baseUrl,
      meeting,
      name,
      noteSignalling,
    );
    this.#inside.push(participant);
    return {
      name,
      meeting,
      errors: participant.errors,
      streams: (sinceMs) => participant.streams(sinceMs),
      diagnostics: () => participant.diagnostics(),
      signallingSinceMs: async () => asTime(await participant.page.evaluate(readSignalling)),
    };
  }

  async close(): Promise<void> {
    // A page that is closed leaves its meeting; one that dies with its browser is waited for.
    await within(
      LEAVE_LIMIT_MS,
      Promise.all(this.#inside.splice(0).map((participant) => participant.leave())),
    );
    await this.#browser.close();
  }
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
