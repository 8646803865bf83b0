/** The site without a demo server: what it shows is recorded, and says so; kept runs work as ever. And with one elsewhere. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LADDER } from '../../demo-server/protocol.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';
import { startStaticHost } from '../helpers/static-host.ts';

const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  });
  afterAll(() => browser.close());

  async function open(url: string): Promise<Page> {
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(url);
    return page;
  }
  const said = (page: Page, element: string) =>
    page.waitForFunction(
      (tag) => {
        const text = document.querySelector(`${tag} [data-part=problem] p`)?.textContent ?? '';
        return text.includes('nothing in it is live') ? text : '';
      },
      {},
      element,
    );

  test('a demo, the race and the lab show recorded runs, each with date and browser', async () => {
    const host = await startStaticHost();
    for (const [path, element] of [
      ['/lessons/sse/', 'push-demo'],
      ['/', 'push-race'],
      ['/lab/', 'push-lab'],
    ] as const) {
      const page = await open(host.url + path);
      await page.waitForSelector(`${element} [data-part=start]`);
      await page.click(`${element} [data-part=start]`);
      const text = (await (await said(page, element)).jsonValue()) as string;
      expect(text, path).toMatch(/made on \w+ \d+, 20\d\d.* with Chromium \d+/);
      expect(await page.$eval(element, (found) => (found as HTMLElement).dataset.state), path).toBe('idle');
      const shown = await page.$eval(element, (found) => (found as HTMLElement).innerText);
      expect(shown, path).not.toMatch(/NaN|undefined/);
    }
    const page = await open(`${host.url}/lab/`);
    await page.waitForSelector('push-lab[data-state=idle]');
    await page.click('[data-part=start]');
    await said(page, 'push-lab');
    const lanes = await page.$$eval('[data-part=legend] button', (all) => all.length);
    expect(lanes).toBe(LADDER.length);
    // A recording is not the reader's: it is not put among the kept runs.
    expect(await page.$eval('[data-part=keep]', (found) => (found as HTMLElement).hidden)).toBe(true);
    const runs = await open(`${host.url}/lab/runs/`);
    await runs.waitForSelector('[data-part=empty]:not([hidden])');
  });

  test('built for a server elsewhere, the lab runs all eight on it, isolated, every byte counted', async () => {
    const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
    const allowOrigins: string[] = [];
    // The origin is known only when the host listens: the server reads the list when it is built.
    const place = { head: '' };
    const host = await startStaticHost(ISOLATED, () => place.head);
    allowOrigins.push(host.url);
    const server = await startServer({ allowOrigins, siteDir });
    place.head = `<meta name="demo-server" content="${server.url}">`;
    const page = await open(`${host.url}/lab/?durationSeconds=3&eventsPerSecond=5&seed=3`);
    await page.waitForSelector('push-lab[data-state=idle]');
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(await page.$eval('[data-part=elsewhere]', (found) => found.textContent)).toContain(server.url);
    await page.click('[data-part=start]');
    await page.waitForSelector('push-lab[data-state=finished]', { timeout: 45_000 });
    const id = await page.$eval('[data-part=condition-run]', (found) => found.textContent ?? '');
    const { lanes } = await server.ledger(id);
    expect(Object.keys(lanes)).toEqual([...LADDER]);
    for (const technique of LADDER) {
      expect(lanes[technique]?.eventsSent, technique).toBe(15);
      expect(lanes[technique]?.unaccountedBytes, technique).toBe(0);
    }
    // With credentials it shares its connections with the hidden frame alone, and may end on the one that the frame let go.
    expect(lanes.http10?.connectionsReused).toBeLessThanOrEqual(1);
    expect(lanes.http10?.connectionsOpened).toBeGreaterThanOrEqual((lanes.http10?.requests ?? 0) - 1);
    const received = await page.$$eval('[data-table] tbody tr', (rows) =>
      rows
        .filter((row) => row.querySelector('th')?.textContent === 'Received')
        .flatMap((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent)),
    );
    expect(received).toEqual(LADDER.map(() => '15'));
    expect(host.missing.filter((path) => /push|runs|control/.test(path))).toEqual([]);
  });
});
