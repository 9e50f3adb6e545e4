import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage.strike());

describe('the page that checks a network', () => {
  it('says what works and leaves nobody behind', async () => {
    const page = await stage.browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(new URL('/check', stage.platform.baseUrl).href);
    await page.getByRole('button', { name: 'Start' }).click();
    await page
      .getByRole('heading', { name: 'This network is good for meetings' })
      .waitFor({ timeout: 60_000 });
    const rows = await page.locator('table tbody tr').allInnerTexts();
    expect(
      rows.map((row) => row.split(/\s*\t\s*/).filter((_cell, index) => index === 0 || index === 2)),
    ).toEqual([
      ['direct', 'works'],
      ['direct over TCP', 'works'],
    ]);
    const facts = await page.locator('dl').textContent();
    expect(facts).toMatch(/Round trip\s*\d+ ms/);
    expect(facts).toMatch(/Download\s*at least \d+\.\d Mbit\/s/);
    await stage.api.waitForNodes(
      'nobody is left',
      (nodes) => nodes.every(({ meetings }) => meetings.length === 0),
      {
        limitMs: 20_000,
      },
    );
    await page.getByRole('button', { name: 'Try camera and microphone' }).click();
    await page.getByLabel('Your own picture').waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });
});
