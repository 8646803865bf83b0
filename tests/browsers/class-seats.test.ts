/** The teacher's console where somebody has taken seats that nobody uses: how many there are, and how they go. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { SEATS } from '../../demo-server/classroom/protocol.ts';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, type BrowserName, openBrowser } from '../helpers/browsers.ts';
import { joinClass } from '../helpers/classroom.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const browsers = {} as Record<BrowserName, Browser>;
beforeAll(async () => {
  for (const name of BROWSERS) browsers[name] = await openBrowser(name);
});
afterAll(async () => {
  for (const name of BROWSERS) await browsers[name]?.close();
});

/** The console on a teacher's phone; `dialogs` are the questions that it has asked, each answered with yes. */
async function openConsole(name: BrowserName, server: TestServer): Promise<{ page: Page; dialogs: string[] }> {
  const context = await browsers[name].createBrowserContext();
  onTestFinished(() => context.close().catch(() => {}));
  const page = await context.newPage();
  await page.setViewport({ width: 360, height: 740 });
  const dialogs: string[] = [];
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.accept();
  });
  await page.goto(`${server.url}/teach/#${server.classroom?.token}`);
  await page.waitForSelector('push-class-console[data-state=online] [data-part=name]');
  return { page, dialogs };
}
const text = (page: Page, selector: string) => page.$eval(selector, (found) => found.textContent?.trim() ?? '');
const isWide = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

describe.each(BROWSERS)('in %s', (name) => {
  test('seats without answers that are not connected go together, by keyboard, after a question that counts them', async () => {
    const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
    const { room } = server.classroom as NonNullable<TestServer['classroom']>;
    await joinClass(server.port, room.state.code, 'Anna');
    const { page, dialogs } = await openConsole(name, server);
    await page.waitForSelector('[data-part=people] tbody tr');
    expect(await page.$('[data-part=remove-away]:not([hidden])')).toBeNull();
    for (const nickname of ['Loop 1', 'Loop 2', 'Loop 3']) await room.join(room.state.code, nickname);
    await page.waitForFunction(
      (words) => document.querySelector('[data-part=remove-away]:not([hidden])')?.textContent === words,
      { polling: 100 },
      'Remove 3 seats without answers that are not connected',
    );
    expect(await page.$('[data-part=remove-empty]:not([hidden])')).toBeNull();
    expect(await isWide(page)).toBe(false);
    await page.focus('[data-part=remove-away]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-part=remove-away][hidden]');
    expect(dialogs).toEqual([expect.stringMatching(/^Remove 3 seats from the class\?/)]);
    expect([...room.state.seats.values()].map(({ nickname }) => nickname)).toEqual(['Anna']);
    await page.waitForFunction(
      () => document.querySelector('[data-part=said]')?.textContent === 'The seats are removed.',
      { polling: 100 },
    );
  });

  test('a full class is said to be full, and then connected seats without answers can go, too', async () => {
    const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
    const { room } = server.classroom as NonNullable<TestServer['classroom']>;
    await joinClass(server.port, room.state.code, 'Anna');
    for (let n = 1; n < SEATS; n += 1) await room.join(room.state.code, `Loop ${n}`);
    const { page, dialogs } = await openConsole(name, server);
    await page.waitForSelector('[data-part=full]:not([hidden])');
    expect(await text(page, '[data-part=full]')).toContain(`All ${SEATS} seats are taken`);
    expect(await text(page, '[data-part=remove-empty]')).toBe(
      `Remove ${SEATS} seats without answers, connected or not`,
    );
    expect(await axe(page)).toEqual([]);
    expect(await isWide(page)).toBe(false);
    await page.click('[data-part=remove-empty]');
    await page.waitForSelector('[data-part=full][hidden]');
    expect(dialogs).toEqual([expect.stringMatching(new RegExp(`^Remove ${SEATS} seats from the class\\?`))]);
    expect(room.state.seats.size).toBe(0);
  });
});
