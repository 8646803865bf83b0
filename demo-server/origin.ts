/** Which page a request comes from, as the browser tells it, and whether that page is one of ours. */
import type { IncomingHttpHeaders } from 'node:http';
import { RefusalError } from './refusal.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True lets pages of any origin ask. Only for what holds nothing: the site's files, the lesson on security. */
    anyOrigin?: boolean;
  }
}

// #region origin
/** No Origin means no browser page is behind it. Scheme aside, host and port have to be those that were asked. */
export function isForeign({ origin, host }: IncomingHttpHeaders): boolean {
  return origin !== undefined && URL.parse(origin)?.host !== host;
}

/**
 * A WebSocket knows no same-origin policy and no CORS (RFC 6455 10.2): the server has to look at Origin itself. The
 * same look protects POST and DELETE. `allowed` are origins that may all the same.
 */
export function refuseForeignOrigin(headers: IncomingHttpHeaders, allowed?: ReadonlySet<string>): void {
  if (!isForeign(headers) || allowed?.has(headers.origin ?? '')) return;
  const { origin, host, upgrade } = headers;
  throw new RefusalError(
    403,
    'foreign-origin',
    `This ${upgrade ? 'WebSocket' : 'request'} comes from a page of ${JSON.stringify(origin)}; only pages of ${JSON.stringify(host)} itself may.`,
  );
}
// #endregion
