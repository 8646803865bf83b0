/**
 * Pages that the browser translates while one works with them: text nodes that a script has made are gone, `<font>` elements
 * stand in their place, and no text is what it was. Nothing may throw, and every figure still goes on.
 */
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { joinByForm } from '../helpers/class-page.ts';
import { faultsOf, readWhole } from '../helpers/page-faults.ts';
import { startServer } from '../helpers/server.ts';
import { translate } from '../helpers/translator.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const pages = globSync('**/*.html', { cwd: siteDir })
  .map((file) => `/${file.replace(/index\.html$/, '')}`)
  .sort();

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  });
  afterAll(() => browser?.close());

  /** A device that translates every page. */
  async function translated(): Promise<{ page: Page; faults: string[] }> {
    const context = await browser.createBrowserContext();
    onTestFinished(() => context.close().catch(() => {}));
    const page = await context.newPage();
    await page.evaluateOnNewDocument(translate);
    return { page, faults: faultsOf(page) };
  }
  const text = (page: Page, query: string) => page.$eval(query, (found) => found.textContent?.trim() ?? '');
  /** Words in whatever case the translator has left them. */
  const says = (page: Page, query: string, words: string) =>
    page.waitForFunction(
      (at, pattern) => new RegExp(pattern, 'i').test(document.querySelector(at)?.textContent ?? ''),
      { polling: 100 },
      query,
      words,
    );

  test('every page is translated, and none throws', async () => {
    const server = await startServer({ siteDir, classroom: {} });
    const { page, faults } = await translated();
    for (const path of pages) {
      await readWhole(page, server.url + path);
      expect(await page.$$eval('main font font', (found) => found.length), path).toBeGreaterThan(0);
      expect(faults, path).toEqual([]);
    }
  });

  test('the lab counts on, and its figures are those of the ledger', async () => {
    const server = await startServer({ siteDir });
    const { page, faults } = await translated();
    await page.goto(`${server.url}/lab/?durationSeconds=4&eventsPerSecond=5&techniques=polling,sse`);
    await page.click('[data-part=start]');
    await page.waitForSelector('push-lab[data-state=running]');
    await says(page, '[data-part=time-left]', '[1-3]');
    await page.waitForSelector('push-lab[data-state=finished]');
    expect(await text(page, '[data-part=time-left]')).toBe('');
    const { lanes } = await server.ledger(
      (await text(page, '[data-part=condition-run]')).replace(/^\s+/, '').toLowerCase(),
    );
    const rows = await page.$$eval('[data-part=results] table tbody tr', (found) =>
      found.map((row) => [...row.children].map((cell) => cell.textContent?.trim().toLowerCase() ?? '')),
    );
    const row = (head: string) => rows.find(([first]) => first === head)?.slice(1);
    expect(row('requests')).toEqual([String(lanes.polling?.requests), String(lanes.sse?.requests)]);
    expect(row('received')).toEqual(['20', '20']);
    await page.waitForFunction(() => document.querySelector('[data-part=kept-status]')?.textContent !== '');
    expect(faults).toEqual([]);
  });

  test('a demo of a lesson counts on, can be stopped and begun again', async () => {
    const server = await startServer({ siteDir });
    const { page, faults } = await translated();
    await page.goto(`${server.url}/lessons/sse/`);
    for (let n = 0; n < 2; n += 1) {
      await page.waitForSelector('push-demo [data-part=start]:not([hidden])');
      await page.click('push-demo [data-part=start]');
      await page.waitForSelector('push-demo[data-state=running]');
      await says(page, 'push-demo [data-part=figures]', '(?:^|\\D)[3-9] of \\d+');
      await page.click('push-demo [data-part=stop]');
      await page.waitForSelector('push-demo[data-state=stopped]');
    }
    expect(await page.$eval('push-demo [data-part=problem]', (box) => (box as HTMLElement).hidden)).toBe(true);
    expect(faults).toEqual([]);
  });

  test('a class is held: joined, asked, answered, measured, on the console, the wall and a student’s page', async () => {
    const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
    const room = server.classroom?.room;
    const teacher = await translated();
    await teacher.page.goto(`${server.url}/teach/#${server.classroom?.token}`);
    await teacher.page.waitForSelector('push-class-console[data-state=online]');
    const wall = await teacher.page.browserContext().newPage();
    await wall.evaluateOnNewDocument(translate);
    const wallFaults = faultsOf(wall);
    await wall.goto(`${server.url}/class/`);
    const student = await translated();
    await joinByForm(student.page, server.url, room?.state.code);
    for (const page of [teacher.page, wall]) await says(page, '[data-part=count]', '1 of 1');
    const question = { kind: 'one' as const, text: 'Which?', choices: ['this', 'that'], unit: '', path: '/start/' };
    await room?.act({ do: 'ask', question, key: { right: [0], value: null, tolerance: 0, why: [] } });
    await says(student.page, '.class-question h2', 'Which');
    await student.page.evaluate(() => {
      document.querySelector<HTMLInputElement>('.class-question input')?.click();
      document.querySelector<HTMLElement>('.class-question [type=submit]')?.click();
    });
    await says(student.page, '.class-question [role=status]', 'is with the class');
    await says(teacher.page, '[data-part=question]', '1 of 1');
    await room?.act({ do: 'close-question' });
    await room?.act({ do: 'call-run', settings: { techniques: ['sse'], durationSeconds: 2 } });
    await student.page.waitForSelector('push-lab[data-state=finished]');
    await says(student.page, '.class-bar .now', 'Your result is with the class');
    for (const page of [teacher.page, wall])
      await says(page, '[data-part=results]', '1 device has reported, 1 of them');
    expect([...teacher.faults, ...wallFaults, ...student.faults]).toEqual([]);
  });
});
