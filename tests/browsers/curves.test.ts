/** The cost curves as their reader uses them, in both browsers: real runs in a row, what they came to, and how to stop them. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { chooseFiles, savedBy } from '../helpers/saved.ts';
import { startServer, type TestServer } from '../helpers/server.ts';
import { startStaticHost } from '../helpers/static-host.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));

describe.each(BROWSERS)('the cost curves in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name, { network: false });
  });
  afterAll(() => browser.close());

  async function open(query: string): Promise<{ server: TestServer; page: Page }> {
    const server = await startServer({ siteDir });
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(`${server.url}/lab/curves/?${query}`);
    await page.waitForFunction(() => customElements.get('push-curves') !== undefined);
    return { server, page };
  }
  const state = (page: Page, wanted: string) => page.waitForSelector(`push-curves[data-state=${wanted}]`);
  const text = (page: Page, part: string) =>
    page.$eval(`[data-part="${part}"]`, (found) => found.textContent?.trim() ?? '');
  const cells = (page: Page, plot: string) =>
    page.$$eval(`[data-part="table-${plot}"] tbody tr`, (rows) =>
      rows.map((row) => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent?.trim() ?? '')),
    );
  const number = (cell: string | undefined) => Number(cell?.replace(/[^\d.]/g, ''));

  test('measure each point by a run of its own, mark where two change places, and can be linked to', async () => {
    // A poll every 200 ms: rare events are cheaper by a stream, frequent ones by asking for many at once.
    const query = 'from=2&to=100&points=2&techniques=polling,sse&durationSeconds=3&pollIntervalMs=200&payloadBytes=16';
    const { page } = await open(`${query}&arrivals=steady&seed=4`);
    await page.click('[data-part=start]');
    await state(page, 'finished');
    const bytes = await cells(page, 'bytes');
    expect(bytes.map(([at]) => at)).toEqual(['2\u00a0/s', '100\u00a0/s']);
    const [rare, frequent] = bytes.map((row) => row.slice(1).map(number)) as [number[], number[]];
    expect(rare[0]).toBeGreaterThan(rare[1] as number);
    expect(rare[0]).toBeGreaterThan(frequent[0] as number);
    const ages = (await cells(page, 'age')).map((row) => row.slice(1).map(number)) as [number[], number[]];
    // However it is asked for, news that comes every half second is a quarter of a second old at the mean.
    for (const age of ages[0]) expect(age).toBeGreaterThan(200);
    expect(ages[1][0]).toBeGreaterThan(ages[1][1] as number);
    expect(await page.$$eval('figure[data-plot=bytes] svg [data-technique=sse] .mark', (marks) => marks.length)).toBe(
      2,
    );
    const crosses = (frequent[0] as number) < (frequent[1] as number);
    const told = await text(page, 'crossings-bytes');
    if (crosses) {
      expect(told).toMatch(
        /^At about [\d.]+\s\/s both cost .* Below it Server-Sent Events is cheaper, above it Short polling\./,
      );
      expect(await page.$('figure[data-plot=bytes] svg .ring')).not.toBeNull();
    } else expect(told).toContain('No two of these lines cross');
    const link = new URL(page.url()).searchParams;
    expect(Object.fromEntries(link)).toMatchObject({
      vary: 'eventsPerSecond',
      from: '2',
      to: '100',
      points: '2',
      seed: '4',
    });
    expect(await axe(page)).toEqual([]);

    // Each plot as files: what is drawn, with its settings below, and the figures of the table.
    for (const [plot, column] of [
      ['bytes', 'bytes_per_event'],
      ['age', 'mean_age_ms'],
    ] as const) {
      const take = (kind: string) => savedBy(page, `figure[data-plot=${plot}] .take button:nth-child(${kind})`);
      const { bytes: svg, file } = await take('1');
      expect(file).toBe(`pushlab-curves-eventsPerSecond-2-100-polling+sse-seed-4-${plot}.svg`);
      const onPage = await page.$$eval(`figure[data-plot=${plot}] svg :is(.line, .mark)`, (marks) =>
        marks.map((mark) => mark.getAttribute('d')),
      );
      const picture = await page.evaluate((text) => {
        const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
        const paths = [...parsed.querySelectorAll('path')].map((path) => path.getAttribute('d'));
        return { paths, text: parsed.documentElement.textContent ?? '' };
      }, svg.toString());
      expect(onPage.length).toBeGreaterThanOrEqual(6);
      for (const path of onPage) expect(picture.paths).toContain(path);
      for (const words of ['Short polling', 'Server-Sent Events', 'Seed: 4', 'Varied: Events a second'])
        expect(picture.text).toContain(words);
      expect(picture.text).not.toMatch(/NaN|undefined|curves\.|Events a second: /);
      expect((await take('2')).bytes.subarray(1, 4).toString()).toBe('PNG');
      const lines = (await take('3')).bytes.toString().trimEnd().split('\r\n');
      expect(lines[0]).toBe(`eventsPerSecond,polling_${column},sse_${column},run`);
      const table = (await cells(page, plot)).map((row) => row.map(number));
      for (const [n, line] of lines.slice(1).entries()) {
        const [at, ...values] = line.split(',').slice(0, 3).map(Number);
        expect(at).toBe(table[n]?.[0]);
        for (const [of, value] of values.entries())
          expect(Math.abs(value / (table[n]?.[of + 1] ?? 0) - 1)).toBeLessThan(0.01);
      }
    }

    // The whole of it as one file, which the page opens again where there is no server.
    const { bytes: saved, file } = await savedBy(page, '[data-part=save]');
    expect(file).toBe('pushlab-curves-eventsPerSecond-2-100-polling+sse-seed-4.json');
    const host = await startStaticHost();
    const other = await browser.newPage();
    onTestFinished(() => other.close().catch(() => {}));
    await other.goto(`${host.url}/lab/curves/`);
    await other.waitForFunction(() => customElements.get('push-curves') !== undefined);
    const choose = (name: string, content: string) => chooseFiles(other, '[data-part=file]', { [name]: content });
    await choose('wrong.json', saved.toString().replace('pushlab-curves/1', 'pushlab-run/1'));
    await other.waitForFunction(() =>
      document.querySelector('[data-part=status]')?.textContent?.startsWith('wrong.json is no series'),
    );
    await choose('series.json', saved.toString());
    await state(other, 'finished');
    for (const plot of ['bytes', 'age']) expect(await cells(other, plot)).toEqual(await cells(page, plot));
    expect(new URL(other.url()).search).toBe(new URL(page.url()).search);
    expect(await text(other, 'made')).toMatch(/^Measured on .* with (Chromium|Firefox) \d+/);
    expect(await other.$eval('[data-part=resume]', (button) => (button as HTMLElement).hidden)).toBe(true);
  });

  test('of another day stand in where no server answers, and say so', async () => {
    const host = await startStaticHost();
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(`${host.url}/lab/curves/`);
    await page.waitForFunction(() => customElements.get('push-curves') !== undefined);
    await page.click('[data-part=start]');
    await page.waitForSelector('[data-part=problem][data-tone=recorded]');
    expect(await text(page, 'problem')).toMatch(
      /nothing in it is live: a series made on \w+ \d+, 20\d\d.* Chromium \d+/,
    );
    expect(await cells(page, 'bytes')).toHaveLength(5);
    expect(await page.$$eval('figure[data-plot=bytes] svg .mark', (marks) => marks.length)).toBe(20);
    expect(await axe(page)).toEqual([]);
  });

  test('are stopped with what is measured kept, and the rest is measured when asked for', async () => {
    const { server, page } = await open('from=10&to=40&points=2&techniques=sse&durationSeconds=3');
    await page.click('[data-part=start]');
    await page.waitForFunction(() => document.querySelectorAll('[data-part=table-bytes] tbody tr').length === 1);
    expect(await text(page, 'status')).toMatch(/^Point 2 of 2: 40\s\/s\.$/);
    await page.click('[data-part=stop]');
    await state(page, 'stopped');
    expect(await text(page, 'status')).toContain('One point is measured');
    const [kept] = await cells(page, 'bytes');
    await page.click('[data-part=resume]');
    await state(page, 'finished');
    const rows = await cells(page, 'bytes');
    expect(rows).toHaveLength(2);
    expect(rows[0]).toEqual(kept);
    // A server that goes away takes nothing with it that was measured.
    await server.stop();
    await page.click('[data-part=start]');
    await page.waitForFunction(() =>
      document.querySelector('[data-part=problem] p')?.textContent?.includes('does not answer'),
    );
  });

  test('explain what does not fit beside its field, and take another range for another setting', async () => {
    const { page } = await open('from=50&to=5');
    expect(await page.$eval('[data-fault=to]', (fault) => fault.textContent)).toContain('more than 50');
    await page.click('[data-part=start]');
    expect(await page.$eval('push-curves', (found) => (found as HTMLElement).dataset.state)).toBe('idle');
    await page.select('[name=vary]', 'rttMs');
    expect(await page.$eval('[data-fault=to]', (fault) => fault.textContent)).toBe('');
    expect(await page.$eval('[name=to]', (field) => (field as HTMLInputElement).value)).toBe('400');
    expect(await page.$eval('[name=rttMs]', (field) => (field as HTMLInputElement).disabled)).toBe(true);
    expect(new URL(page.url()).searchParams.get('vary')).toBe('rttMs');
    expect(await axe(page)).toEqual([]);
  });
});
