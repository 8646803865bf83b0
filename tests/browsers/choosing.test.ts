/** The guide to a choice in real browsers: answers change the advice, the address keeps them, the reader's own figures stand beside it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const kept = JSON.stringify(JSON.parse(readFileSync(path('content/recorded/sse.json'), 'utf8')).run);

test.each(BROWSERS)('in %s', async (name) => {
  const server = await startServer({ siteDir: path('dist') });
  const browser = await openBrowser(name);
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  const summary = () => page.$eval('push-choosing .summary', (element) => element.textContent ?? '');
  const shown = () =>
    page.$$eval('push-choosing [data-rule]', (rows) =>
      rows.filter((row) => row.checkVisibility()).map((row) => row.getAttribute('data-rule')),
    );
  const open = async (query: string) => {
    await page.goto(`${server.url}/choosing/${query}`, { waitUntil: 'load' });
    await page.$eval('push-choosing', (element) => element.scrollIntoView());
    await page.waitForFunction(() => document.querySelector('push-choosing .summary')?.textContent !== '');
  };

  await open('');
  expect(await summary()).toContain('Fits your answers: Server-Sent Events.');
  expect(await shown()).not.toContain('polling-now');

  // With the keyboard: from "within a second" on to "as soon as the network can".
  await page.focus('push-choosing [name="latency"][value="second"]');
  await page.keyboard.press('ArrowDown');
  expect(await summary()).toContain('Your answers speak against: Short polling.');
  expect(await shown()).toContain('polling-now');
  expect(page.url()).toBe(`${server.url}/choosing/?latency=now`);

  await page.evaluate((run) => localStorage.setItem('pushlab:run:sse', run), kept);
  await open('?latency=now&payload=binary&nonsense=1');
  expect(await summary()).toMatch(/speak against: Short polling, Server-Sent Events\.$/);
  expect(await page.$eval('section[data-technique="sse"] .own', (element) => element.textContent)).toMatch(
    /^Your last run on this device: 2 events a second for 20\.0.s\. On the wire \d+.B an event/,
  );
  expect(await page.$$eval('.own:not([hidden])', (all) => all.length)).toBe(1);
});
