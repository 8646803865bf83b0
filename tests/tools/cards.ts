/**
 * Makes the pictures that stand for a page where a link to it is shared: `node tests/tools/cards.ts`, from the built site, in
 * Chromium, into site/public/cards/. One for each technique, made of its lesson's title and drawing; one for all other pages.
 */
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buildApp } from '../../demo-server/app.ts';
import { LADDER, TECHNIQUES } from '../../demo-server/protocol.ts';
import { CARD } from '../../site/shell/cards.ts';
import { openBrowser } from '../helpers/browsers.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'site/public/cards');

const STYLE = `
  html, body { margin: 0; background: var(--page); overflow: hidden; }
  #card { display: flex; flex-direction: column; box-sizing: border-box; width: ${CARD.width}px; height: ${CARD.height}px;
    padding: 64px 72px 56px 88px; border-left: 24px solid var(--technique, var(--ink)); color: var(--ink); }
  #card .name { margin: 0; font: 600 32px var(--font-display); color: var(--ink-soft); }
  #card h1 { display: flex; align-items: center; gap: 28px; margin: 28px 0 0; font: 700 84px/1.1 var(--font-display); }
  #card h1 svg { width: 72px; height: 72px; flex: none; }
  #card .changes { max-width: 30em; margin: 24px 0 0; font: 400 34px/1.35 var(--font-text); color: var(--ink-soft); }
  #card .strips { display: grid; gap: 14px; margin-top: auto; overflow: hidden; }
  #card .strips svg { display: block; width: 100%; height: auto; }
  #card.all .strips { grid-template-columns: 1fr 1fr; gap: 20px 48px; }
`;

const app = await buildApp({ siteDir: join(root, 'dist') });
await app.listen({ port: 0, host: '127.0.0.1' });
const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
const browser = await openBrowser('chromium');
try {
  await mkdir(folder, { recursive: true });
  const page = await browser.newPage();
  await page.setViewport(CARD);
  const shoot = (name: string) => page.screenshot({ path: join(folder, `${name}.png`) as `${string}.png` });

  const sketches: string[] = [];
  for (const id of TECHNIQUES) {
    await page.goto(`${url}/lessons/${id}/`);
    const sketch = await page.evaluate((style) => {
      const found = (query: string): Element => {
        const element = document.querySelector(`header.rung ${query}`);
        if (!element) throw new Error(`the lesson has no ${query}`);
        return element;
      };
      const card = document.createElement('div');
      card.id = 'card';
      card.dataset.technique = (found('.strip').closest('[data-technique]') as HTMLElement).dataset.technique ?? '';
      const name = document.createElement('p');
      name.className = 'name';
      name.textContent = `Pushlab · ${found('.place').textContent?.split(' · ')[0]}`;
      const strips = document.createElement('div');
      strips.className = 'strips';
      strips.append(found('.strip svg'));
      card.append(name, found('h1'), found('.changes'), strips);
      const sheet = document.createElement('style');
      sheet.textContent = style;
      document.documentElement.dataset.theme = 'light';
      document.head.append(sheet);
      document.body.replaceChildren(card);
      return strips.innerHTML;
    }, STYLE);
    await shoot(id);
    if ((LADDER as readonly string[]).includes(id)) sketches.push(sketch);
  }
  await page.goto(url);
  const description = await page.$eval('h1', (heading) => heading.textContent?.trim() ?? '');
  // In the styles of a lesson again: the drawings of all rungs.
  await page.goto(`${url}/lessons/${LADDER[0]}/`);
  await page.evaluate(
    (style, all, text) => {
      const card = document.createElement('div');
      card.id = 'card';
      card.className = 'all';
      card.innerHTML = `<h1>Pushlab</h1><p class="changes"></p><div class="strips">${all}</div>`;
      const line = card.querySelector('.changes');
      if (line) line.textContent = text;
      const sheet = document.createElement('style');
      sheet.textContent = style;
      document.documentElement.dataset.theme = 'light';
      document.head.append(sheet);
      document.body.replaceChildren(card);
    },
    STYLE,
    sketches.join(''),
    description,
  );
  await shoot('pushlab');
} finally {
  await browser.close();
  app.endConnections();
  await app.close();
}
