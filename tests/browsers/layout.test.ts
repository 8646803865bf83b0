/** Layouts hold with whatever font the reader's system has, and with text of twice the size: no page is wider than its window. */
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'puppeteer-core';
import { describe, expect, type TestContext, test } from 'vitest';
import { LADDER } from '../../demo-server/protocol.ts';
import { bothBrowsers } from '../helpers/both-browsers.ts';
import { BROWSERS, type BrowserName } from '../helpers/browsers.ts';
import { joinByForm } from '../helpers/class-page.ts';
import { FONTS, type FontName } from '../helpers/fonts.ts';
import { overflow } from '../helpers/overflow.ts';
import { startServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const pages = globSync('**/*.html', { cwd: siteDir })
  .map((file) => `/${file.replace(/index\.html$/, '')}`)
  .sort();
const WIDTHS = [360, 768, 1280];
/** A reader's own size and a reader's own spacing, and the windows that they must fit: WCAG 1.4.4, 1.4.10 and 1.4.12. */
const READERS: [string, number[]][] = [
  [':root { font-size: 200% !important }', WIDTHS],
  ['* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }', WIDTHS],
];

/** Words and figures in the tables of a page that go on in a second line. */
const brokenWords = (page: Page) =>
  page.$$eval(':is(th, td)', (cells) =>
    cells.flatMap((cell) => {
      const broken: string[] = [];
      const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const text = texts.currentNode as Text;
        for (const { 0: word, index } of text.data.matchAll(/[^\s-]+/g)) {
          const range = document.createRange();
          range.setStart(text, index);
          range.setEnd(text, index + word.length);
          if (new Set([...range.getClientRects()].map(({ top }) => top)).size > 1) broken.push(word);
        }
      }
      return broken;
    }),
  );

describe.each(Object.keys(FONTS) as FontName[])('with a %s font', (font) => {
  const browserOf = bothBrowsers({ font, network: false });

  async function open(name: BrowserName, { onTestFinished }: TestContext): Promise<Page> {
    const context = await browserOf(name).createBrowserContext();
    onTestFinished(() => context.close());
    return context.newPage();
  }

  test.for(BROWSERS)('in %s it is the one that a page is set in', async (name, context) => {
    const page = await open(name, context);
    const widths = await page.evaluate(
      (families) => {
        const spans = families.map((family) => `<span style="font: 40px ${family}">Hamburgefons</span><br>`);
        document.body.innerHTML = spans.join('');
        return [...document.querySelectorAll('span')].map((span) => span.getBoundingClientRect().width);
      },
      ['system-ui', 'sans-serif', `'${FONTS[font].sans}'`, 'monospace'],
    );
    expect(new Set(widths.slice(0, 3)).size).toBe(1);
    expect(widths[3]).not.toBe(widths[0]);
  });

  for (const name of BROWSERS) {
    // With the wide one every page is seen in pages.test.ts.
    test.for(font === 'wide' ? [] : pages)(`in ${name} %s fits its window`, async (path, context) => {
      const server = await startServer({ siteDir });
      const page = await open(name, context);
      await page.goto(server.url + path, { waitUntil: 'load' });
      expect(await overflow(page, WIDTHS)).toEqual([]);
    });

    // With the narrow one it takes less room still.
    test.for(font === 'wide' ? pages : [])(
      `in ${name} text of twice the size, or set wide apart, fits on %s`,
      async (path, context) => {
        const server = await startServer({ siteDir });
        const page = await open(name, context);
        for (const [style, widths] of READERS) {
          await page.goto(server.url + path, { waitUntil: 'load' });
          await page.addStyleTag({ content: style });
          expect(await overflow(page, widths), style).toEqual([]);
        }
      },
    );
  }

  test.for(BROWSERS)('in %s nobody scrolls the wall sideways, nor the page of the console', async (name, context) => {
    const server = await startServer({ siteDir, classroom: { name: 'Physics' } });
    const { room } = server.classroom as NonNullable<typeof server.classroom>;
    await joinByForm(await open(name, context), server.url, room.state.code);
    const wall = await open(name, context);
    await wall.goto(`${server.url}/teach/#${server.classroom?.token}`);
    await wall.waitForSelector('push-class-console[data-state=online]');
    await room.act({ do: 'call-run', settings: { techniques: [...LADDER], durationSeconds: 3 } });
    await wall.waitForSelector('.class-costs');
    await wall.waitForFunction(
      () => document.querySelector('[data-part=run-state]')?.textContent === 'The run is over.',
    );
    await wall.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
    });
    expect(await overflow(wall, WIDTHS)).toEqual([]);
    await wall.goto(`${server.url}/class/`);
    await wall.waitForSelector('.class-costs');
    expect(await overflow(wall, WIDTHS)).toEqual([]);
    for (const width of [1024, 1280, 1920]) {
      await wall.setViewport({ width, height: 900 });
      // Drawn once with the new width, and fitted to it.
      await wall.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      const wider = await wall.$$eval('.scroll', (boxes) => boxes.map((box) => box.scrollWidth - box.clientWidth));
      expect(wider, `at ${width} px`).toEqual([0, 0]);
      expect(await brokenWords(wall), `at ${width} px`).toEqual([]);
    }
  });
});
