/** The built site: static files with the headers that isolate its pages and keep foreign code out. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { refuseUnknownPath } from './refusal.ts';

/** Files of the build that are for the server, not for visitors, compressed or not. */
const PRIVATE = ['/csp.json', '/.inputs'];

export async function serveSite(app: FastifyInstance, siteDir: string): Promise<void> {
  const pageHeaders = await headersOfPages(siteDir);
  const notFoundPage = await readFile(join(siteDir, '404.html'), 'utf8');

  await app.register(fastifyStatic, {
    root: siteDir,
    preCompressed: true,
    redirect: true,
    // A file that is missing must not be a wildcard's 404: the handler below answers it in words.
    allowedPath: (path) => !PRIVATE.some((name) => path.startsWith(name)),
    setHeaders: (reply, path) => {
      const hashed = path.includes('/_astro/');
      reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      for (const [name, value] of Object.entries(pageHeaders)) reply.header(name, value);
    },
  });
  app.setNotFoundHandler((request, reply) => {
    if (!request.headers.accept?.includes('text/html')) refuseUnknownPath(request);
    return reply
      .code(404)
      .headers({ ...pageHeaders, 'cache-control': 'no-cache' })
      .type('text/html; charset=utf-8')
      .send(notFoundPage);
  });
}

/**
 * COOP and COEP isolate the page, or browsers make its timers too coarse to measure with. No Referer, so that no lane
 * carries one and another not. Scripts: our own files, and the inline ones that the build knows by hash.
 */
async function headersOfPages(siteDir: string): Promise<Record<string, string>> {
  const { scriptHashes } = JSON.parse(await readFile(join(siteDir, 'csp.json'), 'utf8')) as { scriptHashes: string[] };
  const hashes = scriptHashes.map((hash) => `'${hash}'`).join(' ');
  return {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'content-security-policy': [
      "default-src 'self'",
      // The search index is WebAssembly.
      `script-src 'self' 'wasm-unsafe-eval' ${hashes}`,
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data:",
      "connect-src 'self' ws: wss:",
      "frame-src 'self'",
      "object-src 'none'",
      "base-uri 'self'",
      "form-action 'self'",
      "frame-ancestors 'self'",
    ].join('; '),
  };
}
