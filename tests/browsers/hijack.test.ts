/** The attack of the lesson on security, from a second origin that is really one: what the hostile page gets, and what it does not. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  });
  afterAll(() => browser.close());

  async function open(secondOrigin = true): Promise<Page> {
    const server = await startServer({ siteDir, secondOrigin });
    const context = await browser.createBrowserContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(`${server.url}/security/`);
    await page.focus('push-hijack [data-part=login]');
    return page;
  }
  const until = (page: Page, part: string, form: RegExp) =>
    page.waitForFunction(
      (query, source) => new RegExp(source).test(document.querySelector(query)?.textContent ?? ''),
      {},
      `push-hijack [data-part=${part}]`,
      form.source,
    );
  /** Logs in by keyboard; resolves with the reader's secret. */
  async function login(page: Page): Promise<string> {
    await until(page, 'status', /Log in first/);
    await page.focus('push-hijack [data-part=login]');
    await page.keyboard.press('Enter');
    await until(page, 'account', /You are reader-/);
    const told = await page.$eval('push-hijack [data-part=account]', (line) => line.textContent ?? '');
    return told.split(' ').at(-1) ?? '';
  }
  /** Lets the hostile page attack; resolves with [what, verdict, what it got, what the server saw] of each attempt. */
  async function attack(page: Page): Promise<(string | undefined)[][]> {
    await page.focus('push-hijack [data-part=go]');
    await page.keyboard.press('Enter');
    await until(page, 'saw', /Each request came with Origin/);
    return page.$$eval('push-hijack [data-attempt]', (rows) =>
      (rows as HTMLElement[]).map((row) => {
        const [seen, got] = [...row.querySelectorAll<HTMLElement>('[data-cell]')];
        return [row.dataset.attempt, got?.dataset.verdict, got?.textContent ?? '', seen?.textContent ?? ''];
      }),
    );
  }

  test('from another port, the same site, a strict cookie goes along: only the look at Origin and CORS hold', async () => {
    const page = await open();
    const secret = await login(page);
    const rows = await attack(page);
    expect(rows.map(([what, verdict, , seen]) => [what, verdict, seen])).toEqual([
      ['open', 'read', 'your cookie; it answered 101'],
      ['listed', 'blocked', 'your cookie; it answered 403'],
      ['none', 'blocked', 'your cookie; it answered 200'],
      ['named', 'nobody', 'no cookie; it answered 200'],
      ['credentials', 'read', 'your cookie; it answered 200'],
      ['any', 'blocked', 'your cookie; it answered 200'],
    ]);
    expect(rows[0]?.[2]).toBe(`✗ Your secret: ${secret}. And 3 pieces of private news after it.`);
    expect(rows[1]?.[2]).toContain('close 1006');
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(await axe(page)).toEqual([]);
  });

  test('from another site the cookie stays at home, and nothing is read', async () => {
    const page = await open();
    await login(page);
    await page.click('push-hijack [value=name]');
    const rows = await attack(page);
    expect(rows.map(([what, verdict, , seen]) => [what, verdict, seen?.split(';')[0]])).toEqual([
      ['open', 'nobody', 'no cookie'],
      ['listed', 'blocked', 'no cookie'],
      ['none', 'blocked', 'no cookie'],
      ['named', 'nobody', 'no cookie'],
      ['credentials', 'nobody', 'no cookie'],
      ['any', 'blocked', 'no cookie'],
    ]);
  });

  test('once logged out, there is nobody to attack', async () => {
    const page = await open();
    await login(page);
    await page.click('push-hijack [data-part=logout]');
    await until(page, 'account', /not logged in/);
    expect(await page.$eval('push-hijack [data-part=go]', (button) => (button as HTMLButtonElement).disabled)).toBe(
      true,
    );
  });

  test('says so where there is no second origin', async () => {
    const page = await open(false);
    await until(page, 'status', /This server has no second origin.*--second-port 4322/);
  });
});
