/** Elements of the built site, taken out of their page and put back: none leaves a listener on the document or the window. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CDPSession, ElementHandle } from 'puppeteer-core';
import { expect, onTestFinished, test } from 'vitest';
import { openBrowser } from '../helpers/browsers.ts';
import { startServer } from '../helpers/server.ts';

const root = join(import.meta.dirname, '../..');
const PAGES = [
  '/',
  '/check/',
  '/choosing/',
  '/lab/browser/',
  '/lab/buffering/',
  '/lab/connections/',
  '/lessons/long-poll/',
  '/security/',
  '/websocket-in-depth/',
  '/workbench/accept/',
  '/workbench/frames/',
  '/workbench/sse-parser/',
];

/** The names of the elements that the site defines. */
const defined = globSync('site/**/*.{ts,astro}', { cwd: root }).flatMap((path) =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/\bdefineElement\('([\w-]+)'/g)].map(([, name = '']) => name),
);

/** How many listeners the document and the window have, as the engine itself counts. Only Chromium says it. */
async function listeners(session: CDPSession): Promise<number> {
  const counts = ['document', 'window'].map(async (expression) => {
    const { result } = await session.send('Runtime.evaluate', { expression });
    const found = await session.send('DOMDebugger.getEventListeners', { objectId: result.objectId as string });
    return found.listeners.length;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** Brings an element to life as a reader would, and waits until its behaviour is at work. */
async function connect(element: ElementHandle<Element>): Promise<void> {
  await element.evaluate((one) => {
    one.scrollIntoView({ block: 'center' });
    one.dispatchEvent(new FocusEvent('focusin', { bubbles: true }));
    const start = one.querySelector<HTMLElement>('[data-part="start"]');
    if (!one.hasAttribute('data-connected')) start?.click();
  });
  const page = element.frame.page();
  await page.waitForFunction((one) => one.hasAttribute('data-connected'), {}, element);
}

test('an element that leaves the page takes its listeners along, as often as it comes back', async () => {
  const { url } = await startServer({ siteDir: join(root, 'dist') });
  const browser = await openBrowser('chromium');
  onTestFinished(() => browser.close());
  const seen = new Set<string>();
  for (const path of PAGES) {
    const page = await browser.newPage();
    await page.goto(url + path);
    const session = await page.createCDPSession();
    for (const name of defined.filter((one) => !seen.has(one))) {
      const element = await page.$(name);
      if (!element) continue;
      seen.add(name);
      const parent = await element.evaluateHandle((one) => one.parentElement as Element);
      const counts: number[] = [];
      for (let time = 0; time < 3; time += 1) {
        await parent.evaluate((into, one) => into.append(one), element);
        await connect(element);
        await element.evaluate((one) => one.remove());
        counts.push(await listeners(session));
      }
      expect(counts, `${name} on ${path}`).toEqual(counts.map(() => counts[0]));
    }
    await page.close();
  }
  expect([...seen].sort()).toEqual([...new Set(defined)].sort());
});
