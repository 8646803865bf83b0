/** Which page a request comes from and which name it was sent to, as the browser reports them, and whether both are ours. */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RefusalError } from '../refusal.ts';
import { isLoopbackName, isOwnName, plainAddress } from './names.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True lets pages of any origin ask. Only for what holds nothing: the site's files, the lesson on security. */
    anyOrigin?: boolean;
    /** True answers under any name. Only for what is the same for everybody: the site's files, what a load balancer asks. */
    anyName?: boolean;
  }
  interface FastifyInstance {
    /** What was named at the start besides this machine itself. */
    lists: Lists;
    /** How requests come here. */
    way: Way;
  }
}

/** Origins as browsers write them, names without a port. */
export interface Lists {
  /** Our own address, where a proxy stands before it (--public-url), and pages elsewhere that may use it, too (--allow-origin). */
  origins: ReadonlySet<string>;
  /** The names in our own addresses: for these the list says the scheme and the port. */
  publicNames: ReadonlySet<string>;
  /** Names under which this server answers, besides the machine's own: those above, and --allow-host. */
  names: ReadonlySet<string>;
}

interface Way {
  /** Whether a proxy may stand in front, as far as is known. */
  behindProxy: boolean;
  /** Whether a proxy is trusted to say how it was asked. */
  trustsProxy: boolean;
  /** Whether TLS is ended in front of this server for a port of loopback. */
  endsTls: (port: number | undefined) => boolean;
}

// #region origin
/** Who may use this server: pages of the listed origins, and of the address that was asked. */
function originsFor(request: FastifyRequest): string[] {
  const { origins, publicNames } = request.server.lists;
  const asked = schemesOf(request).map((scheme) => URL.parse(`${scheme}://${request.headers.host}`));
  return [...origins, ...asked.flatMap((url) => (url && !publicNames.has(url.hostname) ? url.origin : []))];
}

/** No Origin means that no browser page is behind it. Else scheme, host and port have to be those of one of ours. */
export function isForeign(request: FastifyRequest): boolean {
  const { origin } = request.headers;
  return origin !== undefined && !originsFor(request).includes(URL.parse(origin)?.origin ?? '');
}

/**
 * The same-origin policy and CORS do not apply to a WebSocket, so the server has to check Origin itself (RFC 6455 10.2).
 * The same check protects POST and DELETE.
 */
export function refuseForeignOrigin(request: FastifyRequest): void {
  if (!isForeign(request)) return;
  const { origin, upgrade } = request.headers;
  throw new RefusalError(
    403,
    'foreign-origin',
    `This ${upgrade ? 'WebSocket' : 'request'} comes from a page of ${JSON.stringify(origin)}; only pages of ${originsFor(request).join(', ')} may.`,
  );
}

/**
 * Exactly one Host in HTTP/1.1, at most one before it (RFC 9112 3.2). Where the request names a whole URL, as to a proxy, the
 * host in that takes the place of the header (3.2.2).
 */
export function refuseAmbiguousHost({ headers, raw }: FastifyRequest): void {
  const named = raw.rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name)).length;
  if (named > 1 || (named === 0 && raw.httpVersion === '1.1'))
    throw new RefusalError(400, 'bad-request', `A request has one Host header, got ${named}.`);
  if (raw.url?.startsWith('/') || raw.url === '*') return;
  const target = URL.parse(raw.url ?? '');
  if (target?.host) headers.host = target.host;
}

/** The owner of a name can lead it to this machine (DNS rebinding): then Origin and Host agree, and both are foreign. */
export function refuseUnknownName(request: FastifyRequest): void {
  const host = request.headers.host || 'localhost';
  const url = URL.parse(`http://${host}`);
  // What no URL has at this place is nobody's name: two of them, or a part of a path or of a login (RFC 9112 3.2).
  if (url === null || /[/?#@\\\s]/.test(host))
    throw new RefusalError(
      400,
      'bad-request',
      `Host takes a name or an address, and a port if need be, got ${JSON.stringify(host)}.`,
    );
  const { hostname: name } = url;
  if (isOwnName(name) || request.server.lists.names.has(name)) return;
  throw new RefusalError(
    421,
    'unknown-name',
    `This server does not answer under the name ${JSON.stringify(name)}. If the name is its own, start it with --public-url or --allow-host.`,
  );
}
// #endregion

/** By which schemes this server may have been asked: one where that is known, both where a proxy may have ended TLS unseen. */
function schemesOf({ headers, protocol, server, raw }: FastifyRequest): string[] {
  const { trustsProxy, endsTls } = server.way;
  // TLS ended in front of this server, or on this very connection, as in the lab's servers of HTTP/2.
  if (endsTls(raw.socket.remotePort) || 'encrypted' in raw.socket) return ['https'];
  // Some proxies write ws and wss for a WebSocket. From a peer that is not trusted the header is ignored: protocol is http.
  if (trustsProxy && headers['x-forwarded-proto'] !== undefined) return [protocol.replace(/^ws/, 'http')];
  const asked = URL.parse(`http://${headers.host}`);
  const direct = asked && isLoopbackName(asked.hostname) && Number(asked.port || 80) === raw.socket.localPort;
  return direct ? ['http'] : ['http', 'https'];
}

/**
 * Whether a request shows that it came through a proxy: by a header that proxies add, or as HTTP/1.0, which no browser
 * speaks any more but nginx up to 1.29.6 does by default (measured with nginx 1.22.1). A newer nginx shows neither.
 */
export function isProxied({ headers, httpVersion }: IncomingMessage): boolean {
  return httpVersion === '1.0' || 'via' in headers || 'forwarded' in headers || 'x-forwarded-for' in headers;
}

/**
 * Whether a request was made on this machine, by its own name for itself and through no proxy that shows. Where a proxy may
 * stand in front (`behindProxy`) none is: it may show by nothing that it passes on what others ask.
 */
export function isLocal({ raw, headers, server }: FastifyRequest): boolean {
  const { hostname = '' } = URL.parse(`http://${headers.host}`) ?? {};
  const address = plainAddress(raw.socket.remoteAddress);
  return !server.way.behindProxy && isLoopbackName(address) && isLoopbackName(hostname) && !isProxied(raw);
}

/** Runs these checks before every request, except on routes that opt out of the last two. Origins are given as browsers write them. */
export function guardNames(
  app: FastifyInstance,
  { publicUrls, allowOrigins, allowHosts }: Record<'publicUrls' | 'allowOrigins' | 'allowHosts', readonly string[]>,
  way: Way,
): void {
  const publicNames = publicUrls.map((url) => new URL(url).hostname);
  app.decorate('lists', {
    origins: new Set([...publicUrls, ...allowOrigins]),
    publicNames: new Set(publicNames),
    names: new Set([...publicNames, ...allowHosts]),
  });
  app.decorate('way', way);
  app.addHook('onRequest', async (request) => {
    const { anyName, anyOrigin } = request.routeOptions.config;
    refuseAmbiguousHost(request);
    if (!anyName) refuseUnknownName(request);
    if (!anyOrigin) refuseForeignOrigin(request);
  });
}
