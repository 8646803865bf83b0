/**
 * One battery for every lesson, in both browsers: its demo starts, shows events, shows the bytes of that very run, and stops
 * with its connections gone while the page stays open.
 */
import { fileURLToPath } from 'node:url';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { TECHNIQUES } from '../../demo-server/protocol.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  });
  afterAll(() => browser.close());

  test.each(TECHNIQUES)('the lesson on %s', async (id) => {
    const server = await startServer({ siteDir });
    const context = await browser.createBrowserContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(`${server.url}/lessons/${id}/`);
    const textOf = (query: string) => page.$eval(query, (found) => found.textContent?.trim() ?? '');
    const inState = (state: string) => page.waitForSelector(`push-demo[data-state=${state}]`);

    // The bytes are a recorded run's, and say so, until there is a run of one's own.
    await page.$eval('push-wire', (wire) => wire.scrollIntoView({ block: 'center' }));
    await page.waitForNetworkIdle({ idleTime: 200 });
    expect(await textOf('push-wire [data-part=whose]')).toBe('Recorded, not yours');
    expect(await page.$eval('push-wire', (wire) => wire.hasAttribute('data-own'))).toBe(false);

    // It starts, by keyboard, and shows events.
    const run = page.evaluate(
      () =>
        new Promise<string>((resolve) =>
          document.addEventListener('pushlab:run', (event) => resolve((event as CustomEvent).detail.run), {
            once: true,
          }),
        ),
    );
    await page.focus('push-demo [data-part=start]');
    await page.keyboard.press('Enter');
    await inState('running');
    await page.waitForFunction(() =>
      /(?:^|\D)([3-9]|\d\d) of \d+/.test(document.querySelector('push-demo [data-part=figures]')?.textContent ?? ''),
    );
    await page.keyboard.press('Enter');
    await inState('stopped');
    expect(await textOf('push-demo [data-part=status]')).not.toBe('');
    expect(await page.$eval('push-demo [data-part=problem]', (box) => (box as HTMLElement).hidden)).toBe(true);

    // Its bytes are there: this run's, with events among them, and as many as the legend says.
    await page.waitForSelector('push-wire[data-own]');
    expect(await textOf('push-wire [data-part=where]')).toContain(await run);
    expect(await page.$$eval('push-wire .bytes :is(.payload, .redundantPayload)', (all) => all.length)).toBeGreaterThan(
      0,
    );
    const { lanes } = server.readLedger(await run);
    expect(lanes[id]?.eventsSent).toBeGreaterThanOrEqual(3);
    expect(lanes[id]?.unaccountedBytes).toBe(0);

    // Nothing of it goes on while the page stays open.
    await server.idle();
    expect(await page.$eval('push-demo', (demo) => (demo as HTMLElement).dataset.state)).toBe('stopped');
  });
});
