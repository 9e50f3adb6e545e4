import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage.strike());

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly string[];
}

/** What axe-core finds that keeps people out. */
async function seriousViolations(page: Page): Promise<Violation[]> {
  await page.evaluate(axe.source);
  return page.evaluate(`(async () => {
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ target }) => target.join(' ')) }));
  })()`);
}

const sidewaysScrolling = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** Controls that lie over each other or reach out of the window to a side. */
const misplacedControls = (page: Page) =>
  page.evaluate(`(() => {
    const controls = [...document.querySelectorAll('button, a, input, select')]
      .map((control) => ({ name: control.ariaLabel ?? control.textContent, box: control.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 1 && box.height > 1);
    const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
    return [
      ...controls.filter(({ box }) => box.left < 0 || box.right > innerWidth).map(({ name }) => name + ' is cut'),
      ...controls.flatMap((one, index) =>
        controls.slice(index + 1).filter((other) => !apart(one.box, other.box)).map((other) => one.name + ' over ' + other.name),
      ),
    ];
  })()`);

async function open(path: string, width: number, colorScheme: 'light' | 'dark') {
  const context = await stage.browser.newContext({ viewport: { width, height: 800 }, colorScheme });
  const page = await context.newPage();
  await page.goto(new URL(path, stage.platform.baseUrl).href);
  return { page, close: () => context.close() };
}

const sizes = [
  { width: 360, scheme: 'light' },
  { width: 360, scheme: 'dark' },
  { width: 1280, scheme: 'light' },
  { width: 1920, scheme: 'light' },
  { width: 1920, scheme: 'dark' },
] as const;

const pages = [
  {
    what: 'the home page',
    path: '/',
    ready: (page: Page) => page.getByRole('heading', { level: 1 }).waitFor(),
  },
  {
    what: 'the lobby',
    path: '/m/axe?name=Ada',
    ready: (page: Page) => page.getByRole('button', { name: 'Join' }).waitFor(),
  },
  {
    what: 'the meeting',
    path: '/m/axe?name=Ada&join=1',
    ready: (page: Page) => page.getByRole('button', { name: 'Leave' }).waitFor(),
  },
  {
    what: 'the check of a network',
    path: '/check',
    ready: (page: Page) => page.getByRole('button', { name: 'Start' }).waitFor(),
  },
  {
    what: 'the operator page',
    path: '/operator',
    ready: async (page: Page) => {
      await page.getByLabel(/token/i).first().fill(stage.platform.operatorToken);
      await page.keyboard.press('Enter');
      await page.getByText('node-1').first().waitFor();
    },
  },
  {
    what: 'a page that is not there',
    path: '/nowhere',
    ready: (page: Page) => page.getByRole('heading', { level: 1 }).waitFor(),
  },
] as const;

describe.each(pages)('$what', ({ path, ready }) => {
  it.each(sizes)(
    '$width px wide, $scheme: nothing serious for axe, no sideways scrolling',
    async ({ width, scheme }) => {
      const { page, close } = await open(path, width, scheme);
      try {
        await ready(page);
        expect(await seriousViolations(page)).toEqual([]);
        expect(await sidewaysScrolling(page)).toBe(0);
      } finally {
        await close();
      }
    },
  );
});

describe.each([{ width: 360 }, { width: 1280 }])(
  'with names as long as they may be, $width px wide',
  ({ width }) => {
    const meetingId = `${width}`.padEnd(64, 'Meeting');
    const link = (letter: string) => `/m/${meetingId}?name=${letter.repeat(80)}&join=1`;

    it('two people in a meeting and the operator who looks at it see everything in its place', async () => {
      const opened = [await open(link('W'), width, 'light'), await open(link('M'), width, 'light')];
      try {
        const [meeting] = opened;
        await meeting?.page.getByText('2 people').waitFor();
        const operator = await open('/operator', width, 'light');
        opened.push(operator);
        await operator.page.getByLabel(/token/i).first().fill(stage.platform.operatorToken);
        await operator.page.keyboard.press('Enter');
        await operator.page.getByRole('rowheader', { name: meetingId }).waitFor();
        for (const page of [meeting?.page, operator.page]) {
          expect(page && (await sidewaysScrolling(page))).toBe(0);
          expect(page && (await misplacedControls(page))).toEqual([]);
        }
      } finally {
        await Promise.all(opened.map(({ close }) => close()));
      }
    });
  },
);

it('an operator drains a node and takes it back, by keyboard alone', async () => {
  const { page, close } = await open('/operator', 1280, 'light');
  try {
    await page.getByLabel(/token/i).first().fill(stage.platform.operatorToken);
    await page.keyboard.press('Enter');
    const drain = page.getByRole('button', { name: /^Drain node-2/ });
    await drain.waitFor();
    await drain.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    const confirm = page.getByRole('dialog').getByRole('button', { name: /drain/i });
    await confirm.focus();
    await page.keyboard.press('Enter');
    await expect
      .poll(async () => (await stage.api.nodes()).find(({ nodeId }) => nodeId === 'node-2')?.drain.state)
      .toBe('drained');
    const cancel = page.getByRole('button', { name: /^Cancel drain of node-2/ });
    await cancel.waitFor();
    await cancel.focus();
    await page.keyboard.press('Enter');
    await expect
      .poll(async () => (await stage.api.nodes()).find(({ nodeId }) => nodeId === 'node-2')?.drain.state)
      .toBe('active');
  } finally {
    await close();
  }
});

it('a link that says to join at once shows the lobby where links may not say so', async () => {
  const context = await stage.browser.newContext();
  const page = await context.newPage();
  await page.route('**/v1/page', (route) => route.fulfill({ json: { autoJoin: false } }));
  await page.goto(new URL('/m/trap?name=Victim&join=1', stage.platform.baseUrl).href);
  await page.getByRole('button', { name: 'Join' }).waitFor();
  expect((await stage.api.meetings()).map(({ meetingId }) => meetingId)).not.toContain('trap');
  await context.close();
});

it('the lobby joins by its button', async () => {
  const { page, close } = await open('/m/lobby?name=Ada', 1280, 'light');
  try {
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByRole('button', { name: 'Leave' }).waitFor();
    expect(await stage.homeOf('lobby')).toMatchObject({ epoch: 1 });
  } finally {
    await close();
  }
});

it.each(['/', '/m/quiet?name=Ada', '/operator'])(
  '%s tries nothing that its own policy forbids',
  async (path) => {
    const context = await stage.browser.newContext();
    await context.addInitScript(`
    globalThis.forbidden = [];
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      globalThis.forbidden.push(violatedDirective + ' ' + blockedURI));
  `);
    const page = await context.newPage();
    await page.goto(new URL(path, stage.platform.baseUrl).href);
    await page.getByRole('button').first().waitFor();
    expect(await page.evaluate('globalThis.forbidden')).toEqual([]);
    await context.close();
  },
);
