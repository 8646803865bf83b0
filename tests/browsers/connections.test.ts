/** The lab of connections in real browsers: what waits is what the page says, over HTTP/1.1 and over HTTP/2. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ConnectionCounts, Http2Servers } from '../../demo-server/protocol.ts';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
/** Nothing more happens within this: what waits then is waiting, not slow (ms). */
const CALM = 1200;

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name, { anyCertificate: true });
  });
  afterAll(() => browser?.close());

  async function open(url: string): Promise<Page> {
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(`${url}/lab/connections/`);
    await page.waitForSelector('push-connections[data-ready]');
    return page;
  }
  const press = (page: Page, part: string) =>
    page.$eval(`push-connections [data-part=${part}]`, (button) => (button as HTMLElement).click());
  async function openStreams(page: Page, count: number): Promise<void> {
    await page.$eval(
      '[data-part=count]',
      (input, value) => {
        (input as HTMLInputElement).value = value;
      },
      String(count),
    );
    await page.$eval('push-connections button[type=submit]', (button) => (button as HTMLElement).click());
  }
  type Shown = Record<'asked' | 'reached' | 'waiting' | 'connections', number>;
  const shown = (page: Page): Promise<Shown> =>
    page.evaluate(
      () =>
        Object.fromEntries(
          ['asked', 'reached', 'waiting', 'connections'].map((part) => [
            part,
            Number(document.querySelector(`[data-part=count-${part}]`)?.textContent),
          ]),
        ) as Shown,
    );
  /** Waits until the page shows this, and then still does after a while. */
  async function settles(page: Page, expected: Partial<ConnectionCounts>): Promise<void> {
    await page
      .waitForFunction(
        (wanted) =>
          Object.entries(wanted).every(
            ([part, value]) => document.querySelector(`[data-part=count-${part}]`)?.textContent === String(value),
          ),
        { polling: 100 },
        expected,
      )
      .catch(async () => expect(await shown(page)).toMatchObject(expected));
    await page.evaluate((ms) => new Promise((resolve) => setTimeout(resolve, ms)), CALM);
    expect(await shown(page)).toMatchObject(expected);
  }
  const stateOf = (page: Page, n: number) =>
    page.$eval(`[data-part=rows] tr:nth-child(${n})`, (row) => (row as HTMLElement).dataset.state);

  test('six of ten streams reach the server, four wait, and a fetch behind them', async () => {
    const page = await open((await startServer({ siteDir })).url);
    await openStreams(page, 10);
    await settles(page, { asked: 10, reached: 6, waiting: 4, connections: 6 });
    await press(page, 'ask-fetch');
    await settles(page, { asked: 11, reached: 6, waiting: 5, connections: 6 });
    expect([await stateOf(page, 6), await stateOf(page, 7), await stateOf(page, 11)]).toEqual([
      'open',
      'waiting',
      'waiting',
    ]);
    expect(await axe(page)).toEqual([]);

    await press(page, 'close-one');
    await settles(page, { reached: 7, waiting: 4 });
    expect(await stateOf(page, 1)).toBe('over');
    await press(page, 'close-all');
    await page.waitForSelector('push-connections[data-state=closed]');
    expect([await stateOf(page, 7), await stateOf(page, 8)]).toEqual(['over', 'dropped']);
  });

  test('requests without credentials have connections of their own beside six streams', async () => {
    const page = await open((await startServer({ siteDir })).url);
    await openStreams(page, 6);
    await settles(page, { reached: 6, waiting: 0 });
    const status = await page.evaluate(async () => (await fetch('/push/polling', { credentials: 'omit' })).status);
    expect(status).toBe(200);
    expect(await shown(page)).toMatchObject({ reached: 6 });
  });

  test('a WebSocket gets through beside six streams in Chromium; in Firefox its handshake waits', async () => {
    const page = await open((await startServer({ siteDir })).url);
    await openStreams(page, 6);
    await settles(page, { reached: 6, waiting: 0 });
    await press(page, 'ask-socket');
    await settles(page, name === 'chromium' ? { reached: 7, waiting: 0 } : { reached: 6, waiting: 1 });
    await press(page, 'close-one');
    await settles(page, { reached: 7, waiting: 0 });
  });

  test('seven WebSockets and more are open at once', async () => {
    const page = await open((await startServer({ siteDir })).url);
    for (let n = 0; n < 10; n += 1) await press(page, 'ask-socket');
    await settles(page, { asked: 10, reached: 10, waiting: 0, connections: 10 });
  });

  test('a second tab waits in Chromium until a stream is closed, and is told how long; Firefox lets it in', async () => {
    const page = await open((await startServer({ siteDir })).url);
    await openStreams(page, 7);
    await settles(page, { reached: 6, waiting: 1 });
    const before = browser.targets();
    await page.click('[data-part=ask-tab]');
    if (name === 'chromium') {
      await settles(page, { asked: 8, reached: 6, waiting: 2 });
      await press(page, 'close-one');
    }
    // By the clock: the first tab lies behind the second, where no frames are drawn.
    await page.waitForFunction(() => Number(document.querySelector('[data-part=count-reached]')?.textContent) >= 7, {
      polling: 100,
    });
    if (name === 'firefox') await settles(page, { asked: 8, reached: 7, waiting: 1 });
    const others = new Set(before);
    const target = await browser.waitForTarget((one) => one.type() === 'page' && !others.has(one));
    const tab = await target.page();
    if (!tab) throw new Error('the second tab is no page');
    onTestFinished(() => tab.close().catch(() => {}));
    await tab.waitForFunction(() =>
      /waited/.test(document.querySelector('[data-part=second-text]')?.textContent ?? ''),
    );
  });

  test('a wrong number is refused in words, and nothing is asked for', async () => {
    const page = await open((await startServer({ siteDir })).url);
    await openStreams(page, 0);
    expect(await page.$eval('[data-part=count-fault]', (fault) => fault.textContent)).toContain('from 1 to 250');
    expect(await page.$eval('[data-part=results]', (results) => (results as HTMLElement).hidden)).toBe(true);
  });

  test('a server that goes away is told of, and what was seen stays', async () => {
    const server = await startServer({ siteDir });
    const page = await open(server.url);
    await openStreams(page, 3);
    await settles(page, { reached: 3 });
    await server.stop();
    await page.waitForSelector('[data-part=problem]:not([hidden])');
    expect(await stateOf(page, 3)).toBe('over');
    await press(page, 'close-all');
    await openStreams(page, 1);
    await page.waitForFunction(() =>
      document.querySelector('[data-part=problem-text]')?.textContent?.includes('npm start'),
    );
  });

  describe('over HTTP/2', () => {
    async function openHttp2(server: TestServer, which: 'silent' | 'announcing'): Promise<Page> {
      const plain = await open(server.url);
      await press(plain, 'http2-start');
      await plain.waitForSelector('[data-part=http2-servers]:not([hidden])');
      const href = await plain.$eval(`[data-part=http2-${which}]`, (link) => (link as HTMLAnchorElement).href);
      const servers = (await (await fetch(`${server.url}/probe/http2`, { method: 'POST' })).json()) as Http2Servers;
      expect(href).toBe(`https://127.0.0.1:${servers[which]}/lab/connections/`);
      expect(await plain.$eval('[data-part=http2-fingerprint]', (code) => code.textContent)).toBe(servers.fingerprint);
      const page = await open(new URL(href).origin);
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
      expect(await page.$eval('[data-part=carrier]', (line) => line.textContent)).toContain('HTTP/2');
      return page;
    }

    test('a silent server gets 100 of 150 streams, on one connection', async () => {
      const page = await openHttp2(await startServer({ siteDir }), 'silent');
      await openStreams(page, 150);
      await settles(page, { asked: 150, reached: 100, waiting: 50, connections: 1 });
      expect(await page.$$eval('[data-part=rows] tr', (rows) => rows.length)).toBeLessThan(10);
    });

    test('a server that announces 200 gets 150 of 150, and 200 of 210', async () => {
      const page = await openHttp2(await startServer({ siteDir }), 'announcing');
      await openStreams(page, 150);
      await settles(page, { asked: 150, reached: 150, waiting: 0, connections: 1 });
      await openStreams(page, 60);
      await settles(page, { asked: 210, reached: 200, waiting: 10 });
    });
  });
});
