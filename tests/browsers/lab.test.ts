/** The lab as its user sees it, in both browsers: a run with its figures, and every state it can be in, in words. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AppOptions } from '../../demo-server/app.ts';
import { LADDER, TECHNIQUES } from '../../demo-server/protocol.ts';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));

describe.each(BROWSERS)('the lab in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name, { network: false });
  });
  afterAll(() => browser.close());

  async function lab(query: string, options: AppOptions = {}): Promise<{ server: TestServer; page: Page }> {
    const server = await startServer({ siteDir, ...options });
    return { server, page: await open(`${server.url}/lab/?${query}`) };
  }
  async function open(url: string): Promise<Page> {
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(url);
    await page.waitForSelector('push-lab[data-state=idle]');
    return page;
  }
  const state = (page: Page, wanted: string) => page.waitForSelector(`push-lab[data-state=${wanted}]`);
  const text = (page: Page, part: string) => page.$eval(`[data-part="${part}"]`, (found) => found.textContent?.trim());
  /** The table as a reader copies it: row heading → the cells of all lanes. */
  const table = (page: Page) =>
    page.$$eval('[data-part="results"] table tbody tr', (rows) =>
      Object.fromEntries(
        rows.map((row) => [
          row.querySelector('th')?.textContent?.trim() ?? '',
          [...row.querySelectorAll('td')].map((cell) => cell.textContent?.trim() ?? ''),
        ]),
      ),
    );
  const whole = (cell: string | undefined) => Number(cell?.replace(/[^\d]/g, ''));

  test('runs all eight and shows the figures of the ledger', async () => {
    const { server, page } = await lab('durationSeconds=4&eventsPerSecond=5&seed=3');
    await page.click('[data-part=start]');
    await state(page, 'finished');
    const run = new URL(page.url()).searchParams;
    expect(run.get('seed')).toBe('3');
    const id = (await text(page, 'condition-run')) ?? '';
    const { lanes } = await server.ledger(id);
    const rows = await table(page);
    expect(Object.keys(lanes)).toEqual([...LADDER]);
    LADDER.forEach((technique, column) => {
      const lane = lanes[technique];
      expect(whole(rows.Requests?.[column]), technique).toBe(lane?.requests);
      expect(whole(rows['Heads, to the server']?.[column]), technique).toBe(lane?.bytes.up.head);
      expect(whole(rows['All, to the browser']?.[column]), technique).toBe(lane?.wireBytesDown);
      expect(whole(rows['Payload sent again']?.[column]), technique).toBe(lane?.bytes.down.redundantPayload);
      expect(rows.Received?.[column], technique).toBe('20');
      for (const row of ['Lost', 'Received twice', 'Out of order', 'Cut off by the server']) {
        expect(rows[row]?.[column], `${technique}: ${row}`).toBe('0');
      }
      expect(whole(rows['Unaccounted for']?.[column]), technique).toBe(0);
      expect(rows['Half within (p50)']?.[column], technique).toMatch(/^[\d.,]+\s(ms|s)$/);
    });
    // The ladder's reasons show: 1.0 opens a connection each time, keep-alive none of its own beyond the first.
    expect(lanes.http10?.connectionsReused).toBe(0);
    expect(lanes['keep-alive']?.connectionsOpened).toBeLessThanOrEqual(1);
    expect(lanes.websocket?.requests).toBe(1);
    expect(await axe(page)).toEqual([]);
  });

  test('offers what lies beyond the ladder too, and all nine run together without losing anything', async () => {
    const { server, page } = await lab('durationSeconds=4&eventsPerSecond=5&seed=3');
    const box = '[name=techniques][value=fetch-stream]';
    expect(await page.$eval(box, (found) => (found as HTMLInputElement).checked)).toBe(false);
    await page.click(box);
    expect(new URL(page.url()).searchParams.get('techniques')).toBe(TECHNIQUES.join(','));
    await page.click('[data-part=start]');
    await state(page, 'finished');
    const { lanes } = await server.ledger((await text(page, 'condition-run')) ?? '');
    expect(Object.keys(lanes)).toEqual([...TECHNIQUES]);
    const rows = await table(page);
    for (const row of ['Lost', 'Received twice', 'Out of order', 'Cut off by the server', 'Unaccounted for']) {
      expect(rows[row]?.map(whole), row).toEqual(TECHNIQUES.map(() => 0));
    }
    expect(rows.Received).toEqual(TECHNIQUES.map(() => '20'));
    expect(await axe(page)).toEqual([]);
  });

  test('says beside the latencies that the page itself was busy, and for how long', async () => {
    const forcedMs = 2000;
    const said = (page: Page) =>
      page.$$eval('[data-chart-notes=latency] li', (notes) => notes.map(({ textContent }) => textContent).join('\n'));
    const late = async (page: Page) => {
      const [, number, unit] = /^([\d,.]+)\s(ms|s)$/.exec((await text(page, 'condition-late')) ?? '') ?? [];
      return Number(number?.replaceAll(',', '')) * (unit === 's' ? 1000 : 1);
    };
    const { server, page } = await lab('durationSeconds=4&eventsPerSecond=5&techniques=sse,polling');
    await page.click('[data-part=start]');
    await state(page, 'running');
    // Events are on their way while the page can take in none of them.
    await page.waitForFunction(() => document.querySelector('[data-part=condition-late]')?.textContent?.includes('ms'));
    await page.evaluate((ms) => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    }, forcedMs);
    await state(page, 'finished');
    expect(await late(page)).toBeGreaterThan(forcedMs - 50);
    const note = /The page itself was busy: once everything in it had to wait for \d+,\d{3}\sms/;
    expect(await said(page)).toMatch(note);
    // It is kept with the run.
    await page.waitForFunction(() => document.querySelector('[data-part=kept-status]')?.textContent !== '');
    await page.goto(`${server.url}/lab/runs/`);
    await page.waitForSelector('push-runs[data-state=list]');
    await page.click('.does button');
    await page.waitForSelector('push-runs[data-state=open]');
    expect(await said(page)).toMatch(note);
  });

  test('says which events count as lost because a lane was still without its last answer 5 s after the end', async () => {
    const { page } = await lab('durationSeconds=1&eventsPerSecond=5&techniques=sse,polling&pollIntervalMs=20000');
    await page.click('[data-part=start]');
    await state(page, 'finished');
    expect((await table(page)).Lost).toEqual(['5', '0']);
    expect(await page.$$eval('[data-part=notes] li', (notes) => notes.map(({ textContent }) => textContent))).toContain(
      'Short polling had not given its last response 5.0\u00a0s after the end of the feed, and nobody waited any longer. 5 events had not come by then; they count as lost.',
    );
  });

  test('is stopped by its button, and every stream is let go', async () => {
    const { server, page } = await lab('durationSeconds=60');
    await page.click('[data-part=start]');
    await state(page, 'running');
    await page.click('[data-part=stop]');
    await state(page, 'stopped');
    const id = (await text(page, 'condition-run')) ?? '';
    expect((await server.info(id)).state).toBe('finished');
    await page.close();
    await server.idle();
  });

  test('explains a wrong setting beside its field and starts nothing', async () => {
    const { page } = await lab('eventsPerSecond=1000');
    await page.click('[data-part=start]');
    await page.waitForFunction(() =>
      document.querySelector('[data-fault=eventsPerSecond]')?.textContent?.includes('1000'),
    );
    expect(await page.$eval('[name=eventsPerSecond]', (field) => field.getAttribute('aria-invalid'))).toBe('true');
    expect(await page.$eval('push-lab', (found) => (found as HTMLElement).dataset.state)).toBe('idle');
  });

  test('says so when the server is full, and when it has gone', async () => {
    const { server, page } = await lab('durationSeconds=5', { limits: { runsAtOnce: 0 } });
    await page.click('[data-part=start]');
    await page.waitForFunction(() => document.querySelector('[data-part=problem] p')?.textContent?.includes('503'));
    await server.stop();
    await page.click('[data-part=start]');
    await page.waitForFunction(() =>
      document.querySelector('[data-part=problem] p')?.textContent?.includes('does not answer'),
    );
  });

  test('tells a second tab in words, and lets it take over', async () => {
    const { server, page } = await lab('durationSeconds=60&techniques=sse');
    await page.click('[data-part=start]');
    await state(page, 'running');
    const second = await open(`${server.url}/lab/?durationSeconds=3&techniques=websocket`);
    await second.click('[data-part=start]');
    await second.waitForFunction(() =>
      document.querySelector('[data-part=problem] p')?.textContent?.includes('Another run is going on'),
    );
    await second.click('[data-part=problem] button');
    await state(second, 'finished');
    await page.bringToFront();
    await state(page, 'stopped');
  });

  test('keeps what was measured when the server goes away in the middle', async () => {
    const { server, page } = await lab('durationSeconds=60&techniques=sse,polling&eventsPerSecond=10');
    await page.click('[data-part=start]');
    await state(page, 'running');
    await page.waitForFunction(
      () => Number(document.querySelector('[data-table~=exchanges] tbody')?.textContent?.length) > 0,
    );
    await server.stop();
    await page.waitForFunction(() => !document.querySelector<HTMLElement>('[data-part=problem]')?.hidden);
    expect(await text(page, 'problem')).toContain('went away');
    expect((await table(page)).Requests?.length).toBe(2);
  });

  test('where no control socket opens, a run is started, broken and stopped by plain requests, and says so', async () => {
    const query = 'durationSeconds=60&techniques=polling,sse&eventsPerSecond=5';
    const { server, page } = await lab(query, { limits: { controlsPerAddress: 0 } });
    await page.click('[data-part=breaks] summary');
    await page.click('[data-part=start]');
    await state(page, 'running');
    await page.waitForSelector('[data-part=break-now]:not([disabled])');
    await page.click('[data-part=break-now]');
    await page.waitForFunction(() => document.querySelector('[data-part=break-said]')?.textContent?.includes('Begun'));
    await page.click('[data-part=stop]');
    await state(page, 'stopped');
    expect(await text(page, 'notes')).toContain('There was no control socket');
    const id = (await text(page, 'condition-run')) ?? '';
    expect((await server.info(id)).state).toBe('finished');
    const { lanes } = await server.ledger(id);
    const rows = await table(page);
    expect(rows.Requests?.map(whole)).toEqual([lanes.polling?.requests, lanes.sse?.requests]);
  });
});
