/** What a student gives while the class cannot be reached or kept stays on the device, and comes to the class once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { redisLog } from '../../demo-server/classroom/log/redis-log.ts';
import { sqliteLog } from '../../demo-server/classroom/log/sqlite-log.ts';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, type BrowserName, ENGINES, openBrowser } from '../helpers/browsers.ts';
import { joinByForm } from '../helpers/class-page.ts';
import { openFront } from '../helpers/front.ts';
import { startRedis } from '../helpers/redis.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const browsers = {} as Record<BrowserName, Browser>;

beforeAll(async () => {
  for (const name of ENGINES) browsers[name] = await openBrowser(name);
});
afterAll(async () => {
  for (const browser of Object.values(browsers)) await browser.close();
});

async function device(name: BrowserName): Promise<Page> {
  const context = await browsers[name].createBrowserContext();
  onTestFinished(() => context.close().catch(() => {}));
  const page = await context.newPage();
  await page.setViewport({ width: 360, height: 740 });
  return page;
}
async function joinAs(url: string, { classroom }: TestServer, name: BrowserName): Promise<Page> {
  const page = await device(name);
  await joinByForm(page, url, classroom?.room.state.code);
  return page;
}
const says = (page: Page, selector: string, words: string) =>
  page.waitForFunction(
    (query, text) => document.querySelector(query)?.textContent?.includes(text),
    { polling: 100 },
    selector,
    words,
  );
async function ask({ classroom }: TestServer, text: string): Promise<void> {
  const question = { kind: 'one' as const, text, choices: ['this', 'that'], unit: '', path: '/start/' };
  await classroom?.room.act({ do: 'ask', question, key: { right: [0], value: null, tolerance: 0, why: [] } });
}
/** Clicks by script: a tab in the background is not drawn, so nothing can be pointed at there. */
async function answer(page: Page, text: string, choice: number): Promise<void> {
  await says(page, '.class-question h2', text);
  await page.evaluate((index) => {
    const panel = document.querySelector('.class-question');
    panel?.querySelectorAll('input')[index]?.click();
    panel?.querySelector<HTMLElement>('[type=submit]')?.click();
  }, choice);
}
const STATUS = '.class-question [role=status]';
const answersIn = async ({ classroom }: TestServer) => {
  const changes = (await classroom?.room.log.read(classroom.room.id)) ?? [];
  return changes.flatMap(({ change }) => (change.type === 'answered' ? [change.answer] : []));
};

test.each(BROWSERS)(
  'in %s an answer that is given without wifi is saved on the device and sent once, also from another page',
  async (name) => {
    const server = await startServer({ siteDir, classroom: {} });
    const front = await openFront(server.port);
    const page = await joinAs(front.url, server, name);
    await ask(server, 'Before?');
    await answer(page, 'Before?', 0);
    await says(page, STATUS, 'is with the class');
    front.move(null);
    await page.waitForSelector('.class-bar[data-state=lost]');
    await answer(page, 'Before?', 1);
    await says(page, STATUS, 'saved on this device');
    expect(await axe(page)).toEqual([]);
    expect(await page.$$eval('.class-question input', (inputs) => inputs.map((input) => input.checked))).toEqual([
      false,
      true,
    ]);
    front.move(server.port);
    await page.waitForSelector('.class-bar[data-state=online]');
    await says(page, STATUS, 'is with the class');
    expect(await answersIn(server)).toEqual([[0], [1]]);

    // Given without wifi, and the page closed before it is back.
    front.move(null);
    await page.waitForSelector('.class-bar[data-state=lost]');
    await answer(page, 'Before?', 0);
    await says(page, STATUS, 'saved on this device');
    const next = await page.browserContext().newPage();
    await page.close();
    front.move(server.port);
    await next.goto(`${front.url}/start/`);
    await says(next, STATUS, 'is with the class');
    expect(await answersIn(server)).toEqual([[0], [1], [0]]);
    expect(await next.evaluate(() => localStorage.getItem('pushlab:class-held'))).toBeNull();

    // The class goes on meanwhile: what comes after the question was closed does not count, and is said so.
    front.move(null);
    await next.waitForSelector('.class-bar[data-state=lost]');
    await answer(next, 'Before?', 1);
    await says(next, STATUS, 'saved on this device');
    await server.classroom?.room.act({ do: 'close-question' });
    front.move(server.port);
    await says(next, '.class-bar .now', 'came after the question was closed');
    expect(await answersIn(server)).toHaveLength(3);

    // Nor can an answer come to a class that has ended meanwhile.
    await ask(server, 'Last?');
    await says(next, '.class-question h2', 'Last?');
    front.move(null);
    await next.waitForSelector('.class-bar[data-state=lost]');
    await answer(next, 'Last?', 1);
    await says(next, STATUS, 'saved on this device');
    await server.classroom?.room.act({ do: 'end' });
    front.move(server.port);
    await says(next, '.class-bar .now', 'had not sent yet did not reach it');
    // Nor does it give way to anything: what was put on the device a moment ago still had a timer.
    await next.evaluate(() => new Promise((over) => setTimeout(over, 1500)));
    await says(next, '.class-bar .now', 'had not sent yet did not reach it');
    await next.waitForSelector('.class-bar[data-state=refused] .class-question[hidden]');
  },
);

