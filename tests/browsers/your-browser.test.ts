/** The table of “your browser”: what it finds in Chromium and Firefox is what these browsers do, and what was recorded of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { PROBES } from '../../site/probes/browser-probes.ts';
import type { RecordedBrowsers, Value } from '../../site/probes/probe-values.ts';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { openFront } from '../helpers/front.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const root = join(import.meta.dirname, '../..');
const siteDir = join(root, 'dist');
const recorded = JSON.parse(readFileSync(join(root, 'content/recorded/browsers.json'), 'utf8')) as RecordedBrowsers;

/** The end of a probe that does not end by itself, as browser-element.ts has it (ms). */
const LIMIT_MS = 15_000;

test('both browsers are recorded, with every row', () => {
  expect(recorded.browsers.map(({ name }) => name)).toEqual([
    expect.stringMatching(/^Chromium \d+$/),
    expect.stringMatching(/^Firefox \d+$/),
  ]);
  for (const { values } of recorded.browsers) expect(Object.keys(values)).toEqual(PROBES.map(({ id }) => id));
});

describe.each(BROWSERS)('in %s', (name) => {
  const chromium = name === 'chromium';
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  });
  afterAll(() => browser?.close());

  /** Opens the page of a server; `withoutLimit`, a probe that never ends is waited for as long as the test is. */
  async function open({
    url,
    withoutLimit = false,
  }: {
    url?: string;
    withoutLimit?: boolean;
  } = {}): Promise<{ page: Page; server: TestServer }> {
    const server = await startServer({ siteDir });
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    if (withoutLimit) {
      await page.evaluateOnNewDocument((limit: number) => {
        const { setTimeout } = window;
        const patient = (run: () => void, ms?: number, ...more: unknown[]) =>
          setTimeout(ms === limit ? () => {} : run, ms, ...more);
        Object.assign(window, { setTimeout: patient });
      }, LIMIT_MS);
    }
    await page.goto(`${url ?? server.url}/lab/browser/`);
    await page.waitForSelector('push-browser[data-ready]');
    return { page, server };
  }
  /** The page says that the server has gone, and has no figure of the probe that was under way. */
  async function toldGone(page: Page, probe: string): Promise<void> {
    await page.waitForSelector('[data-part=problem]:not([hidden])');
    expect(await page.$eval('[data-part=problem-text]', (line) => line.textContent)).toContain('npm start');
    expect(await shown(page, probe, 1)).toBe('could not be measured');
    expect(await page.$('tr[data-state=running]')).toBeNull();
  }
  const shown = (page: Page, id: string, column: number): Promise<string> =>
    page.$eval(`tr[data-probe="${id}"]`, (row, at) => row.children[at]?.textContent ?? '', column);

  test('the table fills itself with what this browser does', async () => {
    const { page } = await open();
    await page.click('[data-part=start]');
    await page.waitForSelector('push-browser[data-found]');
    const found = JSON.parse(
      await page.$eval('push-browser', (element) => (element as HTMLElement).dataset.found ?? ''),
    ) as Record<string, Value>;
    const value = (id: string) => found[id]?.value;
    expect(Object.keys(found)).toEqual(PROBES.map(({ id }) => id));

    // Words and counts: the browser's rules, whatever the machine is busy with.
    expect(
      Object.fromEntries(
        Object.entries(found).flatMap(([id, one]) => (one.kind === 'ms' || id === 'ws-burst' ? [] : [[id, one.value]])),
      ),
    ).toEqual({
      isolated: 'yes',
      'sse-gives-up': '204, 404, 500, 502, text/html',
      'sse-open': chromium ? 'head' : 'first-byte',
      'fetch-open': chromium ? 'head' : 'first-byte',
      'sniff-xhr': chromium ? 1024 : 'at-once',
      'sniff-nosniff': 'at-once',
      'sniff-fetch': 'at-once',
      'xhr-cut': 'emptied',
      'frame-utf8': expect.any(Number),
      'frame-plain': chromium ? expect.any(Number) : 4096,
      connections: 6,
      'socket-beside': chromium ? 'passes' : 'waits',
      repeat: 'asked-again',
      'head-bytes': expect.any(Number),
      'ws-deflate': 'offered',
    });
    expect(found['frame-plain']).toMatchObject(chromium ? { kind: 'bytes' } : { more: true });
    if (chromium) expect(found['frame-plain']).not.toHaveProperty('more');
    // Waiting times are the browser's own, and the machine can only add to them.
    expect(Math.floor(Number(value('sse-retry')) / 1000)).toBeGreaterThanOrEqual(chromium ? 3 : 5);
    expect(Number(value('sse-retry-cut'))).toBeGreaterThanOrEqual(chromium ? 2990 : 4990);
    expect(Number(value('sse-retry-200'))).toBeGreaterThanOrEqual(chromium ? 195 : 495);
    // The standard lets XHR show progress every 50 ms at most.
    expect(Number(value('xhr-step'))).toBeGreaterThan(45);

    expect(await shown(page, 'connections', 1)).toBe('6');
    expect(await shown(page, 'frame-plain', 1)).toMatch(chromium ? /\sB$/ : /^more than 4,096/);
    expect(await page.$eval('[data-part=status]', (line) => line.textContent)).toMatch(/^Done: /);
    expect(await axe(page)).toEqual([]);
  });

  test('what was recorded of others stands beside it', async () => {
    const { page } = await open();
    const heads = await page.$$eval('push-browser thead th', (cells) => cells.map((cell) => cell.textContent));
    expect(heads).toEqual(['What', 'Your browser', ...recorded.browsers.map((one) => one.name)]);
    expect(await shown(page, 'socket-beside', 2)).toBe('gets through');
    expect(await shown(page, 'socket-beside', 3)).toBe('waits');
  });

  test('stops when asked, keeps what it has, and copies the table as text or says why not', async () => {
    const { page } = await open();
    await page.click('[data-part=start]');
    await page.waitForSelector('tr[data-probe="sse-retry"][data-state=running]');
    await page.click('[data-part=stop]');
    await page.waitForSelector('push-browser[data-state=idle]');
    expect(await page.$eval('[data-part=status]', (line) => line.textContent)).toMatch(/^Stopped/);
    expect(await shown(page, 'isolated', 1)).toBe('yes');
    expect(await shown(page, 'sse-retry', 1)).toBe('–');
    await page.evaluate(() => {
      Object.defineProperty(navigator.clipboard, 'writeText', {
        value: (text: string) => {
          document.body.dataset.copied = text;
          return Promise.resolve();
        },
      });
    });
    await page.click('[data-part=copy]');
    await page.waitForFunction(() => document.body.dataset.copied);
    const text = await page.evaluate(() => document.body.dataset.copied ?? '');
    expect(text).toContain('Mozilla/5.0');
    expect(text).toMatch(/^Cross-origin isolated\tyes\tyes\tyes$/m);
    expect(text.split('\n').filter((line) => line.includes('\t'))).toHaveLength(PROBES.length + 1);
  });

  test.each(['sse-retry', 'connections'])('a server that goes away during %s is told of at once', async (probe) => {
    const { page, server } = await open({ withoutLimit: true });
    await page.click('[data-part=start]');
    await page.waitForSelector(`tr[data-probe="${probe}"][data-state=running]`);
    await server.stop();
    await toldGone(page, probe);
  });

  test('a server of which nothing comes any more is told of', async () => {
    const server = await startServer({ siteDir });
    const wifi = await openFront(server.port);
    const { page } = await open({ url: wifi.url, withoutLimit: true });
    await page.click('[data-part=start]');
    await page.waitForSelector('tr[data-probe="sse-retry"][data-state=running]');
    wifi.silence();
    await toldGone(page, 'sse-retry');
    wifi.move(server.port);
    await page.click('[data-part=way-on]');
    await page.waitForSelector('tr[data-probe="sse-retry"][data-state=running]');
    expect(await page.$('[data-part=problem]:not([hidden])')).toBeNull();
  });
});
