/** All browsers of the run for a whole test file: while a test waits in one, the machine is free for the other. */
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll } from 'vitest';
import { BROWSERS, type BrowserName, type BrowserOptions, openBrowser } from './browsers.ts';

/**
 * Starts them before the first test of the file and closes them after the last. Returns a function that gives a test its
 * browser by name. As tests run at the same time, each `test.concurrent.for(BROWSERS)` takes `expect` and `onTestFinished` from
 * its own context.
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
    if (!browser)
      throw new Error(`${name} is not open: either a hook asks for it too early, or PUSHLAB_BROWSER leaves it out`);
    return browser;
  };
}
