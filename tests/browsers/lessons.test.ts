/**
 * One battery for every lesson, in both browsers: the demo that one may break starts, shows events, is broken and does what the
 * rules say, stops, shows the bytes of that very run, and has let go of every connection while the page stays open.
 */
import { fileURLToPath } from 'node:url';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { TECHNIQUES } from '../../demo-server/protocol.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const DEMO = 'push-demo:has([data-part=break])';
const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name, { network: false });
  });
  afterAll(() => browser.close());

  test.each(TECHNIQUES)('the lesson on %s', async (id) => {
    const server = await startServer({ siteDir });
    const context = await browser.createBrowserContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(`${server.url}/lessons/${id}/`);
    const textOf = (query: string) => page.$eval(query, (found) => found.textContent?.trim() ?? '');
    const inState = (state: string) => page.waitForSelector(`${DEMO}[data-state=${state}]`);

    // The bytes are a recorded run's, and say so, until there is a run of one's own.
    await page.$eval('push-wire', (wire) => wire.scrollIntoView({ block: 'center' }));
    await page.waitForSelector('push-wire[data-connected]');
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
    run.catch(() => {});
    await page.focus(`${DEMO} [data-part=start]`);
    await page.keyboard.press('Enter');
    await inState('running');
    await page.waitForFunction(
      (query) =>
        /(?:^|\D)([2-9]|\d\d) of \d+/.test(document.querySelector(`${query} [data-part=figures]`)?.textContent ?? ''),
      {},
      DEMO,
    );
    // The focus has gone on to the button that took Start's place.
    expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset.part)).toBe('stop');

    // It is broken, by keyboard again, and what comes of it agrees with the table of the faults.
    const fault = await page.$eval(`${DEMO} [data-fault]`, (button) => (button as HTMLElement).dataset.fault);
    await page.focus(`${DEMO} [data-fault]`);
    await page.keyboard.press('Enter');
    await page.waitForSelector(`${DEMO} [data-part=fault-report] [data-verdict=agrees]`);
    const { faults } = await server.info(await run);
    expect(faults.map((one) => one.fault)).toEqual([fault]);

    await page.focus(`${DEMO} [data-part=stop]`);
    await page.keyboard.press('Enter');
    await inState('stopped');
    expect(await textOf(`${DEMO} [data-part=status]`)).not.toBe('');
    expect(await page.$eval(`${DEMO} [data-part=problem]`, (box) => (box as HTMLElement).hidden)).toBe(true);

    // Its bytes are there: this run's, with events among them, and as many as the legend says.
    await page.waitForSelector('push-wire[data-own]');
    expect(await textOf('push-wire [data-part=where]')).toContain(await run);
    expect(await page.$$eval('push-wire .bytes :is(.payload, .redundantPayload)', (all) => all.length)).toBeGreaterThan(
      0,
    );
    const { lanes } = server.readLedger(await run);
    expect(lanes[id]?.eventsSent).toBeGreaterThan(0);
    expect(lanes[id]?.unaccountedBytes).toBe(0);

    // Nothing of it goes on while the page stays open.
    await server.idle();
    expect(await page.$eval(DEMO, (demo) => (demo as HTMLElement).dataset.state)).toBe('stopped');
  });
});
