/** Every page of the built site by being there: its links and anchors lead somewhere, it is described, and the sidebar leads to it. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import known from '../../content/sections.json' with { type: 'json' };
import { TECHNIQUES } from '../../demo-server/protocol.ts';
import { type Tag, tags, textOf } from '../helpers/html.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
type Page = { html: string; tags: Tag[] };
/** A page stands at its folder; `/404.html` is nobody's folder. */
const pages = new Map<string, Page>(
  globSync('**/*.html', { cwd: siteDir })
    .sort()
    .map((file) => {
      const html = readFileSync(join(siteDir, file), 'utf8');
      return [`/${file.replace(/index\.html$/, '')}`, { html, tags: [...tags(html)] }];
    }),
);
const paths = [...pages.keys()];
const ORIGIN = 'http://pushlab.invalid';

const page = (path: string): Page => {
  const found = pages.get(path);
  if (!found) throw new Error(`no page ${path}, there are ${paths.join(', ')}`);
  return found;
};

const idsOf = ({ tags: all }: Page): string[] =>
  all.flatMap(({ attributes: { id } }) => (id === undefined ? [] : [id]));

/** Where a page leads to inside the site, as absolute addresses. */
function linksOf(path: string): URL[] {
  return page(path).tags.flatMap(({ attributes }) =>
    ['href', 'src', 'action']
      .map((name) => attributes[name])
      .filter((value) => value !== undefined)
      .map((value) => new URL(value, ORIGIN + path))
      .filter(({ origin }) => origin === ORIGIN),
  );
}

const meta = ({ tags: all }: Page, name: string): string | undefined =>
  all.find((tag) => tag.name === 'meta' && (tag.attributes.name ?? tag.attributes.property) === name)?.attributes
    .content;

/** The sidebar's links in its order, as a page shows them. */
function sidebarOf({ html }: Page): string[] {
  const list = html.split('<sl-sidebar-state-persist')[1]?.split('</sl-sidebar-state-persist>')[0] ?? '';
  return [...tags(list)]
    .filter(({ name, closing }) => name === 'a' && !closing)
    .map(({ attributes }) => attributes.href ?? '');
}

const turn = (path: string, direction: 'prev' | 'next'): string | undefined =>
  page(path).tags.find(({ name, attributes }) => name === 'a' && attributes.rel === direction)?.attributes.href;

const sidebar = sidebarOf(page('/start/'));
/** Pages that stand alone: the front, the one for wrong addresses, and those that fill their width. */
const WITHOUT_TURNING = new Set(['/', '/404.html', '/lab/', '/join/', '/class/', '/teach/']);

test('there are pages, and each lesson is one', () => {
  for (const id of TECHNIQUES) expect(paths).toContain(`/lessons/${id}/`);
  expect(paths.length).toBeGreaterThan(TECHNIQUES.length + 10);
});

