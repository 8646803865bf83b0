/**
 * Records the series that the page of the cost curves shows where no demo server answers: `node tests/tools/record-curves.ts`. Starts
 * the real server, measures the series that the page opens with in the real Chromium, and writes the file that the page saves
 * to content/recorded/curves.json. Needs a built site and a quiet machine: what else it does shows in the ages.
 */
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buildApp } from '../../demo-server/app.ts';
import { openBrowser } from '../helpers/browsers.ts';

const root = join(import.meta.dirname, '../..');
const app = await buildApp({ siteDir: join(root, 'dist') });
await app.listen({ port: 0, host: 'localhost' });
const browser = await openBrowser('chromium');
try {
  const page = await browser.newPage();
  await page.goto(`http://localhost:${(app.server.address() as AddressInfo).port}/lab/curves/?seed=20261120`);
  await page.waitForFunction(() => customElements.get('push-curves') !== undefined);
  await page.click('[data-part=start]');
  await page.waitForSelector('push-curves[data-state=finished]', { timeout: 180_000 });
  const text = await page.evaluate(() => {
    const saved = Promise.withResolvers<string>();
    const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob) => {
      (blob as Blob).text().then(saved.resolve, saved.reject);
      return make(blob);
    };
    document.querySelector<HTMLButtonElement>('[data-part=save]')?.click();
    return saved.promise;
  });
  await writeFile(join(root, 'content/recorded/curves.json'), text);
  process.stdout.write(`curves.json: ${text.length} bytes\n`);
} finally {
  await browser.close();
  app.endConnections();
  await app.close();
}
