/**
 * Pages in browsers that deny what most allow: storage, databases, locks, channels, the clipboard, what only secure contexts have.
 * Whatever is missing, no page throws, each can be read, and what a reader sets up still works for as long as the page is open.
 */
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BROWSERS, type BrowserOptions, openBrowser } from '../helpers/browsers.ts';
import { joinByForm } from '../helpers/class-page.ts';
import { faultsOf, readWhole } from '../helpers/page-faults.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const pages = globSync('**/*.html', { cwd: siteDir })
  .map((file) => `/${file.replace(/index\.html$/, '')}`)
  .sort();

/** Takes from a page, before any of its own scripts runs, all that some browser, setting or insecure context denies. */
function deny(): void {
  const refuse = (): never => {
    throw new DOMException('The operation is insecure.', 'SecurityError');
  };
  for (const name of ['localStorage', 'sessionStorage', 'caches'])
    Object.defineProperty(window, name, { configurable: true, get: refuse });
  Object.defineProperty(document, 'cookie', { configurable: true, get: refuse, set: refuse });
  Object.defineProperty(IDBFactory.prototype, 'open', { configurable: true, value: refuse });
  for (const name of ['locks', 'clipboard', 'serviceWorker', 'storage', 'wakeLock', 'sendBeacon'])
    Object.defineProperty(navigator, name, { configurable: true, get: () => undefined });
  for (const name of ['BroadcastChannel', 'SharedWorker', 'CompressionStream', 'Notification'])
    Reflect.deleteProperty(window, name);
  for (const name of ['subtle', 'randomUUID'])
    Object.defineProperty(crypto, name, { configurable: true, get: () => undefined });
}

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  let server: TestServer;
  let close: () => Promise<void>;
  beforeAll(async () => {
    [browser, server] = await Promise.all([
      openBrowser(name, { network: false }),
      startServer({ siteDir, classroom: { name: 'Physics' } }, (atEnd) => {
        close = atEnd;
      }),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await close?.();
  });
  async function denied(): Promise<{ page: Page; faults: string[] }> {
    const context = await browser.createBrowserContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.evaluateOnNewDocument(deny);
    return { page, faults: faultsOf(page) };
  }

  test.each(pages)('%s throws nothing where all of it is denied', async (path) => {
    const { page, faults } = await denied();
    await readWhole(page, server.url + path);
    expect(faults).toEqual([]);
  });

  test('the lab runs, and says that the run cannot be kept', async () => {
    const { page, faults } = await denied();
    await page.goto(`${server.url}/lab/?durationSeconds=1&eventsPerSecond=5&techniques=sse,polling`);
    await page.click('[data-part=start]');
    await page.waitForSelector('push-lab[data-state=finished]');
    await page.waitForFunction(() => document.querySelector('[data-part=kept-status]')?.textContent !== '');
    expect(await page.$eval('[data-part=kept-status]', (line) => line.textContent)).toContain(
      'lets the page keep nothing',
    );
    expect(faults).toEqual([]);
  });

  test('a guess, a quiz and the mark of a lesson work for as long as the page is open', async () => {
    const { page, faults } = await denied();
    await page.goto(`${server.url}/lessons/long-poll/`);
    const textOf = (query: string) => page.$eval(query, (line) => line.textContent ?? '');
    await page.click('push-predict input[value="400"]');
    await page.click('push-predict [type=submit]');
    await page.waitForFunction(() => document.querySelector('push-predict [role=status]')?.textContent !== '');
    expect(await textOf('push-predict [role=status]')).toContain('Your guess: 400');
    await page.click('push-quiz input[value="1"]');
    await page.click('push-quiz .check');
    await page.waitForFunction(() => document.querySelector('push-quiz [role=status]')?.textContent !== '');
    expect(await textOf('push-quiz [role=status]')).toBe('Right.');
    expect(faults).toEqual([]);
  });

  test('a device joins a class, and stays in it on this page', async () => {
    const { page, faults } = await denied();
    await joinByForm(page, server.url, server.classroom?.room.state.code);
    expect(faults).toEqual([]);
  });

  test('the teacher’s link opens the console', async () => {
    const { page, faults } = await denied();
    await page.goto(`${server.url}/teach/#${server.classroom?.token}`);
    await page.waitForSelector('push-class-console[data-state=online]');
    expect(faults).toEqual([]);
  });
});

/** Settings that readers really use, on the pages that keep something. */
const SETTINGS: [string, 'chromium' | 'firefox', BrowserOptions][] = [
  ['without DOM storage', 'firefox', { prefs: { 'dom.storage.enabled': false } }],
  ['with all cookies blocked', 'firefox', { prefs: { 'network.cookie.cookieBehavior': 2 } }],
  ['without IndexedDB', 'firefox', { prefs: { 'dom.indexedDB.enabled': false } }],
  ['in private windows', 'firefox', { prefs: { 'browser.privatebrowsing.autostart': true } }],
  ['that resists fingerprinting', 'firefox', { prefs: { 'privacy.resistFingerprinting': true } }],
  [
    'with a quota of nothing',
    'firefox',
    { prefs: { 'dom.storage.default_quota': 0, 'dom.quotaManager.temporaryStorage.fixedLimit': 1 } },
  ],
  [
    'with all cookies and site data blocked',
    'chromium',
    { prefs: { profile: { default_content_setting_values: { cookies: 2 } } } },
  ],
  ['incognito', 'chromium', { args: ['--incognito'] }],
];
test.each(SETTINGS)('no page throws %s (%s)', async (_, name, options) => {
  const browser = await openBrowser(name, { network: false, ...options });
  onTestFinished(() => browser.close());
  const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
  const page = await browser.newPage();
  const faults = faultsOf(page);
  for (const path of [
    '/',
    '/lessons/long-poll/',
    '/lab/',
    '/lab/runs/',
    '/lab/curves/',
    '/lab/connections/',
    '/lab/browser/',
    '/check/',
    '/join/',
    '/class/',
    '/teach/',
  ])
    await readWhole(page, server.url + path);
  await page.goto(`${server.url}/lab/?durationSeconds=1&eventsPerSecond=5&techniques=sse`);
  await page.click('[data-part=start]');
  await page.waitForSelector('push-lab[data-state=finished]');
  await page.waitForFunction(() => document.querySelector('[data-part=kept-status]')?.textContent !== '');
  await joinByForm(page, server.url, server.classroom?.room.state.code);
  expect(faults).toEqual([]);
});
