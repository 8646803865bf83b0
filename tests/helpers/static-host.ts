/** A host that serves the built site and nothing else, like any static host: no demo server, none of our headers. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const siteDir = fileURLToPath(new URL('../../dist', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
};

export interface StaticHost {
  url: string;
  /** Paths that were requested and do not exist. */
  missing: string[];
}

/** The headers that Netlify and Cloudflare Pages send with a path: those of every rule of `dist/_headers` that matches its beginning. */
export async function headersByFile(): Promise<(path: string) => Record<string, string>> {
  const rules = (await readFile(join(siteDir, '_headers'), 'utf8')).split(/^(?=\/)/m).map((rule) => {
    const [path = '', ...lines] = rule.trimEnd().split('\n');
    return {
      begins: path.replace(/\*$/, ''),
      headers: lines.map((line) =>
        line
          .trim()
          .split(/: (.*)/s)
          .slice(0, 2),
      ),
    };
  });
  return (path) =>
    Object.fromEntries(rules.filter(({ begins }) => path.startsWith(begins)).flatMap(({ headers }) => headers));
}

/** Serves `dist` on a free port until the test is over. `headers` are sent with every page, and what `head` returns is put into its head. */
export async function startStaticHost(
  headers: Record<string, string> | ((path: string) => Record<string, string>) = {},
  head = () => '',
): Promise<StaticHost> {
  const missing: string[] = [];
  const server = createServer(async ({ method, url = '/' }, answer) => {
    const path = normalize(decodeURIComponent(URL.parse(url, 'http://host')?.pathname ?? '/'));
    const file = join(siteDir, path.endsWith('/') ? `${path}index.html` : path);
    const found = method === 'GET' ? await readFile(file).catch(() => undefined) : undefined;
    if (!found) missing.push(`${method} ${path}`);
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    const body = found && type.startsWith('text/html') ? found.toString().replace('<head>', `<head>${head()}`) : found;
    answer.writeHead(found ? 200 : method === 'GET' ? 404 : 405, {
      'content-type': type,
      ...(typeof headers === 'function' ? headers(path) : headers),
    });
    answer.end(body);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, missing };
}
