import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { RunDocument } from '../../demo-server/measure/run-document.ts';
import { readDocument } from '../../site/lab/kept/run-reading.ts';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { chooseFiles as choose, savedBy } from '../helpers/saved.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const QUERY = 'durationSeconds=2&eventsPerSecond=10&techniques=polling,sse,websocket&seed=5&pollIntervalMs=200';

describe.each(BROWSERS)('runs in %s', (name) => {
  let browser: Browser;
  let server: TestServer;
  let close: (() => Promise<void>) | undefined;
  let exported = '';
  beforeAll(async () => {
    server = await startServer({ siteDir }, (atEnd) => {
      close = atEnd;
    });
    browser = await openBrowser(name, { network: false });
    exported = await measured();
  });
  afterAll(async () => {
    await browser?.close();
    await close?.();
  });

  /** A browser without a past, and a page in it. */
  async function fresh(before?: () => void): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.createBrowserContext();
    onTestFinished(() => context.close().catch(() => {}));
    const page = await context.newPage();
    if (before) await page.evaluateOnNewDocument(before);
    return { context, page };
  }
  async function runLab(page: Page, query = QUERY): Promise<void> {
    await page.goto(`${server.url}/lab/?${query}`);
    await page.waitForSelector('push-lab[data-state=idle]');
    await page.click('[data-part=start]');
    await page.waitForSelector('push-lab[data-state=finished]');
    await page.waitForFunction(() => document.querySelector('[data-part=kept-status]')?.textContent !== '');
  }
  async function openRuns(page: Page, query = ''): Promise<void> {
    await page.goto(`${server.url}/lab/runs/${query}`);
    await page.waitForSelector(`push-runs[data-state=${query === '' ? 'list' : 'open'}]`);
  }
  const text = (page: Page, part: string) =>
    page.$eval(`[data-part="${part}"]`, (found) => found.textContent?.trim() ?? '');
  /** Every cell of the results' tables. */
  const cells = (page: Page) =>
    page.$$eval('[data-part=results] [data-table] td', (all) => all.map((cell) => cell.textContent?.trim()));

  /** One run's document, as the lab exports it. */
  async function measured(): Promise<string> {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await runLab(page);
    const { bytes } = await savedBy(page, '[data-file=json]');
    await context.close();
    return bytes.toString();
  }
  const kept = (): RunDocument => {
    const read = readDocument(exported);
    if ('faults' in read) throw new Error(JSON.stringify(read.faults));
    return read.document;
  };
  const chooseFiles = (page: Page, files: Record<string, string>) => choose(page, '[data-part=files]', files);

  test('a finished run is kept; opened again it has the same tables, and axe finds nothing', async () => {
    const { page } = await fresh();
    await runLab(page);
    const before = await cells(page);
    expect(before.length).toBeGreaterThan(60);
    expect(await axe(page)).toEqual([]);
    await openRuns(page);
    expect(await axe(page), 'the list').toEqual([]);
    await page.click('.does button');
    await page.waitForSelector('push-runs[data-state=open]');
    await page.waitForSelector('[data-part=keep]:not([hidden])');
    expect(await cells(page)).toEqual(before);
    expect(new URL(page.url()).searchParams.get('open')).not.toBeNull();
    expect(await axe(page), 'one open').toEqual([]);
    await page.goBack();
    await page.waitForSelector('push-runs[data-state=list]');
  });

  test('an exported run is read in another browser and shows the same tables', async () => {
    const { page } = await fresh();
    await openRuns(page);
    await page.waitForSelector('[data-part=empty]:not([hidden])');
    await chooseFiles(page, { 'run.json': exported });
    await page.waitForSelector('push-runs[data-state=open]');
    await page.waitForSelector('[data-part=keep]:not([hidden])');
    expect(await text(page, 'made')).toContain(kept().made.agent);
    const again = await savedBy(page, '[data-file=json]');
    expect(JSON.parse(again.bytes.toString())).toEqual(JSON.parse(exported));
    await openRuns(page);
    expect(await page.$$eval('.runs li', (all) => all.length)).toBe(1);
  });

  test('a file that is dropped is read, too; what is no run is refused in words, and nothing is lost', async () => {
    const { page } = await fresh();
    await openRuns(page);
    const broken = JSON.parse(exported);
    broken.lanes[0].events.at[0] = 'soon';
    const newer = { ...broken, schema: 'pushlab-run/7' };
    await page.evaluate(
      (files) => {
        const data = new DataTransfer();
        for (const [name, content] of Object.entries(files)) data.items.add(new File([content], name));
        dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true, bubbles: true }));
      },
      { 'a.json': exported, 'b.csv': 'a,b', 'c.json': JSON.stringify(broken), 'd.json': JSON.stringify(newer) },
    );
    await page.waitForFunction(() => document.querySelectorAll('[data-part=faults] li').length === 3);
    const said = await text(page, 'faults');
    expect(said).toContain('b.csv: This is no JSON');
    expect(said).toContain('c.json: “lanes[0].events.at[0]” is "soon"; it takes number.');
    expect(said).toContain('d.json: This run has the form "pushlab-run/7"');
    await page.waitForFunction(() => document.querySelectorAll('.runs li').length === 1);
    expect(await axe(page)).toEqual([]);
  });

  test('runs are named, and the name stays; a deleted one comes back', async () => {
    const { page } = await fresh();
    await openRuns(page);
    await chooseFiles(page, { 'run.json': exported });
    await page.waitForSelector('push-runs[data-state=open]');
    await openRuns(page);
    await page.type('.runs input[type=text]', 'Before the fix');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('[data-part=status]')?.textContent?.startsWith('Named.'));
    await openRuns(page);
    const named = () =>
      page.$$eval('.runs input[type=text]', (all) => all.map((one) => (one as HTMLInputElement).value));
    expect(await named()).toEqual(['Before the fix']);
    await page.click('.does button:last-child');
    await page.waitForSelector('[data-part=empty]:not([hidden])');
    expect(await text(page, 'status')).toContain('Before the fix');
    await page.click('[data-part=undo]');
    await page.waitForSelector('.runs li');
    expect(await named()).toEqual(['Before the fix']);
  });

  test('two runs are held against each other: settings, tables with differences, charts on the same axes', async () => {
    const { page } = await fresh();
    await openRuns(page);
    const other = kept();
    other.run.id = 'another';
    other.made.at = new Date(Date.parse(other.made.at) + 60_000).toISOString();
    other.run.settings.seed += 1;
    const account = other.ledger?.lanes.sse;
    if (!account) throw new Error('no account of sse');
    account.requests += 5;
    await chooseFiles(page, { 'a.json': exported, 'b.json': JSON.stringify(other) });
    await page.waitForFunction(() => document.querySelectorAll('.runs li').length === 2);
    expect(await page.$eval('[data-part=compare]', (button) => (button as HTMLButtonElement).disabled)).toBe(true);
    for (const box of await page.$$('.pick input')) await box.click();
    await page.click('[data-part=compare]');
    await page.waitForSelector('push-runs[data-state=open]');
    await page.waitForFunction(() => document.querySelector('[data-part=compare-table] td b') !== null);
    const differences = await page.$$eval('[data-part=compare-table] td b', (all) => all.map((one) => one.textContent));
    // The newer one stands first in the list, so it is A.
    expect(differences.some((one) => one?.startsWith('−5 '))).toBe(true);
    expect(await text(page, 'compare-note')).toContain('differ');
    expect(await page.$$eval('[data-side] dl', (lists) => lists.map((list) => list.textContent))).toEqual([
      'Seed6',
      'Seed5',
    ]);
    expect(await axe(page)).toEqual([]);
  });

  test('pictures are vectors with their lanes named, and PNGs; tables are CSV', async () => {
    const { page } = await fresh();
    await runLab(page);
    const charts = await page.$$eval('.take button', (all) => all.map((one) => one.getAttribute('aria-label') ?? ''));
    expect(charts.length).toBeGreaterThanOrEqual(16);
    for (const label of charts.filter((one) => one.endsWith('SVG'))) {
      const { bytes, file } = await savedBy(page, `[aria-label="${label}"]`);
      expect(file).toMatch(/^pushlab-[0-9a-f]{12}-\w+\.svg$/);
      const picture = await page.evaluate((svg) => {
        const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml');
        return {
          error: parsed.querySelector('parsererror')?.textContent ?? '',
          shapes: parsed.querySelectorAll('path, rect').length,
          bitmaps: parsed.querySelectorAll('image, foreignObject').length,
          text: parsed.documentElement.textContent ?? '',
        };
      }, bytes.toString());
      expect(picture, label).toMatchObject({ error: '', bitmaps: 0 });
      expect(picture.shapes, label).toBeGreaterThan(6);
      for (const lane of ['Short polling', 'Server-Sent Events', 'WebSocket'])
        expect(picture.text, label).toContain(lane);
      expect(picture.text).toContain('Seed: 5');
      expect(picture.text).not.toMatch(/NaN|undefined|lab\.\w/);
    }
    const head = async (picture: string, kind: string) => {
      const label = charts.find((one) => one.includes(picture) && one.endsWith(kind));
      return (await savedBy(page, `[aria-label="${label}"]`)).bytes.toString().trimEnd().split('\r\n');
    };
    expect(charts.filter((one) => one.endsWith('CSV'))).toHaveLength(charts.length / 3);
    const bars = await head('Timeline', 'CSV');
    expect(bars[0]).toBe('technique,request,start_ms,end_ms,ok');
    expect(bars.filter((line) => line.startsWith('websocket,'))).toHaveLength(1);
    const bytesOf = await head('What the bytes were', 'CSV');
    expect(bytesOf).toHaveLength(1 + 3 * 7);
    const [png = ''] = charts.filter((one) => one.endsWith('PNG'));
    expect((await savedBy(page, `[aria-label="${png}"]`)).bytes.subarray(1, 4).toString()).toBe('PNG');

    const { bytes: events } = await savedBy(page, '[data-file=events]');
    const lines = events.toString().trimEnd().split('\r\n');
    expect(lines[0]).toBe('technique,seq,request,sent_ms,received_ms,latency_ms');
    expect(lines).toHaveLength(1 + 3 * 20);
    const { bytes: tableBytes } = await savedBy(page, '[data-file=table]');
    expect(tableBytes.toString().split('\r\n')[0]).toBe(',Short polling,Server-Sent Events,WebSocket');
  });

  test('of a broken run every picture shows the faults as the timeline does', async () => {
    const { page } = await fresh();
    await runLab(page, `${QUERY}&faults=cut@5::sse`);
    const bad = await page.$eval('push-lab', (lab) => getComputedStyle(lab).getPropertyValue('--bad').trim());
    const { bytes } = await savedBy(page, '.timeline .take button');
    const picture = bytes.toString();
    expect(picture).toMatch(/^<svg/);
    // One lane was cut once: a line and the triangle on it.
    expect(picture.split(`fill="${bad}"`)).toHaveLength(3);
    const broken = (await savedBy(page, '[data-file=json]')).bytes.toString();
    await openRuns(page);
    await chooseFiles(page, { 'run.json': broken });
    await page.waitForSelector('push-runs[data-state=open]');
    await page.waitForSelector('[data-part=keep]:not([hidden])');
    await page.evaluate(() => {
      window.print = () => {};
    });
    await page.click('[data-file=report]');
    await page.waitForFunction(() => document.documentElement.dataset.report === '');
    const marks = await page.$$eval('[data-report=timeline] [fill="var(--bad)"]', (found) => found.length);
    expect(marks).toBe(2);
  });

  test('the report holds settings, conditions, timeline and table, and stands alone on paper', async () => {
    const { page } = await fresh();
    await openRuns(page);
    await chooseFiles(page, { 'run.json': exported });
    await page.waitForSelector('push-runs[data-state=open]');
    await page.waitForSelector('[data-part=keep]:not([hidden])');
    await page.evaluate(() => {
      window.print = () => {};
    });
    await page.click('[data-file=report]');
    await page.waitForFunction(() => document.documentElement.dataset.report === '');
    await page.emulateMediaType('print').catch(() => {});
    const report = await page.$eval('[data-part=report]', (found) => ({
      text: (found as HTMLElement).textContent ?? '',
      timeline: found.querySelectorAll('svg path').length,
      rows: found.querySelectorAll('tbody tr').length,
    }));
    for (const words of ['Seed5', 'Short polling', 'Clocks agree within', kept().run.id])
      expect(report.text).toContain(words);
    expect(report.timeline).toBeGreaterThan(6);
    expect(report.rows).toBeGreaterThan(20);
    if (name === 'chromium') {
      const pdf = Buffer.from(await page.pdf({ preferCSSPageSize: true })).toString('latin1');
      expect(pdf.match(/\/Type \/Page\b(?!s)/g)).toHaveLength(1);
    }
  });

  test('of too many runs the oldest without a name go, and how many are kept is said', async () => {
    const { page } = await fresh();
    await openRuns(page);
    const files: Record<string, string> = {};
    for (let n = 0; n < 61; n++) {
      const copy = kept();
      copy.run.id = `r${n}`;
      copy.made.at = new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString();
      copy.name = n === 0 ? 'The first' : '';
      files[`${n}.json`] = JSON.stringify(copy);
    }
    await chooseFiles(page, files);
    await page.waitForFunction(() => document.querySelector('[data-part=status]')?.textContent?.includes('61 runs'));
    const names = await page.$$eval('.runs input[type=text]', (all) =>
      all.map((one) => (one as HTMLInputElement).value),
    );
    expect(names).toHaveLength(60);
    expect(names.at(-1)).toBe('The first');
    expect(await text(page, 'bounds')).toContain('60 runs');
  });

  test('where the browser keeps nothing, the run stays on the page, can be saved, and it is said', async () => {
    const { page } = await fresh(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('not here', 'SecurityError');
      };
    });
    await runLab(page);
    expect(await text(page, 'kept-status')).toContain('lets the page keep nothing');
    const { bytes } = await savedBy(page, '[data-file=json]');
    expect('document' in readDocument(bytes.toString())).toBe(true);
    await openRuns(page);
    expect(await text(page, 'status')).toContain('Files can be opened all the same');
    await chooseFiles(page, { 'run.json': exported });
    await page.waitForSelector('push-runs[data-state=open] [data-part=results] [data-table] td');
    expect((await cells(page)).length).toBeGreaterThan(60);
  });
});
