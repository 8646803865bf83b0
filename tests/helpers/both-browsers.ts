/** Both browsers for a whole test file: what waits in one leaves the machine to the other. */
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll } from 'vitest';
import { BROWSERS, type BrowserName, type BrowserOptions, openBrowser } from './browsers.ts';

/**
 * Starts both before the file's tests and closes them behind the last. Returns how a test gets the one that it names; its
 * `test.concurrent.for(BROWSERS)` takes `expect` and `onTestFinished` from its context, as two tests go on at a time.
 */
export function bothBrowsers(options: BrowserOptions = {}): (name: BrowserName) => Browser {
  const opened = new Map<BrowserName, Browser>();
  beforeAll(async () => {
    await Promise.all(BROWSERS.map(async (name) => opened.set(name, await openBrowser(name, options))));
  });
  afterAll(async () => {
    await Promise.all([...opened.values()].map((browser) => browser.close()));
  });
  return (name) => {
    const browser = opened.get(name);
    if (!browser) throw new Error(`${name} is opened before the first test, and not yet`);
    return browser;
  };
}
