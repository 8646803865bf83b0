/** A host that serves the built site and nothing else: no demo server, no header of ours, as any static host does. */
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
  /** Paths that were asked for and are not there. */
  missing: string[];
}

/** Serves `dist` on a free port until the test is over. `headers` go with every page, what `head` returns into each page's head. */
export async function startStaticHost(headers: Record<string, string> = {}, head = () => ''): Promise<StaticHost> {
  const missing: string[] = [];
  const server = createServer(async ({ method, url = '/' }, answer) => {
    const path = normalize(decodeURIComponent(URL.parse(url, 'http://host')?.pathname ?? '/'));
    const file = join(siteDir, path.endsWith('/') ? `${path}index.html` : path);
    const found = method === 'GET' ? await readFile(file).catch(() => undefined) : undefined;
    if (!found) missing.push(`${method} ${path}`);
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    const body = found && type.startsWith('text/html') ? found.toString().replace('<head>', `<head>${head()}`) : found;
    answer.writeHead(found ? 200 : method === 'GET' ? 404 : 405, { 'content-type': type, ...headers });
    answer.end(body);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, missing };
}
