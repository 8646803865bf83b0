/** The tags of a lesson at work on a page of the built site: a guess, the bytes of the own run, quizzes, the mark that one read it. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  });
  afterAll(() => browser.close());

  /** The model lesson on a server (unless one is given) and a device of its own. */
  async function lesson(given?: TestServer): Promise<Page> {
    const server = given ?? (await startServer({ siteDir }));
    const context = await browser.createBrowserContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(`${server.url}/lessons/long-poll/`);
    return page;
  }
  /** Scrolls to a tag and waits until its behaviour has come. */
  async function come(page: Page, tag: string): Promise<void> {
    await page.$eval(tag, (element) => element.scrollIntoView({ block: 'center' }));
    await page.waitForFunction((query) => document.querySelector(query)?.hasAttribute('data-connected'), {}, tag);
  }
  const textOf = (page: Page, query: string) => page.$eval(query, (element) => element.textContent?.trim() ?? '');

  test('a stamp shows its program in the line, and by the keyboard alone, without a script, when and how', async () => {
    const { url } = await startServer({ siteDir });
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    // Firefox cannot be told so over WebDriver BiDi.
    if (name === 'chromium') await page.setJavaScriptEnabled(false);
    await page.goto(`${url}/start/`);
    const open = () => page.$eval('.stamp', (stamp) => stamp.matches(':popover-open'));
    const [stamp] = await page.$$eval('.fact:has(.stamp)', (facts) =>
      facts.map((fact) => (fact as HTMLElement).innerText),
    );
    expect(stamp).toMatch(/\(measured: Chromium 156\)$/);
    expect(await open()).toBe(false);
    await page.focus('.fact button');
    await page.keyboard.press('Enter');
    expect(await open()).toBe(true);
    expect(await textOf(page, '.stamp')).toMatch(/2026-11-20; to repeat it: node tests\/tools\/record\.ts$/);
    await page.keyboard.press('Escape');
    expect(await open()).toBe(false);
  });

  test('a guess is committed, outlives a reload, and is compared with the own run, whose bytes Wire then shows', async () => {
    const server = await startServer({ siteDir });
    const page = await lesson(server);
    expect(await textOf(page, 'push-wire [data-part=whose]')).toBe('Recorded, not yours');
    await come(page, 'push-predict');
    await page.click('push-predict input[value="400"]');
    await page.click('push-predict [type=submit]');
    expect(await textOf(page, 'push-predict [role=status]')).toContain('Your guess: 400');
    await page.reload();
    await come(page, 'push-predict');
    expect(await textOf(page, 'push-predict [role=status]')).toContain('Your guess: 400');

    await come(page, 'push-wire');
    const made = page.waitForResponse(
      (answer) => answer.request().method() === 'POST' && answer.url().endsWith('/runs'),
    );
    await page.click('push-demo [data-part=start]');
    const { id } = (await (await made).json()) as { id: string };
    await page.waitForSelector('push-wire[data-own]');
    // How many questions forty events take is the machine's business: a busy one sends two events in one answer.
    const requests = server.readLedger(id).lanes['long-poll']?.requests;
    expect(await textOf(page, 'push-predict [role=status]')).toMatch(
      new RegExp(`^Your run measured ${requests}\\. You guessed 400; \\d+ is nearer\\.$`),
    );

    // Every byte that the legend counts stands in the hex view, and the keyboard explains each part.
    await page.click('push-wire [data-view=hex]');
    const seen = await page.$$eval('push-wire .bytes .b', (parts) =>
      parts.reduce((sum, part) => sum + (part.textContent?.trim().split(' ').length ?? 0), 0),
    );
    const counted = await page.$$eval('push-wire .legend b', (sums) =>
      sums.reduce((sum, { textContent }) => sum + Number(textContent?.replace(/\D/g, '')), 0),
    );
    expect(seen).toBe(counted);
    // Out of the way: what scrolls under the pointer is pointed at, and the arrows go on from there.
    await page.mouse.move(0, 0);
    await page.focus('push-wire .bytes');
    await page.keyboard.press('ArrowDown');
    expect(await textOf(page, 'push-wire [data-part=note]')).toContain('The method: what is asked for. GET');
    await page.keyboard.press('End');
    expect(await textOf(page, 'push-wire [data-part=note]')).toContain(
      'The list ends. The cursor for the next request is 40.',
    );

    // The run stays on the device.
    await page.reload();
    await come(page, 'push-wire');
    await page.waitForSelector('push-wire[data-own]');
  });

  test('a quiz says why an answer is wrong, and remembers a right one', async () => {
    const page = await lesson();
    await come(page, 'push-quiz');
    await page.click('push-quiz input[value="0"]');
    await page.click('push-quiz .check');
    expect(await textOf(page, 'push-quiz [role=status]')).toBe('Not yet.');
    expect(await textOf(page, 'push-quiz [data-said=wrong] .why')).toContain('without a cursor');
    await page.click('push-quiz input[value="1"]');
    await page.click('push-quiz .check');
    expect(await textOf(page, 'push-quiz [role=status]')).toBe('Right.');
    await page.reload();
    await come(page, 'push-quiz');
    expect(await textOf(page, 'push-quiz [role=status]')).toBe('Right.');
  });

  test('a list is put in order by keyboard', async () => {
    const page = await lesson();
    await come(page, 'push-quiz[data-kind=order]');
    const places = () =>
      page.$$eval('push-quiz[data-kind=order] li[data-place]', (rows) =>
        rows.map((row) => Number((row as HTMLElement).dataset.place)),
      );
    for (let wanted = 0; wanted < 5; wanted++) {
      for (let at = (await places()).indexOf(wanted); at > wanted; at--) {
        await page.focus(`push-quiz[data-kind=order] li[data-place="${wanted}"] [data-move="-1"]`);
        await page.keyboard.press('Enter');
      }
    }
    expect(await places()).toEqual([0, 1, 2, 3, 4]);
    await page.click('push-quiz[data-kind=order] .check');
    expect(await textOf(page, 'push-quiz[data-kind=order] [role=status]')).toBe('Right.');
  });

  test('a rung is marked as read, in the ladder too, before anything is drawn', async () => {
    const page = await lesson();
    await come(page, 'push-progress');
    await page.click('push-progress button');
    const mark = () =>
      page.$eval('.sidebar-content a[data-technique="long-poll"]', (link) => getComputedStyle(link, '::after').content);
    expect(await mark()).toContain('✓');
    await page.reload({ waitUntil: 'domcontentloaded' });
    expect(await mark()).toContain('✓');
    await come(page, 'push-progress');
    await page.click('push-progress button');
    expect(await mark()).not.toContain('✓');
  });
});
