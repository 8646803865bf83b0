/** The built site: static files with the headers that isolate its pages and keep foreign code out. */
import { glob, readFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import { refuseUnknownPath } from '../refusal.ts';
import { FOR_EVER, HASHED, headersOfPages, type Policy, pagePolicy } from './page-headers.ts';

/** Files of the build that are for the server, not for visitors, compressed or not. */
const PRIVATE = ['/csp.json', '/_headers', '/.inputs'];

declare module 'fastify' {
  interface FastifyInstance {
    /** Answers with a built page, given by its path with slashes around, at an address that is not its own; only where there is a site. */
    sendPage?: (reply: FastifyReply, path: string) => Promise<FastifyReply>;
  }
}

/** Names of this machine for itself. To a browser each is a site of its own. */
const LOOPBACK = ['localhost', '127.0.0.1'];

/** The page that shows a page of another origin in a frame. */
const FRAMING_PAGE = '/security/index.html';

/** `secondPort` is where that other origin is, undefined where nothing listens. */
export async function serveSite(
  app: FastifyInstance,
  siteDir: string,
  secondPort: () => number | undefined,
): Promise<void> {
  const policy = await readPolicy(siteDir);
  const pageHeaders = headersOfPages(policy);
  const notFoundPage = await readFile(join(siteDir, '404.html'), 'utf8');
  const pages = await pagesOf(siteDir);

  await app.register(async (files) => {
    // Browsers name an Origin for scripts of the page's own, too. Behind a proxy with a Host of its own, or under a name
    // that nobody has told, those would be refused, and the page could not say which line is missing.
    files.addHook('onRoute', (route) => {
      route.config = { ...route.config, anyOrigin: true, anyName: true };
    });
    // The library refuses a path that is spelled in a second way (/./lab, //lab, /x/../lab) with 403 and no sentence. There is
    // no page at that address, so it gets what every address without one gets.
    files.setErrorHandler((error: FastifyError, _request, reply) => {
      if (error.statusCode !== 403) throw error;
      reply.callNotFound();
    });
    await files.register(fastifyStatic, {
      root: siteDir,
      preCompressed: true,
      redirect: true,
      // A file that is missing must not be a wildcard's 404: the handler below answers it in words.
      allowedPath: (path) => !PRIVATE.some((name) => path.startsWith(name)),
      setHeaders: (reply, path) => {
        reply.header('cache-control', path.includes(HASHED) ? FOR_EVER : 'no-cache');
        for (const [name, value] of Object.entries(pageHeaders)) reply.header(name, value);
        if (!path.includes(FRAMING_PAGE)) return;
        const frames = framesOf(reply.request.headers.host, secondPort());
        reply.header('content-security-policy', pagePolicy(policy, frames));
      },
    });
  });
  app.decorate('sendPage', async (reply: FastifyReply, path: string) =>
    reply
      .headers({ ...pageHeaders, 'cache-control': 'no-cache' })
      .type('text/html; charset=utf-8')
      .send(await readFile(join(siteDir, path, 'index.html'))),
  );
  app.setNotFoundHandler((request, reply) => {
    if (!request.headers.accept?.includes('text/html')) refuseUnknownPath(request);
    const meant = pageMeant(request.url, pages);
    if (meant !== undefined) return reply.header('cache-control', 'no-cache').redirect(meant);
    return reply
      .code(404)
      .headers({ ...pageHeaders, 'cache-control': 'no-cache' })
      .type('text/html; charset=utf-8')
      .send(notFoundPage);
  });
}

/** The paths of all pages, with slashes around. */
async function pagesOf(siteDir: string): Promise<Set<string>> {
  const pages = new Set<string>();
  for await (const file of glob('**/index.html', { cwd: siteDir }))
    pages.add(`/${dirname(file).split(sep).join('/')}/`.replace('/./', '/'));
  return pages;
}

/**
 * Where an address leads that a phone's keyboard, or a sentence around it, has changed on its way from the wall: /Join, /join.
 * and /join%20 are /join/. Undefined where that is no page either.
 */
function pageMeant(url: string, pages: ReadonlySet<string>): string | undefined {
  const [, path = '', query = ''] = /^([^?]*)(.*)$/s.exec(url) ?? [];
  const plain = path.toLowerCase().replace(/(?:[/.,;:!)]|%20|%e2%80%8b)+$/, '');
  const page = `${plain}/`;
  return pages.has(page) && page !== path ? `${page}${query}` : undefined;
}

/**
 * What the build has written last but one, so that it is there only where the site is: index.html is also where a build broke
 * off. Rejects with a sentence for the terminal.
 */
export async function readPolicy(siteDir: string): Promise<Policy> {
  const text = await readFile(join(siteDir, 'csp.json'), 'utf8').catch(({ code, message }: NodeJS.ErrnoException) => {
    if (code !== 'ENOENT') throw new Error(`the built site cannot be read: ${message}.`);
    throw new Error('the site is not built yet: run npm run build, or npm start, which does.');
  });
  try {
    const policy = JSON.parse(text) as Policy;
    if (Array.isArray(policy.scriptHashes)) return policy;
  } catch {
    // As a file that a power cut left empty.
  }
  throw new Error('the built site is damaged: run npm run build, which makes it anew.');
}

/** The second origin under the name by which the page was asked for, and this machine's names for itself if it is one. */
function framesOf(host = '', port: number | undefined): string[] {
  const name = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d+)?$/i.exec(host)?.[1];
  if (name === undefined || port === undefined) return [];
  const names = LOOPBACK.includes(name) ? LOOPBACK : [name];
  return names.map((one) => `http://${one}:${port}`);
}
