/** What makes a page wider than its window. */
import type { Page } from 'puppeteer-core';

/** For each width (px): how far the page is too wide, and the innermost elements that stick out. Empty if everything fits. */
export async function overflow(page: Page, widths: readonly number[]): Promise<string[]> {
  const found: string[] = [];
  for (const width of widths) {
    await page.setViewport({ width, height: 900 });
    found.push(
      ...(await page.evaluate((wide) => {
        const { clientWidth, scrollWidth } = document.documentElement;
        if (scrollWidth <= clientWidth) return [];
        const reaches = (one: Element) => one.getBoundingClientRect().right > clientWidth + 1;
        // What is scrolled or cut off in a box of its own makes no page wider.
        const held = (one: Element): boolean => {
          const { parentElement: box } = one;
          if (!box || box === document.body) return false;
          return (getComputedStyle(box).overflowX !== 'visible' && !reaches(box)) || held(box);
        };
        const out = [...document.querySelectorAll('body *')].filter((one) => reaches(one) && !held(one));
        const inner = out.filter((one) => !out.some((other) => other !== one && one.contains(other)));
        const shown = inner.map((one) => `${one.localName}.${one.className} “${one.textContent?.trim().slice(0, 40)}”`);
        return [`${wide} px: ${scrollWidth - clientWidth} too many`, ...shown.slice(0, 5)];
      }, width)),
    );
  }
  return found;
}
