/** The built site as the server hands it out. Needs `dist`, which `npm test` builds before. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { TECHNIQUES } from '../../demo-server/protocol.ts';
import { budgets } from '../../site/build/budgets.ts';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const siteDir = join(import.meta.dirname, '../../dist');
const files = globSync('**/*', { cwd: siteDir, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(siteDir.length))
  .sort();
const pages = files.filter((file) => file.endsWith('.html')).map((file) => file.replace(/index\.html$/, ''));

let server: TestServer;
let close: (() => Promise<void>) | undefined;
beforeAll(async () => {
  server = await startServer({ siteDir }, (atEnd) => {
    close = atEnd;
  });
});
afterAll(() => close?.());

const browse = (path: string, init: RequestInit = {}) =>
  fetch(server.url + path, { ...init, headers: { accept: 'text/html,*/*;q=0.8', ...init.headers } });

/** The value of each directive of a Content-Security-Policy. */
function policyOf(headers: Headers): Record<string, string[]> {
  const directives = (headers.get('content-security-policy') ?? '').split(';').map((part) => part.trim().split(/\s+/));
  return Object.fromEntries(directives.map(([name = '', ...values]) => [name, values]));
}

interface Tag {
  name: string;
  attributes: Record<string, string>;
  /** The text behind it up to the next tag that closes it; only of use for scripts and styles. */
  text: string;
}

