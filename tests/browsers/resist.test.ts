/** Firefox that resists fingerprinting, as Tor Browser does: a clock of 17 ms steps, and pictures that a page cannot read back. */
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));

test('no ± is smaller than a step of the clock, and a PNG that would be stripes is not saved', async () => {
  const browser = await openBrowser('firefox', { prefs: { 'privacy.resistFingerprinting': true } });
  onTestFinished(() => browser.close());
  const server = await startServer({ siteDir });
  const page = await browser.newPage();
  await page.goto(`${server.url}/lab/?durationSeconds=1&eventsPerSecond=5&techniques=sse,polling`);
  await page.click('[data-part=start]');
  await page.waitForSelector('push-lab[data-state=finished]');
  const number = async (part: string) =>
    Number(/[\d.]+/.exec((await page.$eval(`[data-part=${part}]`, (line) => line.textContent)) ?? '')?.[0]);
  const step = await number('condition-timer');
  expect(step).toBeGreaterThan(10);
  expect(await number('condition-clock')).toBeGreaterThanOrEqual(step);

  const saved = (kind: string) =>
    page.evaluate(async (name) => {
      const status = document.querySelector('[data-part=kept-status]');
      const buttons = [...document.querySelectorAll<HTMLButtonElement>('.timeline .take button')];
      const said = new Promise<string>((resolve) => {
        if (!status) return resolve('no status');
        new MutationObserver(() => resolve(status.textContent ?? '')).observe(status, {
          childList: true,
          characterData: true,
          subtree: true,
        });
      });
      buttons.find(({ textContent }) => textContent === name)?.click();
      return said;
    }, kind);
  await page.waitForSelector('.timeline .take button');
  expect(await saved('PNG')).toContain('the PNG would be stripes');
  expect(await saved('SVG')).toMatch(/-timeline\.svg is saved/);
});
