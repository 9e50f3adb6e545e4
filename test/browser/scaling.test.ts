import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoArc, demoAutoscaler } from '../../cli/demo/arc.ts';
import { announce, Visitors } from '../../cli/demo/visitors.ts';
import { Stage } from './stage.ts';

const arc = demoArc({ participants: 4, meetings: 2 });
const visitors = new Visitors();
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set({
    nodes: 1,
    machine: { workers: 1, carries: { workerStreams: arc.workerStreams } },
    autoscaler: demoAutoscaler(arc),
  });
  await announce(stage.platform, arc);
  await visitors.arrive(stage.platform, arc.visitors);
  await stage.api.waitForNodes('a second node', (nodes) => nodes.length === 2, { limitMs: 30_000 });
});
afterAll(() => stage.strike());

describe.each([
  { width: 360, scheme: 'light' },
  { width: 360, scheme: 'dark' },
  { width: 1280, scheme: 'light' },
  { width: 1920, scheme: 'dark' },
] as const)('the operator page of a fleet that has grown, $width px wide, $scheme', ({ width, scheme }) => {
  it('shows capacity and load, what was decided and why, and what each machine does', async () => {
    const context = await stage.browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: scheme,
    });
    const page = await context.newPage();
    try {
      await page.goto(stage.platform.operatorUrl);
      await page.getByLabel(/token/i).first().fill(stage.platform.operatorToken);
      await page.keyboard.press('Enter');
      const scaling = page.getByRole('region', { name: 'Scaling' });
      const decisions = scaling.locator('.decisions');
      await decisions.getByText('Launch: 2 machines wanted').waitFor();
      await decisions.getByText(/workers are free, 0\.4 are to be/).waitFor();
      await scaling.getByRole('img', { name: /of 2 workers are taken/ }).waitFor();
      expect(await scaling.locator('.lane-name').allTextContents()).toEqual(['node-1', 'node-2']);
      expect(await scaling.locator('.lane').first().getByText('serving').count()).toBe(1);
      await scaling.getByText(/^Led by /).waitFor();
      expect(
        await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
      ).toBe(0);
      await page.evaluate(axe.source);
      expect(
        await page.evaluate(`(async () => (await axe.run()).violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target }) => target.join(' ')) })))()`),
      ).toEqual([]);
      const { HOLDFAST_SCREENSHOTS: folder } = process.env;
      if (folder) await page.screenshot({ path: `${folder}/scaling-${width}-${scheme}.png`, fullPage: true });
    } finally {
      await context.close();
    }
  });
});

it('the launch was decided before anybody had to wait', async () => {
  const decisions = await stage.api.decisions();
  const launch = decisions.find(({ decision }) => decision.type === 'grow');
  expect(launch).toMatchObject({
    outcome: 'done',
    figures: { wanted: 1, capacityWorkers: 1, askingMeetings: 0 },
  });
});

it('people leave, and the surplus machine is given back', async () => {
  await visitors.leave();
  await stage.api.waitForNodes('one node', (nodes) => nodes.length === 1, { limitMs: 60_000 });
  await expect
    .poll(
      async () => (await stage.api.decisions()).map(({ decision, outcome }) => `${decision.type} ${outcome}`),
      {
        timeout: 10_000,
      },
    )
    .toContain('release done');
  expect(stage.platform.cloud.describe().wanted).toBe(1);
});
