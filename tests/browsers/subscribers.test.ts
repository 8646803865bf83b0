/** Simulated clients on the lab's page, in both browsers: their figures, apart from the reader's own lanes. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AppOptions } from '../../demo-server/app.ts';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));

describe.each(BROWSERS)('simulated clients in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  });
  afterAll(() => browser.close());

  async function run(query: string, options: AppOptions = {}) {
    const server = await startServer({ siteDir, ...options });
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(`${server.url}/lab/?${query}`);
    await page.waitForSelector('push-lab[data-state=idle]');
    await page.click('[data-part=start]');
    await page.waitForSelector('push-lab[data-state=finished]');
    const id = await page.$eval('[data-part="condition-run"]', (found) => found.textContent?.trim() ?? '');
    return { page, ledger: await server.ledger(id) };
  }
  const shown = (page: Page, part: string) =>
    page.$eval(`[data-part="${part}"]`, (found) => !(found as HTMLElement).hidden);
  /** Row heading → cells, of the tables inside one part. */
  const table = (page: Page, part: string) =>
    page.$$eval(`${part} table tbody tr`, (rows) =>
      Object.fromEntries(
        rows.map((row) => [
          row.querySelector('th')?.textContent?.trim() ?? '',
          [...row.querySelectorAll('td')].map((cell) => cell.textContent?.trim() ?? ''),
        ]),
      ),
    );
  const whole = (cell: string | undefined) => Number(cell?.replace(/[^\d]/g, ''));

  test('receive everything, and no figure of the lanes has any of it', async () => {
    const { page, ledger } = await run(
      'techniques=polling,sse,websocket&durationSeconds=3&eventsPerSecond=5&subscribers=8',
    );
    expect(await shown(page, 'subscribers')).toBe(true);
    const theirs = await table(page, '[data-part="subscribers"]');
    expect(theirs.Received).toEqual(['120', '120', '120']);
    expect(theirs.Lost).toEqual(['0', '0', '0']);
    expect(theirs['Taking part now']).toEqual(['0', '0', '0']);
    for (const cell of theirs['Half within (p50)'] ?? []) expect(cell).toMatch(/^[\d.,]+\s(ms|s)$/);
    const ids = ['polling', 'sse', 'websocket'] as const;
    expect(theirs['All, to the clients']?.map(whole)).toEqual(
      ids.map((id) => ledger.subscribers?.lanes[id]?.ledger.wireBytesDown),
    );
    expect(theirs.Requests?.map(whole).slice(1)).toEqual([8, 8]);
    expect(await page.$eval('[data-part="subscribers-joined"]', (found) => found.textContent)).toBe('8 of 8');
    const own = await table(page, '[data-table="integrity recovery"]');
    expect(own.Received).toEqual(['15', '15', '15']);
    // A browser's EventSource asks once more and gets its 204.
    expect(ledger.lanes.sse?.requests).toBeLessThanOrEqual(2);
    expect(ledger.lanes.websocket?.requests).toBe(1);
    expect(await axe(page)).toEqual([]);
  });

  test('say in words how many of them a limit let in', async () => {
    const query = 'techniques=sse,websocket&durationSeconds=1&eventsPerSecond=5&subscribers=9';
    const { page } = await run(query, { limits: { subscriberStreams: 10 } });
    const note = await page.$eval('[data-part="subscriber-limits"] li', (found) => found.textContent);
    expect(note).toBe('18 simulated clients were wanted, and the server had room for 10: 5 of 9 joined each lane.');
  });

  test('are not there, nor their section, where a run has none', async () => {
    const { page, ledger } = await run('techniques=sse&durationSeconds=1');
    expect(ledger.subscribers).toBeUndefined();
    expect(await shown(page, 'subscribers')).toBe(false);
    expect(await shown(page, 'jump-subscribers')).toBe(false);
  });
});
