/** Two readers in one room of the chat, each on a page of their own: what one says the other reads, as text. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const part = (which: string): string => `push-chat [data-part=${which}]`;

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  });
  afterAll(() => browser.close());

  const until = (page: Page, which: string, form: RegExp) =>
    page.waitForFunction(
      (query, source) => new RegExp(source).test(document.querySelector(query)?.textContent ?? ''),
      {},
      part(which),
      form.source,
    );
  async function open(url: string): Promise<Page> {
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(url);
    await page.focus(part('room'));
    await page.waitForFunction((query) => document.querySelector<HTMLInputElement>(query)?.value, {}, part('room'));
    return page;
  }
  async function joinAs(page: Page, who: string): Promise<void> {
    await page.focus(part('name'));
    await page.keyboard.type(who);
    await page.keyboard.press('Enter');
    await until(page, 'status', new RegExp(`You are ${who}`));
  }

  test('one says, both read, and nothing becomes markup', async () => {
    const server = await startServer({ siteDir });
    const ada = await open(`${server.url}/websocket-in-depth/`);
    await joinAs(ada, 'Ada');
    const link = await ada.$eval(part('again'), (found) => (found as HTMLAnchorElement).href);
    const bob = await open(link);
    await joinAs(bob, 'Bob');
    await until(bob, 'status', /one of 2 in the room/);

    await ada.bringToFront();
    await ada.focus(part('text'));
    await ada.keyboard.type('<b>bold</b>');
    await ada.keyboard.press('Enter');
    await until(bob, 'log', /Ada <b>bold<\/b>/);
    await until(ada, 'sums', /sent up: 1\. .*for them: 2\./);
    expect(await bob.$$eval(`${part('log')} b`, (found) => found.map(({ textContent }) => textContent))).toEqual([
      'Ada',
    ]);

    await ada.click(part('leave'));
    await until(ada, 'status', /You have left/);
    await until(bob, 'log', /Ada has gone/);
    await until(bob, 'status', /alone in the room/);
    await Promise.all([ada.close(), bob.close()]);
    await server.idle();
  });

  test('refuses a bad code in words', async () => {
    const server = await startServer({ siteDir });
    const page = await open(`${server.url}/websocket-in-depth/?room=blue7`);
    expect(await page.$eval(part('room'), (field) => (field as HTMLInputElement).value)).toBe('blue7');
    await page.focus(part('room'));
    await page.keyboard.press('End');
    await page.keyboard.type(' x');
    await page.keyboard.press('Enter');
    await until(page, 'status', /“blue7 x” is no room code/);
  });
});
