import { spawnSync } from 'node:child_process';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { benchTurn, judgeTurn } from '../../cli/bench/turn.ts';
import { launchChromium } from '../../cli/observe/chromium.ts';

const installed = spawnSync('turnserver', ['--version']).error === undefined;
if (!installed) console.warn('coturn is not installed: nobody is relayed');

describe.runIf(installed)('people whose network lets nothing but TURN through', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium({ headed: false });
  });
  afterAll(() => browser.close());

  it('stay in their meeting while one TURN server is drained until it is empty, and another is killed', async () => {
    const options = { participants: 2, drains: 1, kills: 1 };
    const numbers = await benchTurn(browser, options, AbortSignal.timeout(230_000), () => {});
    // How long they wait for a picture at the worst; what else is measured is the bench's.
    const kept = ['kill: picture back after at most, ms', 'participants lost'];
    expect(judgeTurn(numbers).filter(({ what, met }) => kept.includes(what) && !met)).toEqual([]);
    expect(numbers.relayedBytes).toBeGreaterThan(1_000_000);
  }, 240_000);
});
