/** A reader bends the network and breaks a run, in the lab and in a lesson's demo, in both browsers. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { RunLedger } from '../../demo-server/protocol.ts';
import { axe } from '../helpers/axe.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name, { network: false });
  });
  afterAll(() => browser.close());

  async function open(path: string): Promise<Page> {
    const server = await startServer({ siteDir });
    const page = await browser.newPage();
    onTestFinished(() => page.close().catch(() => {}));
    await page.goto(server.url + path);
    return page;
  }
  async function lab(query: string): Promise<Page> {
    const page = await open(`/lab/?${query}`);
    await page.waitForSelector('push-lab[data-state=idle]');
    return page;
  }
  const state = (page: Page, wanted: string) => page.waitForSelector(`push-lab[data-state=${wanted}]`);
  const text = (page: Page, selector: string) => page.$eval(selector, (found) => found.textContent?.trim() ?? '');
  const query = (page: Page) => new URL(page.url()).searchParams;
  /** The verdicts of the newest fault, lane by lane, once none of them is still going on. */
  async function verdicts(page: Page, root: string): Promise<string[]> {
    const rows = `${root} [data-part=fault-report] li:first-child [data-verdict]`;
    await page.waitForFunction(
      (selector) => {
        const all = [...document.querySelectorAll<HTMLElement>(selector)];
        return all.length > 0 && all.every(({ dataset }) => dataset.verdict !== 'open');
      },
      {},
      rows,
    );
    return page.$$eval(rows, (found) => found.map((one) => (one as HTMLElement).dataset.verdict ?? ''));
  }

  test('a network is chosen by name, stands in the link, and is named beside the figures', async () => {
    const page = await lab('techniques=websocket,keep-alive&durationSeconds=4');
    await page.select('[data-part=network]', 'satellite');
    expect(query(page).get('rttMs')).toBe('600');
    expect(await text(page, '[data-part=summary]')).toContain('Satellite (round trip + 600');
    await page.$eval('[name=jitterMs]', (field) => {
      (field as HTMLInputElement).value = '0';
      field.dispatchEvent(new Event('change', { bubbles: true }));
    });
    expect(await page.$eval('[data-part=network]', (chooser) => (chooser as HTMLSelectElement).value)).toBe('own');
    await page.click('[data-part=start]');
    await state(page, 'finished');
    expect(await text(page, '[data-part=notes]')).toContain('Simulated network: round trip + 600');
    // Half a round trip is the least that any event can have taken.
    const [own] = await page.$$eval('[data-table] tr', (rows) =>
      rows
        .filter((row) => row.querySelector('th')?.textContent === 'Half within (p50)')
        .map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent ?? '')),
    );
    for (const cell of own ?? []) expect(cell).toMatch(/^(3\d\d|[4-9]\d\d)\sms$|^[\d,.]+\ss$|^\d,\d{3}\sms$/);
    expect(own).toHaveLength(2);
  });

  test('a fault is planned for an event by keyboard, shared by the link, carried out and judged', async () => {
    const page = await lab('techniques=long-poll,sse,websocket&durationSeconds=5&eventsPerSecond=5');
    await page.focus('[data-part=breaks] summary');
    await page.keyboard.press('Enter');
    await page.select('[data-part=break-fault]', 'cut');
    await page.$eval('[data-part=break-event]', (field) => {
      (field as HTMLInputElement).value = '5';
    });
    await page.focus('[data-part=break-plan]');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    expect(query(page).get('faults')).toBe('cut@5,cut@5');
    // The second was one too many: focus goes on, so the panel stays usable from the keyboard.
    await page.focus('[data-part=break-planned] button');
    await page.keyboard.press('Enter');
    expect(query(page).get('faults')).toBe('cut@5');
    expect(await page.evaluate(() => document.activeElement?.closest('[data-part=break-planned]') !== null)).toBe(true);
    expect(await axe(page)).toEqual([]);

    await page.click('[data-part=start]');
    await state(page, 'finished');
    expect(await verdicts(page, 'push-lab')).toEqual(['agrees', 'agrees', 'agrees']);
    expect(await text(page, '[data-part=fault-report] h3')).toContain('before event 5');
    expect(await axe(page)).toEqual([]);
  });

  test('a run that goes on is broken in one lane, and the others are left alone', async () => {
    const page = await lab('techniques=polling,sse,websocket&durationSeconds=8&eventsPerSecond=5&pollIntervalMs=300');
    await page.click('[data-part=breaks] summary');
    await page.click('[data-part=start]');
    await state(page, 'running');
    await page.click('[data-part=breaks] [data-lanes=none]');
    await page.click('[data-part=breaks] input[value=websocket]');
    await page.waitForSelector('[data-part=break-now]:not([disabled])');
    await page.focus('[data-part=break-now]');
    await page.keyboard.press('Enter');
    expect(await verdicts(page, 'push-lab')).toEqual(['agrees']);
    expect(await text(page, '[data-part=fault-report] h3')).toContain('WebSocket');
    expect(await text(page, '[data-part=break-said]')).toContain('Begun');
    await state(page, 'finished');
    expect(await text(page, '[data-part=notes]')).not.toContain('Short polling lost');
    expect(await page.$eval('[data-part=break-now]', (button) => (button as HTMLElement).hidden)).toBe(true);
  });

  test('what does not fit in a plan is said in its panel, and nothing is started', async () => {
    const page = await lab('techniques=sse&faults=cut@5::polling');
    await page.click('[data-part=start]');
    await page.waitForFunction(() =>
      document.querySelector('[data-part=break-fault-text]')?.textContent?.includes('polling'),
    );
    expect(await page.$eval('push-lab', (found) => (found as HTMLElement).dataset.state)).toBe('idle');
  });

  test('messages to the server are counted and timed in every lane', async () => {
    const page = await lab('techniques=polling,sse,websocket&durationSeconds=4&uplinkPerSecond=5&seed=1');
    await page.click('[data-part=start]');
    await state(page, 'finished');
    const rows = await page.$$eval('[data-table~=uplink] tbody tr', (all) =>
      Object.fromEntries(
        all.map((row) => [
          row.querySelector('th')?.textContent ?? '',
          [...row.querySelectorAll('td')].map((cell) => cell.textContent ?? ''),
        ]),
      ),
    );
    const id = await text(page, '[data-part=condition-run]');
    const { lanes } = (await page.evaluate(
      async (run) => (await fetch(`/runs/${run}/ledger`)).json(),
      id,
    )) as RunLedger;
    for (const [column, lane] of (['polling', 'sse', 'websocket'] as const).entries()) {
      const [sent, answered] = [Number(rows.Sent?.[column]), Number(rows.Answered?.[column])];
      const read = lanes[lane]?.uplinkMessages ?? Number.NaN;
      expect(answered, lane).toBeGreaterThan(0);
      expect(sent, lane).toBeGreaterThanOrEqual(read);
      // What the server has read it has answered; the last answer may have come when the run was over.
      expect([0, 1], lane).toContain(read - answered);
    }
    for (const cell of rows['Answer here, half within'] ?? []) expect(cell).toMatch(/^[\d.,]+\s(ms|s)$/);
    expect(rows['Answer here, half within']).toHaveLength(3);
  });

  test('the demo of a lesson is broken by its buttons, and says what should happen and what did', async () => {
    const page = await open('/lessons/sse/');
    const demo = 'push-demo:has([data-part=break])';
    expect(
      await page.$$eval(`${demo} [data-fault]`, (all) => all.map((one) => (one as HTMLButtonElement).disabled)),
    ).toEqual([true, true, true]);
    await page.click(`${demo} [data-part=start]`);
    await page.waitForSelector(`${demo} [data-fault=cut]:not([disabled])`);
    await page.focus(`${demo} [data-fault=cut]`);
    await page.keyboard.press('Enter');
    expect(await verdicts(page, demo)).toEqual(['agrees']);
    await page.click(`${demo} [data-fault=status-500]`);
    await page.waitForFunction(
      (root) => document.querySelectorAll(`${root} [data-part=fault-report] li`).length === 2,
      {},
      demo,
    );
    expect(await verdicts(page, demo)).toEqual(['agrees']);
    expect(await text(page, `${demo} [data-part=fault-report] li:first-child td`)).toContain(
      'ends an EventSource for good',
    );
    expect(await axe(page)).toEqual([]);
  });
});
