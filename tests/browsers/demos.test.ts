/**
 * Every demo that stands on a page of the built site, and the race: it starts, shows events, stops, and lets go. The one
 * of each lesson that may be broken does all of that, and more, in lessons.test.ts.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { TECHNIQUES } from '../../demo-server/protocol.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const all = globSync('**/*.html', { cwd: siteDir })
  .sort()
  .flatMap((file) => {
    const [, ...rest] = readFileSync(join(siteDir, file), 'utf8').split(/<push-demo[\s>]/);
    const page = `/${file.replace(/index\.html$/, '')}`;
    return rest.map((html, index) => ({
      page,
      index,
      inLessons: page.startsWith('/lessons/') && html.split('</push-demo>')[0]?.includes('data-part="break"'),
    }));
  });
const demos = all.filter(({ inLessons }) => !inLessons);

test('every rung has a demo on its page, and one that may be broken', () => {
  for (const id of TECHNIQUES) expect(demos.map(({ page }) => page)).toContain(`/lessons/${id}/`);
  expect(all.flatMap(({ page, inLessons }) => (inLessons ? [page] : [])).sort()).toEqual(
    TECHNIQUES.map((id) => `/lessons/${id}/`).sort(),
  );
});

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name, { network: false });
  });
  afterAll(() => browser.close());

  test.each(demos)('$page demo $index starts, shows events, stops, and lets go', async ({ page: path, index }) => {
    const server = await startServer({ siteDir });
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(server.url + path);
    const demo = (await page.$$('push-demo'))[index];
    if (!demo) throw new Error(`no demo ${index} on ${path}`);
    const inState = (wanted: string) =>
      page.waitForFunction((found, state) => (found as HTMLElement).dataset.state === state, {}, demo, wanted);

    // By keyboard, as everything has to work.
    await (await demo.$('[data-part=start]'))?.focus();
    await page.keyboard.press('Enter');
    await inState('running');
    await page.waitForFunction(
      (found) => /(?:^|\D)([2-9]|\d\d) of \d+/.test(found.querySelector('[data-part=figures]')?.textContent ?? ''),
      {},
      demo,
    );
    // The focus has gone on to the button that took Start's place.
    await page.keyboard.press('Enter');
    await inState('stopped');
    expect(await demo.$eval('[data-part=problem]', (box) => (box as HTMLElement).hidden)).toBe(true);
    await page.close();
    await server.idle();
  });

  test('the race runs all eight, and says what was measured', async () => {
    const server = await startServer({ siteDir });
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(`${server.url}/`);
    await page.click('push-race [data-part=start]');
    await page.waitForSelector('push-race[data-state=finished]');
    expect(await page.$$eval('push-race [data-part=by-bytes] li', (rows) => rows.length)).toBe(8);
    expect(await page.$$eval('push-race [data-part=by-latency] li', (rows) => rows.length)).toBe(8);
    const lab = await page.$eval('push-race [data-part=to-lab]', (link) => (link as HTMLAnchorElement).href);
    expect(new URL(lab).searchParams.get('seed')).toMatch(/^\d+$/);
    await page.close();
    await server.idle();
  });
});
