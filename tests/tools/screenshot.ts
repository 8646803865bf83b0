/** Makes the README's picture from the real lab, after a real run: `node tests/tools/screenshot.ts` (the site has to be built). */
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { buildApp } from '../../demo-server/app.ts';
import { openBrowser } from '../helpers/browsers.ts';

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));

const app = await buildApp({ siteDir: path('dist') });
await app.listen({ port: 0, host: '127.0.0.1' });
const { port } = app.server.address() as AddressInfo;
const browser = await openBrowser('chromium');
try {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 1180 });
  await page.goto(`http://127.0.0.1:${port}/lab/?arrivals=poisson&seed=6`);
  await page.click('[data-part=start]');
  await page.waitForSelector('push-lab[data-state=finished]', { timeout: 60_000 });
  await page.evaluate(() => {
    document.querySelector('[data-part=results]')?.scrollIntoView();
    scrollBy(0, -80);
  });
  // The charts draw only while they are seen: two frames after they came into view they have.
  await page.waitForNetworkIdle();
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 1000))));
  await page.screenshot({ path: path('site/public/lab.png') as `${string}.png` });
} finally {
  await browser.close();
  app.endConnections();
  await app.close();
}
