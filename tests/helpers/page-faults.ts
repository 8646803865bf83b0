/** A page as a reader goes through it, and what goes wrong in it meanwhile. */
import type { Page } from 'puppeteer-core';

/** What a page throws, says on its console as an error, and leaves rejected; not what the server has answered or ended. */
export function faultsOf(page: Page): string[] {
  const faults: string[] = [];
  const file = (text: string): void => {
    if (!/Failed to load resource|can’t establish a connection to the server/.test(text)) faults.push(text);
  };
  page.on('pageerror', (error) => file(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') file(message.text());
  });
  return faults;
}

/** Opens a page and brings every part of it to life by scrolling to it. */
export async function readWhole(page: Page, address: string): Promise<void> {
  await page.goto(address, { waitUntil: 'load' });
  await page.evaluate(async () => {
    for (const part of document.querySelectorAll('main *')) {
      if (!part.localName.includes('-')) continue;
      part.scrollIntoView({ block: 'center' });
      await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    }
  });
}
