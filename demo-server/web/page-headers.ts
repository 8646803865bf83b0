/** The headers that isolate the pages and keep foreign code out: for this server, and for the static hosts that the build writes them down for. */

/** What the build says of its pages: inline scripts by hash, and the origin of a demo server that is elsewhere ('' = here). */
export interface Policy {
  scriptHashes: string[];
  demoServer: string;
}

/** The folder of the files whose names change with their contents, and the Cache-Control that suits it. */
export const HASHED = '/_astro/';
export const FOR_EVER = 'public, max-age=31536000, immutable';

/**
 * The headers of every page, by name in lower case. COOP and COEP isolate it, or browsers make its timers too coarse to
 * measure with. No Referer, so that no lane carries one and another not.
 */
export const headersOfPages = (policy: Policy): Record<string, string> => ({
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'content-security-policy': pagePolicy(policy, []),
});

/** The value of Content-Security-Policy. Scripts: our own files, and the inline ones that the build knows by hash. `frames` are origins besides our own. */
export function pagePolicy({ scriptHashes, demoServer }: Policy, frames: string[]): string {
  const elsewhere = demoServer === '' ? [] : [demoServer];
  // 'self' means the WebSockets of this origin, too; another origin's have to be named (CSP 3, 6.7.2.8).
  const sockets = elsewhere.map((origin) => origin.replace(/^http/, 'ws'));
  return [
    "default-src 'self'",
    // The search index is WebAssembly.
    `script-src 'self' 'wasm-unsafe-eval' ${scriptHashes.map((hash) => `'${hash}'`).join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    `connect-src ${["'self'", ...elsewhere, ...sockets].join(' ')}`,
    `frame-src ${["'self'", ...elsewhere, ...frames].join(' ')}`,
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'self'",
  ].join('; ');
}
