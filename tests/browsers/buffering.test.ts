/** The lab of buffering in real browsers: what the page says of a proxy is what the proxy does. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ProxyConfigId, TechniqueId } from '../../demo-server/protocol.ts';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const ALL: TechniqueId[] = ['long-poll', 'iframe-stream', 'xhr-stream', 'fetch-stream', 'sse', 'websocket'];

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name, { network: false });
  });
  afterAll(() => browser?.close());

  /** Opens the page by the name that readers use: localhost, which nginx has to pass on for a WebSocket. */
  async function open(options = {}): Promise<Page> {
    const { port } = await startServer({ siteDir, ...options });
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(`http://localhost:${port}/lab/buffering/`);
    await page.waitForSelector('push-buffering[data-ready]');
    return page;
  }
  async function compare(page: Page, config: ProxyConfigId, techniques: TechniqueId[], gzip = false): Promise<void> {
    await page.evaluate(
      (wanted) => {
        const box = (selector: string) => document.querySelector(selector) as HTMLInputElement;
        box(`push-buffering input[value="${wanted.config}"]`).checked = true;
        box('push-buffering input[name=gzip]').checked = wanted.gzip;
        for (const input of document.querySelectorAll<HTMLInputElement>('push-buffering input[name=techniques]'))
          input.checked = (wanted.techniques as string[]).includes(input.value);
        box('push-buffering [data-part=start]').click();
      },
      { config, techniques, gzip },
    );
  }
  const finished = (page: Page) =>
    page.waitForFunction(
      () =>
        (document.querySelector('push-buffering') as HTMLElement).dataset.state === 'idle' &&
        /^Done/.test(document.querySelector('[data-part=status]')?.textContent ?? ''),
      { polling: 100 },
    );
  /** What the page says of each shown row: `sse directly`, `sse proxied`. */
  const fates = (page: Page): Promise<Record<string, string>> =>
    page.$$eval('[data-part=rows] tr:not([hidden])', (rows) =>
      Object.fromEntries(
        (rows as HTMLElement[]).map(({ dataset }) => [`${dataset.technique} ${dataset.way}`, dataset.fate ?? '']),
      ),
    );
  const text = (page: Page, part: string) => page.$eval(`[data-part=${part}]`, (element) => element.textContent);

  test('proxy_pass alone holds every stream back and refuses the WebSocket; directly all are live', async () => {
    const page = await open();
    await compare(page, 'without-header', ALL);
    await finished(page);
    expect(await fates(page)).toEqual(
      Object.fromEntries(
        ALL.flatMap((id) => [
          [`${id} direct`, 'live'],
          [`${id} proxied`, id === 'websocket' ? 'refused' : id === 'long-poll' ? 'live' : 'held'],
        ]),
      ),
    );
    expect(await text(page, 'by')).toMatch(/^A real nginx \d/);
    expect(await text(page, 'conf')).toContain('proxy_ignore_headers X-Accel-Buffering;');
    expect(await axe(page)).toEqual([]);
  });

  test.each([
    ['default', 'live', 'refused'],
    ['buffering-off', 'live', 'refused'],
    ['upgrade', 'live', 'live'],
    ['fixed', 'live', 'live'],
  ] as const)('%s leaves SSE %s and a WebSocket %s', async (config, sse, websocket) => {
    const page = await open();
    await compare(page, config, ['sse', 'websocket']);
    await finished(page);
    expect(await fates(page)).toEqual({
      'sse direct': 'live',
      'sse proxied': sse,
      'websocket direct': 'live',
      'websocket proxied': websocket,
    });
  });

  test('by the newer defaults proxy_pass alone lets streams through', async () => {
    const page = await open();
    await page.click('push-buffering input[value=newer]');
    await compare(page, 'without-header', ['sse', 'websocket']);
    await finished(page);
    expect(await fates(page)).toMatchObject({ 'sse proxied': 'live', 'websocket proxied': 'refused' });
    expect(await text(page, 'conf')).toContain('proxy_http_version 1.1;');
  });

  test('gzip changes nothing of it, and what was tried stays in a table', async () => {
    const page = await open();
    await compare(page, 'without-header', ['sse'], true);
    await finished(page);
    expect(await fates(page)).toMatchObject({ 'sse proxied': 'held' });
    expect(await text(page, 'conf')).toContain('gzip on;');
    await compare(page, 'fixed', ['sse'], true);
    await page.waitForSelector('push-buffering[data-state=running]');
    await finished(page);
    expect(await fates(page)).toMatchObject({ 'sse proxied': 'live' });
    const rows = await page.$$eval('[data-part=summary] tbody tr', (all) => all.map((row) => row.textContent));
    expect(rows).toEqual(['proxy_pass alone, gzip onheld to the end', 'All of it, gzip onlive']);
  });

  test('without nginx the page says that a step of the lab imitates it', async () => {
    const page = await open({ nginx: null });
    await compare(page, 'without-header', ['sse', 'fetch-stream']);
    await finished(page);
    expect(await fates(page)).toMatchObject({
      'sse proxied': 'held',
      'fetch-stream proxied': 'held',
      'sse direct': 'live',
    });
    expect(await text(page, 'by')).toContain('There is no nginx');
  });

  test('stops when asked, and can be started again', async () => {
    const page = await open();
    await compare(page, 'fixed', ['sse']);
    await page.waitForFunction(() =>
      /^Server-Sent/.test(document.querySelector('[data-part=status]')?.textContent ?? ''),
    );
    await page.$eval('[data-part=stop]', (button) => (button as HTMLElement).click());
    await page.waitForSelector('push-buffering[data-state=idle]');
    expect(await text(page, 'status')).toMatch(/^Stopped/);
    await compare(page, 'fixed', []);
    expect(await text(page, 'fault')).toBe('Choose at least one technique.');
  });
});