/** All tags of a page, read apart from the build's own reader so that one can judge the other. */
function tagsOf(html: string): Tag[] {
  const tags: Tag[] = [];
  for (const match of html.matchAll(
    /<([a-z][a-z0-9-]*)((?:\s+[^\s=>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+))?)*)\s*\/?>/gi,
  )) {
    const [whole, name = '', inside = ''] = match;
    const attributes = Object.fromEntries(
      [...inside.matchAll(/([^\s=>/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g)].map(
        ([, key = '', double, single, bare]) => [key.toLowerCase(), double ?? single ?? bare ?? ''],
      ),
    );
    const start = match.index + whole.length;
    const end = html.indexOf(`</${name}`, start);
    tags.push({ name: name.toLowerCase(), attributes, text: end < 0 ? '' : html.slice(start, end) });
  }
  return tags;
}

function addressesIn(attribute: string, value = ''): string[] {
  if (value === '') return [];
  if (!attribute.endsWith('srcset')) return [value.replaceAll('&amp;', '&')];
  return value.split(/,\s+/).map((candidate) => candidate.trim().split(/\s/)[0] ?? '');
}

/** What a browser fetches by itself for a page: addresses, with the tag that says so. */
function fetchedBy(tags: Tag[]): { address: string; by: string }[] {
  const loading: Record<string, string[]> = {
    script: ['src'],
    link: ['href', 'imagesrcset'],
    img: ['src', 'srcset'],
    source: ['src', 'srcset'],
    iframe: ['src'],
    frame: ['src'],
    embed: ['src'],
    object: ['data'],
    video: ['src', 'poster'],
    audio: ['src'],
    track: ['src'],
    use: ['href', 'xlink:href'],
    image: ['href', 'xlink:href'],
    form: ['action'],
    base: ['href'],
  };
  return tags.flatMap(({ name, attributes }) =>
    (loading[name] ?? []).flatMap((attribute) =>
      addressesIn(attribute, attributes[attribute]).map((address) => ({ address, by: `<${name} ${attribute}>` })),
    ),
  );
}

test('the build has the pages that the plan asks for', () => {
  expect(pages).toEqual(expect.arrayContaining(['/', '/lab/', '/docs/api/', '/404.html']));
  for (const id of TECHNIQUES) expect(pages).toContain(`/lessons/${id}/`);
});

describe.each(pages)('%s', (path) => {
  test('is isolated, and lets no foreign and no unknown script run', async () => {
    const answer = await browse(path);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache',
    });
    const policy = policyOf(answer.headers);
    expect(policy).toMatchObject({
      'default-src': ["'self'"],
      'object-src': ["'none'"],
      'base-uri': ["'self'"],
      'form-action': ["'self'"],
      'frame-ancestors': ["'self'"],
    });
    for (const source of policy['script-src'] ?? ['none at all']) {
      expect(source).toMatch(/^'(self|wasm-unsafe-eval|sha256-[A-Za-z0-9+/=]+)'$/);
    }
    expect(policy['script-src-elem'] ?? policy['script-src-attr']).toBeUndefined();
    // Text that a page colours may not turn a foreign address into one that is asked.
    for (const [name, sources] of Object.entries(policy)) {
      for (const source of sources) expect(source, name).toMatch(/^('.*'|data:|ws:|wss:)$/);
    }
  });

  test('has no inline script whose hash is not allowed, and no handler in an attribute', async () => {
    const answer = await browse(path);
    const allowed = policyOf(answer.headers)['script-src'];
    const tags = tagsOf(await answer.text());
    const scripts = tags.filter(({ name, attributes: { type = '' } }) => name === 'script' && !type.endsWith('json'));
    expect(scripts.length).toBeGreaterThan(0);
    for (const { attributes, text } of scripts) {
      if (attributes.src !== undefined) continue;
      expect(allowed, text).toContain(`'sha256-${createHash('sha256').update(text).digest('base64')}'`);
    }
    for (const { name, attributes } of tags) {
      for (const [key, value] of Object.entries(attributes)) {
        expect(key.startsWith('on'), `<${name} ${key}>`).toBe(false);
        expect(value.trim().toLowerCase().startsWith('javascript:'), `<${name} ${key}>`).toBe(false);
      }
    }
  });

  test('loads nothing from elsewhere, and all that it loads is there', async () => {
    const tags = tagsOf(await (await browse(path)).text());
    const base = new URL(path, server.url);
    const addresses = fetchedBy(tags);
    expect(addresses.length).toBeGreaterThan(2);
    for (const { address, by } of addresses) {
      if (address.startsWith('data:')) continue;
      expect(new URL(address, base).origin, `${by} ${address}`).toBe(server.url);
    }
    for (const address of new Set(addresses.map((one) => one.address).filter((one) => !/^(data:|#)/.test(one)))) {
      expect((await fetch(new URL(address, base))).status, address).toBe(200);
    }
    const styles = tags.map(({ name, attributes, text }) => (name === 'style' ? text : (attributes.style ?? '')));
    for (const style of styles) expect(foreignIn(style)).toEqual([]);
  });

  test('links to nothing on this site that is not there', async () => {
    const tags = tagsOf(await (await browse(path)).text());
    const base = new URL(path, server.url);
    const links = tags.filter(({ name, attributes }) => name === 'a' && attributes.href !== undefined);
    for (const href of new Set(links.map(({ attributes }) => attributes.href ?? ''))) {
      const url = new URL(href.replaceAll('&amp;', '&'), base);
      if (url.origin !== server.url) continue;
      const answer = await browse(url.pathname + url.search);
      expect(answer.status, href).toBe(200);
      if (url.hash.length < 2 || !answer.headers.get('content-type')?.startsWith('text/html')) continue;
      const ids = tagsOf(await answer.text()).map(({ attributes }) => attributes.id);
      expect(ids, href).toContain(decodeURIComponent(url.hash.slice(1)));
    }
  });
});

/** Addresses of other origins that a style sheet would fetch. */
function foreignIn(css: string): string[] {
  const addresses = [...css.matchAll(/url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)/g)].map(
    ([, url, at]) => url ?? at ?? '',
  );
  return addresses.filter((address) => /^([a-z]+:)?\/\//i.test(address));
}

test('no style sheet fetches anything from elsewhere', () => {
  const sheets = files.filter((file) => file.endsWith('.css'));
  expect(sheets.length).toBeGreaterThan(0);
  for (const file of sheets) expect(foreignIn(readFileSync(siteDir + file, 'utf8')), file).toEqual([]);
  expect(foreignIn('a{background:url(//cdn.example/x.png)} @import "https://fonts.example/a.css";')).toHaveLength(2);
});

test('what the build keeps for the server is not served, however it is asked for', async () => {
  const ways = ['/csp.json', '/.inputs', '/csp.json?x', '/csp%2ejson', '/%2einputs', '/csp.json/', '//csp.json'];
  ways.push('/./csp.json', '/lab/../csp.json', '/_astro/../.inputs', '/csp.json.br', '/csp.json.gz', '/csp.json%00');
  ways.push('/_headers', '/%5fheaders');
  ways.push('/../package.json', '/..%2fpackage.json', '/lab/..%2f..%2fpackage.json', '/%2e%2e/package.json');
  for (const path of ways) {
    for (const encoding of ['identity', 'br', 'gzip']) {
      const connection = rawConnection(server.port, get(path, { 'Accept-Encoding': encoding }));
      const answer = readAnswer(await connection.until((bytes) => readAnswer(bytes)?.complete === true));
      expect(answer?.status, `${path} ${encoding}`).toBe(404);
      const { error, message } = JSON.parse(answer?.body.toString() ?? '') as { error: string; message: string };
      expect(error, path).toBe('unknown-path');
      expect(message, path).toContain(JSON.stringify(path));
    }
  }
});

describe('what is not there', () => {
  test('is a page for browsers, isolated like the others', async () => {
    for (const path of ['/nothing', '/lessons/carrier-pigeon/', '/push/nothing', '//lab/', '/%00']) {
      const answer = await browse(path);
      expect(answer.status).toBe(404);
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(answer.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
      expect(answer.headers.get('content-security-policy')).toContain('script-src');
      expect(answer.headers.get('cache-control')).toBe('no-cache');
      expect(await answer.text()).toBe(readFileSync(`${siteDir}/404.html`, 'utf8'));
    }
  });

  test('is words in JSON for programs', async () => {
    for (const accept of ['*/*', 'application/json', undefined]) {
      const answer = await fetch(`${server.url}/nothing`, accept ? { headers: { accept } } : {});
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({
        error: 'unknown-path',
        message: expect.stringContaining('GET "/nothing"'),
      });
    }
  });

  test('a folder without its slash leads to its page', async () => {
    const answer = await browse('/lab', { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([301, '/lab/']);
  });
});

describe('compression', () => {
  /** The very bytes of an answer: fetch would decompress them. */
  async function bytesOf(path: string, encoding: string) {
    const connection = rawConnection(server.port, get(path, { 'Accept-Encoding': encoding, Connection: 'close' }));
    const answer = readAnswer(await connection.ended());
    if (!answer?.complete) throw new Error(`${path}: the answer is not complete`);
    return answer;
  }

  const texts = files.filter((file) => /\.(html|js|css|svg)$/.test(file));

  test('was done before for every text file that is worth it, and gives back the same text', async () => {
    for (const file of texts) {
      const plain = readFileSync(siteDir + file);
      const path = file.replace(/index\.html$/, '');
      const br = await bytesOf(path, 'gzip, deflate, br, zstd');
      const gzip = await bytesOf(path, 'gzip');
      const identity = await bytesOf(path, 'identity');
      expect(identity.headers['content-encoding'], file).toBeUndefined();
      expect(identity.body.equals(plain), file).toBe(true);
      if (plain.length <= 1024) continue;
      expect([br.headers['content-encoding'], gzip.headers['content-encoding']], file).toEqual(['br', 'gzip']);
      expect(brotliDecompressSync(br.body).equals(plain), file).toBe(true);
      expect(gunzipSync(gzip.body).equals(plain), file).toBe(true);
      expect(br.body.length, file).toBeLessThan(plain.length);
      expect(br.headers['content-type'], file).toBe(identity.headers['content-type']);
      for (const { headers } of [br, gzip, identity]) expect(headers.vary, file).toContain('accept-encoding');
    }
  });

  test('is not forced on who refuses it', async () => {
    expect((await bytesOf('/', 'br;q=0, gzip')).headers['content-encoding']).toBe('gzip');
    expect((await bytesOf('/', 'br;q=0, gzip;q=0, identity')).headers['content-encoding']).toBeUndefined();
  });
});

describe('caching', () => {
  test('is for ever where the name holds a hash, and asks again everywhere else', async () => {
    for (const file of files.filter(
      (name) => !/\.(br|gz)$/.test(name) && !['/csp.json', '/_headers', '/.inputs'].includes(name),
    )) {
      const hashed = file.startsWith('/_astro/');
      const { headers, status } = await fetch(server.url + file);
      expect(status, file).toBe(200);
      expect(headers.get('cache-control'), file).toBe(hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      if (hashed) expect(file).toMatch(/[._-][A-Za-z0-9_-]{5,}\.\w+$/);
    }
  });

  test('answers 304 to who has it already', async () => {
    const { headers } = await browse('/', { headers: { 'accept-encoding': 'identity' } });
    const connection = rawConnection(server.port, get('/', { 'If-None-Match': headers.get('etag') ?? '' }));
    const answer = readAnswer(await connection.until((bytes) => bytes.includes('\r\n\r\n')));
    expect(answer?.status).toBe(304);
  });
});

describe('the size budgets', () => {
  const KIB = 1024;

  test('hold for every page: 20 KiB of script, 120 for the lab and its kept runs, after gzip', () => {
    const weighed = budgets(siteDir);
    expect(weighed.map(({ page }) => page).sort()).toEqual([...pages].sort());
    for (const { page, bytes, limit } of weighed) {
      expect(limit, page).toBe(/\/lab\/(runs\/)?$/.test(page) ? 122 * KIB : 20 * KIB);
      expect(bytes, page).toBeGreaterThan(0);
      expect(bytes, page).toBeLessThanOrEqual(limit);
    }
  });

  test('count inline code, what is imported, and in the lab also what is imported later', async () => {
    const dist = await mkdtemp(join(tmpdir(), 'pushlab-'));
    onTestFinished(() => rm(dist, { recursive: true }));
    // Random digits: gzip makes 5 bytes of about 12 of them.
    const noise = (bytes: number) => Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (b) => b % 10).join('');
    const inline = `const inline='${noise(4000)}'`;
    const html = `<!doctype html><script type="module" src="/_astro/a.js"></script><script>${inline}</script><script type="application/json">${noise(9000)}</script>`;
    const tree: Record<string, string> = {
      'index.html': html,
      'lab/index.html': html,
      '_astro/a.js': `import"./b.js";const a=()=>import("./later.js");/*${noise(4000)}*/`,
      '_astro/b.js': `/*${noise(4000)}*/`,
      '_astro/later.js': `/*${noise(40000)}*/`,
    };
    for (const [path, text] of Object.entries(tree)) {
      await mkdir(dirname(join(dist, path)), { recursive: true });
      await writeFile(join(dist, path), text);
    }
    const [page, lab] = budgets(dist).sort((a, b) => a.page.length - b.page.length);
    expect(page).toMatchObject({ page: '/', limit: 20 * KIB });
    expect(lab).toMatchObject({ page: '/lab/', limit: 122 * KIB });
    expect(page?.bytes).toBeGreaterThan((12_000 * 5) / 12);
    expect(page?.bytes).toBeLessThan(12_000);
    expect((lab?.bytes ?? 0) - (page?.bytes ?? 0)).toBeGreaterThan((40_000 * 5) / 13);
  });
});

test('only the page on security may show a frame of the second origin, under the names by which it is asked', async () => {
  const second = await startServer({ siteDir, secondOrigin: true });
  const { port } = (await (await fetch(`${second.url}/hijack/second-origin`)).json()) as { port: number };
  const framesOf = async (path: string) => policyOf((await fetch(second.url + path)).headers)['frame-src'];
  expect(await framesOf('/security/')).toEqual(["'self'", `http://localhost:${port}`, `http://127.0.0.1:${port}`]);
  expect(await framesOf('/lessons/sse/')).toEqual(["'self'"]);
  expect(policyOf((await browse('/security/')).headers)['frame-src'], 'no second origin').toEqual(["'self'"]);
  const odd = rawConnection(second.port, get('/security/', { Host: 'evil.example; script-src *' }));
  expect((await odd.until((bytes) => bytes.includes('\r\n\r\n'))).toString('latin1')).not.toContain('evil.example');
});

test('a server that holds a class has every page, too, and the class’s socket beside the page of its name', async () => {
  const holds = await startServer({ siteDir, classroom: {} });
  for (const path of pages) {
    const response = await fetch(holds.url + path, { headers: { accept: 'text/html,*/*;q=0.8' } });
    expect([response.status, response.headers.get('content-type')], path).toEqual([200, 'text/html; charset=utf-8']);
    expect(await response.text(), path).toBe(readFileSync(join(siteDir, path.replace(/\/$/, '/index.html')), 'utf8'));
  }
  expect((await fetch(`${holds.url}/classroom`)).status).toBe(426);
});

test('an address that was typed with capitals or a full stop leads to its page, and to nothing else', async () => {
  const leadsTo = async (path: string) => {
    const { status, headers } = await browse(path, { redirect: 'manual' });
    return [status, headers.get('location')];
  };
  for (const typed of ['/Join', '/JOIN/', '/join.', '/join%20', '/Join/.'])
    expect([typed, ...(await leadsTo(typed))]).toEqual([typed, 302, '/join/']);
  expect(await leadsTo('/Lessons/SSE?x=Y')).toEqual([302, '/lessons/sse/?x=Y']);
  expect((await leadsTo('/Joins'))[0]).toBe(404);
  expect((await leadsTo('//evil.example/join.'))[1]).toBeNull();
  const asked = await fetch(`${server.url}/Join`, { redirect: 'manual', headers: { accept: 'application/json' } });
  expect(asked.status).toBe(404);
});
