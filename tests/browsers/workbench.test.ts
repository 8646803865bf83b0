/** The WebSocket workbenches on their pages: what one types is computed, and what cannot be is refused in words. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name);
  });
  afterAll(() => browser.close());

  async function open(path: string): Promise<Page> {
    const server = await startServer({ siteDir });
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(server.url + path, { waitUntil: 'networkidle0' });
    return page;
  }
  const shows = (page: Page, part: string, form: RegExp) =>
    page.waitForFunction(
      (which, source) => {
        const found = document.querySelector(`[data-part=${which}]`);
        return new RegExp(source, 'u').test((found as HTMLTextAreaElement | null)?.value ?? found?.textContent ?? '');
      },
      {},
      part,
      form.source,
    );
  const type = async (page: Page, part: string, text: string): Promise<void> => {
    await page.focus(`[data-part=${part}]`);
    await page.$eval(`[data-part=${part}]`, (field) => (field as HTMLInputElement).select());
    await page.keyboard.type(text);
  };

  test('Accept: the sample, a real handshake, and a key of 13 bytes', async () => {
    const page = await open('/workbench/accept/');
    await shows(page, 'accept', /^s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=$/);
    await type(page, 'input', 'AQIDBAUGBwgJCgsMDQ4PEA==');
    await shows(page, 'accept', /^C\/0nmHhBztSRGR1CwL6Tf4ZjwpY=$/);
    await page.click('[data-part=real]');
    await shows(page, 'said', /Computed here: the same\.$/);
    await shows(page, 'key', /^([0-9a-f]{2} ){15}[0-9a-f]{2}$/);
    await page.click('[data-part=thirteen]');
    await shows(page, 'fault', /^These are 13 bytes when decoded, and a key has 16\./);
    await shows(page, 'accept', /^–$/);
  });

  test('Frames: built by typing, read from bytes, broken rules in words', async () => {
    const page = await open('/workbench/frames/');
    await shows(page, 'bytes', /^81 85 37 fa 21 3d 7f 9f 4d 51 58$/);
    await type(page, 'payload', 'Hi');
    await shows(page, 'bytes', /^81 82 37 fa 21 3d 7f 93$/);
    await page.select('[data-part=from]', 'server');
    await shows(page, 'bytes', /^81 02 48 69$/);
    await page.select('[data-part=as]', 'count');
    await type(page, 'payload', '126');
    await shows(page, 'bytes', /^81 7e 00 7e( 2e){126}$/);
    await shows(page, 'status', /4 bytes of head and 126 of payload\. No rule is broken\.$/);
    await type(page, 'bytes', '83 00 09 00');
    await shows(page, 'reading', /Opcode 3 is reserved.*must not be fragmented/);
    await type(page, 'bytes', '81 0');
    await shows(page, 'status', /^3 digits: each byte has two\.$/);
    await page.select('[data-part=example]', 'unmasked');
    await shows(page, 'reading', /A frame from the browser has to be masked/);
    expect(await page.$eval('[data-part=masked]', (box) => (box as HTMLInputElement).checked)).toBe(false);
  });
});
