/** This machine's own addresses are never asked through a proxy, whatever the environment says of the others. */

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]', '::1'];

/**
 * Adds loopback to NO_PROXY, for this process's fetch and WebSocket and for all that it starts: with NODE_USE_ENV_PROXY or
 * --use-env-proxy Node would hand even those requests to HTTP_PROXY. `env` is changed.
 * @see https://nodejs.org/api/http.html#built-in-proxy-support
 */
export function loopbackWithoutProxy(env: NodeJS.ProcessEnv = process.env): void {
  // The small letters go first; both are set, as not every program reads both.
  const given = (env.no_proxy ?? env.NO_PROXY ?? '').split(/[,\s]+/).filter(Boolean);
  if (given.includes('*')) return;
  const list = [...new Set([...given, ...LOOPBACK])].join(',');
  env.no_proxy = list;
  env.NO_PROXY = list;
}
