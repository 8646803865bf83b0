/**
 * Pages of other origins that may use this server: exactly those that were named at the start, and for them everything that
 * our own pages may. Their answers carry the headers of CORS, counted in the lanes like every other head.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** Origins besides our own whose pages may use this server. */
    allowedOrigins: ReadonlySet<string>;
  }
}

/** Paths, besides those of the hidden iframe, whose answers are shown in a frame of our pages. */
const FRAMED: ReadonlySet<string> = new Set(['/probe/browser/drip']);

/** How long a browser may remember the answer to a preflight, in seconds: longer than most runs. */
const PREFLIGHT_SECONDS = 600;

/** The origin that a text names, as browsers write it: `https://pushlab.example`. Undefined where it is none, or has a path. */
export function readOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  return url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/` ? url.origin : undefined;
}

/** Answers preflights of the allowed origins, and puts their headers on every answer. Before all other hooks. */
export function allowOrigins(app: FastifyInstance, allowed: ReadonlySet<string>): void {
  app.decorate('allowedOrigins', allowed);
  if (allowed.size === 0) return;
  app.addHook('onRequest', async (request, reply) => {
    const { origin, 'access-control-request-method': asked } = request.headers;
    // On the raw answer: rooms that write their own head have its headers, too.
    const { raw } = reply;
    const path = request.url.split('?')[0] ?? '';
    // An isolated page shows a frame of another origin only where the frame agrees; a frame's request names no Origin.
    if (FRAMED.has(path) || path.endsWith('/push/iframe-stream'))
      raw.setHeader('cross-origin-resource-policy', 'cross-origin');
    if (origin === undefined || !allowed.has(origin)) return;
    raw.setHeader('access-control-allow-origin', origin);
    raw.setHeader('vary', 'origin');
    // The lane of HTTP/1.0 asks with credentials to have connections of its own; nobody here has any.
    if (path.includes('/push/')) raw.setHeader('access-control-allow-credentials', 'true');
    else raw.setHeader('access-control-expose-headers', 'location, server, via');
    if (request.method !== 'OPTIONS' || asked === undefined) return;
    return reply
      .code(204)
      .headers({
        'access-control-allow-methods': 'GET, POST, DELETE',
        'access-control-allow-headers': 'content-type',
        'access-control-max-age': String(PREFLIGHT_SECONDS),
      })
      .send();
  });
}
