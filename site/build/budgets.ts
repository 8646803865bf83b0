import { readFileSync } from 'node:fs';
import { dirname, posix, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { builtFiles } from './files.ts';
import { modulePreloadsOf, scriptsOf } from './scripts.ts';

/** What the scripts of one page weigh, in bytes after gzip, and what they may. */
export interface Budget {
  page: string;
  bytes: number;
  limit: number;
}

/** A page with nothing started: no chart code yet. */
const PAGE_LIMIT = 20 * 1024;
/** The lab with everything that it loads later. */
const LAB_LIMIT = 122 * 1024;

/** Pagefind's interface is loaded by the first search only and counts on no page. The name is its package's own. */
const SEARCH_CHUNK = /\/ui-core\.[^/]+\.js$/;
/** The bar of a class (site/class/student/bar.ts) is loaded only by who has joined one, on any page, and counts on none either. */
const CLASS_CHUNK = /\/bar\.[^/]+\.js$/;

const STATIC_IMPORT = /(?:\bfrom|\bimport)\s*["'](\.{1,2}\/[^"']+\.js)["']/g;
const DYNAMIC_IMPORT = /\bimport\(\s*["'`](\.{1,2}\/[^"'`]+\.js)["'`]/g;

/** Every script that a page reaches, as addresses from the site's root; with `later`, dynamic imports too. */
function reach(dist: string, entries: string[], later: boolean): string[] {
  const found = new Set<string>();
  const queue = [...entries];
  for (let address = queue.pop(); address !== undefined; address = queue.pop()) {
    if (found.has(address) || SEARCH_CHUNK.test(address) || CLASS_CHUNK.test(address)) continue;
    found.add(address);
    const code = readFileSync(dist + address, 'utf8');
    const imports = [...code.matchAll(STATIC_IMPORT), ...(later ? code.matchAll(DYNAMIC_IMPORT) : [])];
    for (const [, target = ''] of imports) queue.push(posix.join(dirname(address), target));
  }
  return [...found];
}

const size = (code: string | Buffer) => gzipSync(code, { level: 9 }).length;

/** Weighs every page of a built site. `dist` is the folder that the build wrote. */
export function budgets(dist: string): Budget[] {
  return builtFiles(dist, 'html').map((file) => {
    const html = readFileSync(file, 'utf8');
    const page = `/${relative(dist, file).replace(/index\.html$/, '')}`;
    const lab = /\/lab\/(runs\/)?$/.test(page);
    const scripts = scriptsOf(html);
    const entries = [...scripts.flatMap(({ src }) => src ?? []), ...modulePreloadsOf(html)];
    const inline = scripts.filter(({ src }) => src === undefined).map(({ code }) => size(code));
    const fetched = reach(dist, entries, lab).map((address) => size(readFileSync(dist + address)));
    const bytes = [...inline, ...fetched].reduce((sum, part) => sum + part, 0);
    return { page, bytes, limit: lab ? LAB_LIMIT : PAGE_LIMIT };
  });
}