describe('links', () => {
  let server: TestServer;
  let close: () => Promise<void>;
  beforeAll(async () => {
    server = await startServer({ siteDir }, (end) => {
      close = end;
    });
    return () => close();
  });

  test('each leads to something that the server has', async () => {
    const from = new Map<string, string[]>();
    for (const path of paths)
      for (const link of linksOf(path)) from.set(link.pathname, [...(from.get(link.pathname) ?? []), path]);
    const dead: string[] = [];
    for (const [target, sources] of from) {
      const answer = await fetch(server.url + target, { redirect: 'manual', headers: { connection: 'close' } });
      await answer.arrayBuffer();
      if (answer.status !== 200)
        dead.push(`${target}: ${answer.status}, linked from ${[...new Set(sources)].join(', ')}`);
    }
    expect(dead).toEqual([]);
  });

  test('to a section lead to one that was read and has its title in content/sections.json; none there is cited by nobody', () => {
    const RFC = /^https:\/\/www\.rfc-editor\.org\/rfc\/rfc(\d+)\.html#(?:section|appendix)-(.+)$/;
    const HTML = /^https:\/\/html\.spec\.whatwg\.org\/multipage\/([a-z-]+)\.html(#.+)$/;
    const hrefs = paths.flatMap((path) => page(path).tags.map(({ attributes }) => attributes.href ?? ''));
    const cited = (pattern: RegExp) => hrefs.flatMap((href) => pattern.exec(href)?.slice(1).join(' ') ?? []);
    const read = Object.entries(known.RFC).flatMap(([rfc, titles]) =>
      Object.keys(titles).map((one) => `${rfc} ${one}`),
    );
    expect([...new Set(cited(RFC))].sort()).toEqual(read.sort());
    const anchors = cited(HTML).map((one) => one.replace(' ', ''));
    expect(Object.keys(known.HTML).filter((one) => !anchors.includes(one))).toEqual([]);
  });

  test.each(paths)('%s: each #anchor is on its page, and no id stands twice', (path) => {
    const dead = linksOf(path)
      .filter(({ hash }) => hash.length > 1)
      .filter(({ pathname, hash }) => {
        const target = pages.get(pathname);
        return !target || !idsOf(target).includes(decodeURIComponent(hash.slice(1)));
      });
    expect(dead.map(({ pathname, hash }) => pathname + hash)).toEqual([]);
    const ids = idsOf(page(path));
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  });
});

test('each demo, the race and the lab has a recorded run for where no demo server answers', () => {
  const live = paths.flatMap((path) =>
    page(path)
      .tags.filter(({ name, closing }) => ['push-demo', 'push-race', 'push-lab'].includes(name) && !closing)
      .map(({ name, attributes }) => ({ where: `${path} ${name} ${attributes['data-settings'] ?? ''}`, attributes })),
  );
  expect(live.length).toBeGreaterThan(TECHNIQUES.length);
  // Made by: node tests/tools/record-runs.ts
  expect(live.filter(({ attributes }) => !attributes['data-recorded']).map(({ where }) => where)).toEqual([]);
});

describe('each page', () => {
  test.each(paths)('%s has a title, one heading above all, and a description of its own', (path) => {
    const title = textOf(page(path).html, ({ name }) => name === 'title') ?? '';
    const heading = textOf(page(path).html, ({ name }) => name === 'h1') ?? '';
    expect(heading).not.toBe('');
    expect(title).toBe(`${heading} | Pushlab`);
    expect(page(path).tags.filter(({ name, closing }) => name === 'h1' && !closing)).toHaveLength(1);
    if (path === '/404.html') return;
    const description = meta(page(path), 'description') ?? '';
    expect(description.length).toBeGreaterThan(40);
    expect(meta(page(path), 'og:description')).toBe(description);
    const others = paths.filter((other) => other !== path && meta(page(other), 'description') === description);
    expect(others).toEqual([]);
  });

  test('asks for its style sheets in its head, and for each once', () => {
    for (const path of paths) {
      const [head = '', body] = page(path).html.split('</head>');
      const sheets = (html = '') => html.match(/<link rel="stylesheet"[^>]*>/g) ?? [];
      expect(sheets(body), path).toEqual([]);
      expect(new Set(sheets(head)).size, path).toBe(sheets(head).length);
      if (body?.includes('class="expressive-code"')) expect(head, path).toMatch(/\/ec\.\w+\.css"/);
    }
  });

  test.each(paths)('%s has a social card, a lesson its own, of the size that it says', (path) => {
    const image = meta(page(path), 'og:image') ?? '';
    const technique = TECHNIQUES.find((id) => path === `/lessons/${id}/`);
    expect(image).toBe(`/cards/${technique ?? 'pushlab'}.png`);
    // A PNG begins with its signature and a chunk that says how large it is.
    const png = readFileSync(join(siteDir, image));
    expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)].map(String)).toEqual([
      meta(page(path), 'og:image:width'),
      meta(page(path), 'og:image:height'),
    ]);
    expect(png.length).toBeLessThan(100_000);
  });

  test.each(paths.filter((path) => !WITHOUT_TURNING.has(path)))(
    '%s stands in the sidebar, which turns to its neighbours',
    (path) => {
      const at = sidebar.indexOf(path);
      expect(at).toBeGreaterThanOrEqual(0);
      expect(sidebarOf(page(path))).toEqual(sidebar);
      expect(turn(path, 'prev')).toBe(sidebar[at - 1]);
      expect(turn(path, 'next')).toBe(sidebar[at + 1]);
    },
  );
});

test('the sidebar has each lesson in ladder order, and no address twice', () => {
  expect(sidebar.filter((href) => href.startsWith('/lessons/'))).toEqual(TECHNIQUES.map((id) => `/lessons/${id}/`));
  expect(sidebar).toEqual([...new Set(sidebar)]);
});
