/** What a reader finds in the results of a run, in both browsers: pictures, tables, and what opens from the timeline. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));

describe.each(BROWSERS)('the results in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name, { network: false });
  });
  afterAll(() => browser.close());

  async function begin(query: string): Promise<{ server: TestServer; page: Page }> {
    const server = await startServer({ siteDir });
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(`${server.url}/lab/?${query}`);
    await page.waitForSelector('push-lab[data-state=idle]');
    await page.click('[data-part=start]');
    return { server, page };
  }
  const state = (page: Page, wanted: string) => page.waitForSelector(`push-lab[data-state=${wanted}]`);
  const text = (page: Page, selector: string) => page.$eval(selector, (found) => found.textContent?.trim() ?? '');
  const run = (page: Page) => text(page, '[data-part="condition-run"]');
  const row = (page: Page, heading: string) =>
    page.$$eval(
      '[data-table] tbody tr',
      (rows, wanted) =>
        rows
          .filter((one) => one.querySelector('th')?.textContent?.trim() === wanted)
          .flatMap((one) => [...one.querySelectorAll('td')].map((cell) => cell.textContent?.trim() ?? '')),
      heading,
    );
  const ms = (cell: string | undefined) => Number(cell?.replace(/[^\d.]/g, ''));
  const open = (page: Page, part: string) => page.waitForSelector(`[data-part="${part}"]:not([hidden])`);

  test('cut the bytes into the classes of the ledger, and tell how old what the reader saw was', async () => {
    const { server, page } = await begin('durationSeconds=4&eventsPerSecond=5&techniques=http10,polling,sse&seed=3');
    await state(page, 'finished');
    const { lanes } = await server.ledger(await run(page));
    await page.$eval('figure[data-kind=bytes]', (figure) => figure.scrollIntoView());
    await page.waitForSelector('figure[data-kind=bytes] svg [data-technique=sse] [data-class=payload]');
    const titles = await page.$$eval('figure[data-kind=bytes] svg [data-class] title', (found) =>
      found.map((title) => title.textContent ?? ''),
    );
    const told = (lane: string, what: string) =>
      Number(
        titles
          .find((title) => title.startsWith(`${lane}: ${what},`))
          ?.match(/, ([\d,]+)\sB/)?.[1]
          ?.replace(',', ''),
      );
    expect(told('Server-Sent Events', 'Heads, to the server')).toBe(lanes.sse?.bytes.up.head);
    expect(told('Server-Sent Events', 'Envelope')).toBe(lanes.sse?.bytes.down.envelope);
    expect(told('Short polling', 'Heads, to the browser')).toBe(lanes.polling?.bytes.down.head);
    expect(told('HTTP/1.0', 'Payload sent again')).toBe(lanes.http10?.bytes.down.redundantPayload);
    // A poll a second at five events a second: what its reader sees is older than what a stream shows, always.
    const [, polled, streamed] = (await row(page, 'Age, mean over time')).map(ms);
    expect(polled).toBeGreaterThan(streamed ?? Number.NaN);
    expect(await row(page, 'Breaks, faults included')).toEqual(['0', '0', '0']);
    expect(await row(page, 'No event came any more')).toEqual(['0', '0', '0']);
    expect((await row(page, 'First event after')).every((cell) => ms(cell) > 0)).toBe(true);
  });

  test('show the latencies as a histogram, cumulative, and as a table that agrees with the percentiles', async () => {
    const { page } = await begin('durationSeconds=4&eventsPerSecond=10&techniques=polling,sse,websocket');
    await state(page, 'finished');
    const figure = 'figure[data-kind=distribution]';
    await page.$eval(figure, (found) => found.scrollIntoView());
    await page.waitForSelector(`${figure} svg [data-technique=websocket] .bars`);
    const median = await text(page, `${figure} svg [data-technique=polling] .at.p50 title`);
    expect(median).toContain((await row(page, 'Half within (p50)'))[0]);
    await page.click(`${figure} [data-view=cumulative]`);
    await page.waitForSelector(`${figure} svg [data-technique=websocket] .line`);
    expect(await page.$(`${figure} svg .bars`)).toBeNull();
    await page.click(`${figure} details summary`);
    await page.waitForSelector(`${figure} details tbody tr`);
    const shares = await page.$$eval(`${figure} details tbody tr`, (rows) =>
      rows.map((one) => [...one.querySelectorAll('td')].map((cell) => Number.parseFloat(cell.textContent ?? ''))),
    );
    for (const column of [0, 1, 2]) {
      const line = shares.map((cells) => cells[column] as number);
      expect(line).toEqual([...line].sort((a, b) => a - b));
      expect(line.at(-1)).toBe(100);
    }
    expect(await axe(page)).toEqual([]);
  });

  test('open from the timeline: an event on all lanes, and the bytes of the request that carried it', async () => {
    const { server, page } = await begin(
      'durationSeconds=3&eventsPerSecond=2&techniques=long-poll,sse,websocket&seed=5',
    );
    await state(page, 'finished');
    await page.focus('push-lab canvas[role=application]');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await text(page, '[data-readout]')).toMatch(/^Long polling, event 2 in request \d/);
    await page.keyboard.press(' ');
    await open(page, 'inspect-event');
    expect(await text(page, '[data-part=event-title]')).toMatch(/^Event 2, happened at [\d.]+\ss$/);
    const lanes = await page.$$eval('[data-part=inspect-event] tbody tr', (rows) =>
      rows.map((one) => one.textContent?.trim() ?? ''),
    );
    expect(lanes.map((line) => line.match(/\d+\.\d{3}\ss[\d.]+\sms/) !== null)).toEqual([true, true, true]);
    await page.keyboard.press('Enter');
    await open(page, 'bytes-view');
    expect(await text(page, '[data-part=bytes-title]')).toMatch(/^Long polling, request \d/);
    expect(await text(page, '[data-part=bytes-view] [data-part=turns]')).toContain('"seq":2,');
    // Down to the stream, by its button in the table: another exchange, of another lane.
    await page.click('[data-part=inspect-event] tbody tr:nth-child(2) button');
    await page.waitForFunction(() =>
      document.querySelector('[data-part=bytes-view] [data-part=turns]')?.textContent?.includes('text/event-stream'),
    );
    expect(await axe(page)).toEqual([]);
    await page.click('[data-part=event-close]');
    expect(await page.$('[data-part=inspect-event]:not([hidden])')).toBeNull();
    // The record is of the server: without it the page says so.
    await server.stop();
    await page.click('[data-part=timeline-list] summary');
    await page.waitForSelector('[data-part=timeline-list] tbody button');
    await page.click('[data-part=timeline-list] tbody button');
    await page.waitForFunction(() =>
      document.querySelector('[data-part=bytes-status]')?.textContent?.includes('does not answer'),
    );
  });

  test('say so where the server no longer has the bytes of a request', async () => {
    const { server, page } = await begin('durationSeconds=60&eventsPerSecond=2&techniques=polling&pollIntervalMs=50');
    await state(page, 'running');
    // It runs a moment before its name is drawn.
    await page.waitForFunction(() => document.querySelector('[data-part="condition-run"]')?.textContent);
    const id = await run(page);
    // Stopped as soon as there are more requests than a page of the list, and than the server keeps the bytes of.
    await expect.poll(() => server.readLedger(id).lanes.polling?.requests).toBeGreaterThan(60);
    await page.click('[data-part=stop]');
    await state(page, 'stopped');
    await page.click('[data-part=timeline-list] summary');
    await page.waitForSelector('[data-part=timeline-list] tbody button');
    expect(await text(page, '[data-part=list-range]')).toMatch(/^1 to 50 of \d+$/);
    await page.click('[data-part=timeline-list] tbody button');
    await page.waitForFunction(() =>
      document.querySelector('[data-part=bytes-status]')?.textContent?.includes('no longer has the bytes'),
    );
    await page.click('[data-part=timeline-list] [data-page="1"]');
    expect(await text(page, '[data-part=list-range]')).toMatch(/^51 to \d+ of \d+$/);
  });

  test('tell after a fault how long each lane went without news', async () => {
    const { page } = await begin(
      'durationSeconds=4&eventsPerSecond=5&techniques=polling,sse,websocket&faults=cut@8::sse.websocket',
    );
    await state(page, 'finished');
    const [polled, ...cut] = (await row(page, 'Breaks, faults included')).map(Number);
    expect(polled).toBe(0);
    for (const breaks of cut) expect(breaks).toBeGreaterThan(0);
    const [none, ...recovered] = await row(page, 'Until the next event, longest');
    expect(none).toBe('–');
    // It is no less than what an event takes, and no more than what was left of the run.
    for (const time of recovered) expect(ms(time) > 0 && ms(time) < 3000).toBe(true);
    expect(await row(page, 'No event came any more')).toEqual(['0', '0', '0']);
  });

  test('stand still while the run goes on, and go back to it', async () => {
    const { server, page } = await begin('durationSeconds=60&eventsPerSecond=10&techniques=sse');
    await state(page, 'running');
    await page.waitForSelector('[data-move=follow][aria-pressed=true]');
    await page.click('[data-move=pause]');
    await page.waitForSelector('[data-move=pause][aria-pressed=true]');
    await page.waitForSelector('[data-move=follow][aria-pressed=false]');
    const picture = () =>
      page.$eval('push-lab canvas[role=application]', (canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const still = await picture();
    // A second of events and more goes by meanwhile, as the server tells.
    const id = await run(page);
    const { lastSeq } = await server.info(id);
    while ((await server.info(id)).lastSeq < lastSeq + 15);
    expect(await picture()).toBe(still);
    await page.click('[data-move=follow]');
    await page.waitForSelector('[data-move=pause][aria-pressed=false]');
    await page.waitForFunction(
      (was) => document.querySelector<HTMLCanvasElement>('push-lab canvas[role=application]')?.toDataURL() !== was,
      {},
      still,
    );
    // A bar pressed now waits for the end of the run instead of taking a connection from the lanes.
    await page.click('[data-part=timeline-list] summary');
    await page.waitForSelector('[data-part=timeline-list] tbody button');
    await page.click('[data-part=timeline-list] tbody button');
    await page.waitForFunction(() =>
      document.querySelector('[data-part=bytes-status]')?.textContent?.includes('when the run is over'),
    );
    await page.focus('[data-part=stop]');
    await page.keyboard.press('Enter');
    await state(page, 'stopped');
    await open(page, 'bytes-view');
  });
});