test('while Redis is gone answers and results wait on the device, the teacher’s page says so, and all comes when it is back', async () => {
  const redis = await startRedis();
  const server = await startServer({ siteDir, redisUrl: redis.url, classroom: { log: await redisLog(redis.url) } });
  const teacher = await device('chromium');
  await teacher.goto(`${server.url}/teach/#${server.classroom?.token}`);
  await teacher.waitForSelector('push-class-console[data-state=online]');
  const page = await joinAs(server.url, server, 'chromium');
  await ask(server, 'Now?');
  await server.classroom?.room.act({ do: 'call-run', settings: { techniques: ['sse'], durationSeconds: 2 } });
  // Before the run begins: its two seconds may pass before a busy machine has ended Redis.
  await expect.poll(() => server.classroom?.room.state.runs[0]?.startsAt).toEqual(expect.any(Number));
  await redis.kill();
  await answer(page, 'Now?', 1);
  await says(page, STATUS, 'saved on this device');
  await teacher.waitForSelector('[data-part=trouble]:not([hidden])');
  expect(await teacher.$eval('[data-part=trouble]', (found) => found.textContent)).toContain('students’ devices');
  await page.waitForSelector('push-lab[data-state=finished]');
  await says(page, '.class-bar .now', 'result is saved on this device');
  expect(await axe(teacher)).toEqual([]);
  await redis.start();
  await says(page, STATUS, 'is with the class');
  await says(page, '.class-bar .now', 'Your result is with the class');
  await teacher.waitForSelector('[data-part=trouble][hidden]');
  expect(await answersIn(server)).toEqual([[1]]);
  const { runs } = server.classroom?.room.state ?? { runs: [] };
  expect([...(runs[0]?.results.values() ?? [])].map(({ lanes }) => lanes.sse?.received)).toEqual([4]);
});

test('a server that is gone in the middle of a run: the next one on the same folder gets what each device had measured', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'pushlab-held-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const first = await startServer({ siteDir, classroom: { log: await sqliteLog(dir) } });
  const front = await openFront(first.port);
  const page = await joinAs(front.url, first, 'chromium');
  await first.classroom?.room.act({ do: 'call-run', settings: { techniques: ['sse'], durationSeconds: 60 } });
  await page.waitForSelector('push-lab[data-state=running]');
  const [run] = first.classroom?.room.state.runs ?? [];
  await expect.poll(() => first.classroom?.room.devices?.interim.size).toBe(1);
  front.move(null);
  await first.stop();
  const second = await startServer({ siteDir, classroom: { log: await sqliteLog(dir) } });
  front.move(second.port);
  await says(page, '.class-bar .now', 'Your result is with the class');
  const [kept] = second.classroom?.room.state.runs ?? [];
  expect(kept).toMatchObject({ id: run?.id, state: 'over' });
  const [result] = [...(kept?.results.values() ?? [])];
  expect(result?.lanes.sse?.received).toBeGreaterThan(0);
  // Nobody has counted for it: what the first server had counted went with it, and nothing is invented.
  expect(result?.counts).toEqual({});
});

test.each(BROWSERS)(
  'in %s a run goes on at the other server when one dies in it: nothing is lost, and the result is told once',
  async (name) => {
    const redis = await startRedis();
    const open = async () =>
      startServer({ siteDir, redisUrl: redis.url, classroom: { name: 'Two', log: await redisLog(redis.url) } });
    const [doomed, other] = [await open(), await open()];
    const front = await openFront(doomed.port);
    const page = await joinAs(front.url, doomed, name);
    const settings = { techniques: ['polling', 'sse'], eventsPerSecond: 2, durationSeconds: 8 };
    await other.classroom?.room.act({ do: 'call-run', settings });
    await page.waitForSelector('push-lab[data-state=running]');
    await expect.poll(() => doomed.classroom?.room.devices?.interim.size).toBe(1);
    front.move(other.port);
    await doomed.stop();
    await says(page, '.class-bar .now', 'Your result is with the class');
    const [run] = other.classroom?.room.state.runs ?? [];
    const [result] = [...(run?.results.values() ?? [])];
    for (const technique of ['polling', 'sse'] as const) {
      expect(result?.lanes[technique], technique).toMatchObject({ received: 16, lost: 0 });
      expect(result?.counts[technique]?.requests, technique).toBeGreaterThan(1);
    }
    const told = (await other.classroom?.room.log.read(other.classroom.room.id)) ?? [];
    expect(told.filter(({ change }) => change.type === 'result')).toHaveLength(1);
  },
);
