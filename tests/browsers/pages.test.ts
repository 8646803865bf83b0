/** Every page of the built site, by being there: axe finds nothing, nothing foreign is loaded, nothing overflows a phone. */
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axe } from '../helpers/axe.ts';
import { bothBrowsers } from '../helpers/both-browsers.ts';
import { BROWSERS } from '../helpers/browsers.ts';
import { overflow } from '../helpers/overflow.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const pages = globSync('**/*.html', { cwd: siteDir })
  .map((file) => `/${file.replace(/index\.html$/, '')}`)
  .sort();

test('there are pages', () => {
  expect(pages).toContain('/');
  expect(pages).toContain('/lab/');
  expect(pages.length).toBeGreaterThan(10);
});

const browser = bothBrowsers();
let server: TestServer;
let close: () => Promise<void>;
beforeAll(async () => {
  server = await startServer({ siteDir }, (atEnd) => {
    close = atEnd;
  });
});
afterAll(() => close?.());

describe.each(pages)('%s', (path) => {
  test.concurrent.for(BROWSERS)('in %s', async (name, { expect, onTestFinished }) => {
    const page = await browser(name).newPage();
    onTestFinished(() => page.close());
    const foreign: string[] = [];
    const errors: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url) && !request.url().startsWith('data:')) foreign.push(request.url());
    });
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(String(error)));

    await page.setViewport({ width: 360, height: 740 });
    await page.goto(server.url + path, { waitUntil: 'load' });
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(await overflow(page, [360]), 'wider than a phone').toEqual([]);
    expect(await axe(page), 'light, 360 px').toEqual([]);

    await page.evaluate(() => {
      document.documentElement.dataset.theme = 'dark';
    });
    await page.setViewport({ width: 1280, height: 900 });
    expect(await axe(page), 'dark, 1280 px').toEqual([]);
    expect(await overflow(page, [768, 1280]), 'wider than the window').toEqual([]);
    expect(foreign).toEqual([]);
    expect(errors).toEqual([]);
  });
});
