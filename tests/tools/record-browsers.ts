/**
 * Records what browsers do, for the page /lab/browser/: `node tests/tools/record-browsers.ts`. Opens the page in the real
 * Chromium and Firefox, presses its button, and writes what it found to content/recorded/browsers.json. Needs a built site.
 */
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buildApp } from '../../demo-server/app.ts';
import type { RecordedBrowsers } from '../../site/probes/probe-values.ts';
import { ENGINES, openBrowser } from '../helpers/browsers.ts';

const root = join(import.meta.dirname, '../..');
const app = await buildApp({ siteDir: join(root, 'dist') });
await app.listen({ port: 0, host: '127.0.0.1' });
const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/lab/browser/`;

const browsers: RecordedBrowsers['browsers'] = [];
try {
  for (const name of ENGINES) {
    const browser = await openBrowser(name);
    try {
      const version = (await browser.version()).replace(/^\D*(\d+).*/, '$1');
      const page = await browser.newPage();
      await page.goto(url);
      await page.waitForSelector('push-browser[data-ready]');
      await page.click('[data-part=start]');
      await page.waitForSelector('push-browser[data-found]', { timeout: 120_000 });
      const found = await page.$eval('push-browser', (element) => (element as HTMLElement).dataset.found ?? '{}');
      const values = JSON.parse(found) as RecordedBrowsers['browsers'][number]['values'];
      browsers.push({ name: `${name === 'chromium' ? 'Chromium' : 'Firefox'} ${version}`, values });
      process.stdout.write(`${browsers.at(-1)?.name}: ${JSON.stringify(values)}\n`);
    } finally {
      await browser.close();
    }
  }
} finally {
  app.endConnections();
  await app.close();
}
const recorded: RecordedBrowsers = {
  date: new Date().toISOString().slice(0, 10),
  command: 'node tests/tools/record-browsers.ts',
  browsers,
};
await writeFile(join(root, 'content/recorded/browsers.json'), `${JSON.stringify(recorded, null, 1)}\n`);
