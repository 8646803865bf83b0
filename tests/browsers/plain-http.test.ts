/**
 * Pages as another machine of the network gets them: plain HTTP under a name that is not localhost, and so no secure context.
 * There is no clipboard, no Web Locks, no crypto.subtle, no isolation, and a coarse clock.
 */
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { joinByForm } from '../helpers/class-page.ts';
import { faultsOf, readWhole } from '../helpers/page-faults.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const pages = globSync('**/*.html', { cwd: siteDir })
  .map((file) => `/${file.replace(/index\.html$/, '')}`)
  .sort();
/** Leads to loopback in these browsers, and is none of the names that they trust. */
const NAME = 'pushlab.example';
/** Chromium's remark on the header that isolates a page: over plain HTTP it has no effect, and behind TLS it must be there. */
const IGNORED = 'The Cross-Origin-Opener-Policy header has been ignored, because the URL';

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  let server: TestServer;
  let url: string;
  let close: () => Promise<void>;
  beforeAll(async () => {
    browser = await openBrowser(name, {
      args: name === 'chromium' ? [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`] : [],
      prefs: { 'network.dns.localDomains': NAME },
    });
    server = await startServer({ siteDir, allowHosts: [NAME], classroom: { name: 'Physics' } }, (atEnd) => {
      close = atEnd;
    });
    url = `http://${NAME}:${server.port}`;
  });
  afterAll(async () => {
    await browser?.close();
    await close?.();
  });
  async function device(): Promise<{ page: Page; faults: () => string[] }> {
    const context = await browser.createBrowserContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const faults = faultsOf(page);
    return { page, faults: () => faults.filter((fault) => !fault.startsWith(IGNORED)) };
  }
  const text = (page: Page, query: string) => page.$eval(query, (found) => found.textContent?.trim() ?? '');
  const says = (page: Page, query: string, words: string) =>
    page.waitForFunction(
      (at, what) => document.querySelector(at)?.textContent?.includes(what),
      { polling: 100 },
      query,
      words,
    );
  /** What a reader would paste now, into a field of the page. */
  async function pasted(page: Page): Promise<string> {
    await page.evaluate(() => {
      const field = document.createElement('textarea');
      field.id = 'pasted';
      document.body.append(field);
      field.focus();
    });
    await page.keyboard.down('Control');
    await page.keyboard.press('v');
    await page.keyboard.up('Control');
    await page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>('#pasted')?.value !== '', {
      polling: 100,
    });
    return page.$eval('#pasted', (field) => {
      const { value } = field as HTMLTextAreaElement;
      field.remove();
      return value;
    });
  }

  test('it is no secure context, and has nothing that only those have', async () => {
    const { page } = await device();
    await page.goto(`${url}/lab/`);
    const has = await page.evaluate(() => [
      isSecureContext,
      crossOriginIsolated,
      'clipboard' in navigator,
      'subtle' in crypto,
    ]);
    expect(has).toEqual([false, false, false, false]);
  });

  test.each(pages)('%s opens without a fault, and every part of it comes to life', async (path) => {
    const { page, faults } = await device();
    await readWhole(page, url + path);
    expect(faults()).toEqual([]);
  });

  test('the lab runs, says what its clock lacks, copies link and table, and keeps the run', async () => {
    const { page, faults } = await device();
    await page.goto(`${url}/lab/?durationSeconds=1&eventsPerSecond=5&techniques=sse,polling&seed=4`);
    await page.click('[data-part=start]');
    await page.waitForSelector('push-lab[data-state=finished]');
    expect(await text(page, '[data-part=condition-isolated]')).toMatch(/^no/i);
    await page.click('[data-part=copy-link]');
    await says(page, '[data-part=link-copied]', 'Link copied');
    expect(await pasted(page)).toBe(page.url());
    await page.click('[data-part=copy-table]');
    await says(page, '[data-part=copied]', 'Table copied');
    expect(await pasted(page)).toMatch(/^Requests\t\d+\t\d+$/m);
    await page.goto(`${url}/lab/runs/`);
    await page.waitForSelector('[data-part=list] li');
    expect(faults()).toEqual([]);
  });

  test('a shell line is copied', async () => {
    const { page, faults } = await device();
    await page.goto(`${url}/lessons/long-poll/`);
    await page.$eval('push-try', (line) => line.scrollIntoView({ block: 'center' }));
    await page.waitForSelector('push-try button:not([hidden])');
    await page.click('push-try button');
    await says(page, 'push-try [role=status]', 'Copied');
    expect(await pasted(page)).toContain(`${url}/push/`);
    expect(faults()).toEqual([]);
  });

  test('a device joins, says what plain HTTP costs it, and takes part in a run; the teacher sees both', async () => {
    const [teacher, student] = [await device(), await device()];
    await teacher.page.goto(`${url}/teach/#${server.classroom?.token}`);
    await teacher.page.waitForSelector('push-class-console[data-state=online]');
    expect(await teacher.page.$eval('[data-part=insecure]', (note) => (note as HTMLElement).hidden)).toBe(false);
    await joinByForm(student.page, url, server.classroom?.room.state.code);
    expect(await student.page.$eval('[data-part=insecure]', (note) => (note as HTMLElement).hidden)).toBe(false);
    await server.classroom?.room.act({ do: 'call-run', settings: { techniques: ['sse'], durationSeconds: 1 } });
    await student.page.waitForSelector('push-lab[data-state=finished]');
    await says(student.page, '.class-bar .now', 'Your result is with the class');
    const results = [...(server.classroom?.room.state.runs[0]?.results.values() ?? [])];
    expect(results.map(({ conditions }) => conditions.isolated)).toEqual([false]);
    await says(teacher.page, '[data-part=results]', '1 device has reported');
    expect([...teacher.faults(), ...student.faults()]).toEqual([]);
  });
});
