/**
 * The lab of buffering: starts a real nginx in front of this server and sends a page's requests through it. To a browser
 * another port is another origin, so this server passes the bytes on: requests to nginx, and responses back from it, each
 * piece when it comes. Nothing is gathered here, and the same bytes reach the browser.
 */
import type { EventEmitter } from 'node:events';
import { request as ask, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Limits } from '../limits.ts';
import { type LabProxy, NGINX_DEFAULTS, type NginxDefaults, PROXY_CONFIGS } from '../protocol.ts';
import { takeOfAddress } from '../push.ts';
import { RefusalError } from '../refusal.ts';
import { type Nginx, nginxVersion, proxyConf, startNginx, withDefaults, withLines } from './nginx.ts';
import { bufferingStep, holdsBack, passesUpgrade } from './own-step.ts';
import { onPath } from './programs.ts';
import { proxiedSchema, proxySchema } from './schemas.ts';

const GZIP = ['gzip on;', 'gzip_types application/json application/x-ndjson text/event-stream;'];
/** An nginx without requests is stopped after so long (ms). */
const IDLE_MS = 120_000;
/** Headers of one hop (RFC 9110 section 7.6.1); Node writes its own. */
const HOP = ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'proxy-connection'];
/** Names of this machine that nginx may write into the Host header, as a reader's own configuration would. */
const LOCAL = /^(?:localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})$/;

interface Running {
  proxy: LabProxy;
  /** Where to go through it. */
  port: number;
  host: string;
  config: string;
  defaults: NginxDefaults;
  nginx: Nginx | undefined;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

type Named = FastifyRequest<{
  Params: { config: string; technique: string };
  Querystring: { gzip?: string; defaults?: NginxDefaults };
}>;
/** What is wanted: each combination is a proxy of its own. */
interface Wanted {
  config: string;
  defaults: NginxDefaults;
  gzip: boolean;
}

/** The proxies that run now, each started when it is first asked for and stopped when nobody has used it for a while. */
class Proxies {
  readonly #running = new Map<string, Promise<Running>>();
  readonly #nginx: string | null;
  readonly #ownPort: () => number;

  /** `nginx` = full path of the program, null = do without; `ownPort` returns the port of this server. */
  constructor(nginx: string | null, ownPort: () => number) {
    this.#nginx = nginx;
    this.#ownPort = ownPort;
  }

  /** The proxy for this; `server` is what it passes requests on to, as it is to stand in the Host header. */
  async start(wanted: Wanted, server: string): Promise<LabProxy> {
    const gzip = wanted.gzip && this.#nginx !== null;
    const name = [wanted.config, wanted.defaults, ...(gzip ? ['gzip'] : [])].join('-');
    const started = this.#running.get(name) ?? this.#launch(name, { ...wanted, gzip }, server);
    this.#running.set(name, started);
    try {
      const one = await started;
      this.#rest(one);
      return one.proxy;
    } catch (error) {
      this.#running.delete(name);
      throw new RefusalError(503, 'no-proxy', `${error instanceof Error ? error.message : error}`.trim().slice(0, 400));
    }
  }

  async #launch(name: string, { config, defaults, gzip }: Wanted, server: string): Promise<Running> {
    const text = await withDefaults(defaults, await proxyConf(config));
    const path = `/probe/proxy/${name}`;
    const common = { config, defaults, users: 0, idle: undefined };
    if (this.#nginx === null) {
      const conf = text.replaceAll('127.0.0.1:4321', server);
      return {
        ...common,
        proxy: { nginx: null, path, conf },
        port: this.#ownPort(),
        host: '127.0.0.1',
        nginx: undefined,
      };
    }
    const child = await startNginx(this.#nginx, gzip ? withLines(text, ...GZIP) : text, server);
    void child.ended.then(() => this.#running.delete(name));
    const proxy = { nginx: nginxVersion(this.#nginx), path, conf: child.conf };
    return { ...common, proxy, port: child.port, host: '127.0.0.1', nginx: child };
  }

  /** The proxy of that name; refuses one that does not run with 404. */
  async find(name: string): Promise<Running> {
    const one = await this.#running.get(name);
    if (one) return one;
    throw new RefusalError(
      404,
      'no-proxy',
      `No proxy ${JSON.stringify(name)} runs here now; start it with POST /probe/proxy/<config>.`,
    );
  }

  /** Keeps the proxy running until `ending` closes. */
  use(one: Running, ending: EventEmitter): void {
    one.users += 1;
    clearTimeout(one.idle);
    ending.once('close', () => {
      one.users -= 1;
      this.#rest(one);
    });
  }

  #rest(one: Running): void {
    clearTimeout(one.idle);
    if (one.users === 0) one.idle = setTimeout(() => void one.nginx?.stop(), IDLE_MS).unref();
  }

  async stop(): Promise<void> {
    const all = await Promise.allSettled(this.#running.values());
    await Promise.all(all.map((one) => (one.status === 'fulfilled' ? one.value.nginx?.stop() : undefined)));
  }
}

/** Registers the routes. `nginx` = full path of the program; null = do without; undefined = look for one. */
export function proxyProbes(
  app: FastifyInstance,
  { limits, nginx = onPath(['nginx']) }: { limits: Limits; nginx?: string | null | undefined },
): void {
  const proxies = new Proxies(nginx || null, () => (app.server.address() as AddressInfo).port);
  const perAddress = new Map<string, number>();
  const open = new Set<Socket>();

  app.post('/probe/proxy/:config', { schema: proxySchema }, async (request) =>
    proxies.start(wantedBy(request as Named), ownName(request)),
  );

  /** Counts a request in, and out when `ending` (its response, or the socket of an upgrade) closes. */
  async function enter(request: Named, ending: EventEmitter): Promise<Running> {
    const one = await proxies.find(request.params.config);
    ending.once('close', takeOfAddress(perAddress, request, limits.probesPerAddress));
    proxies.use(one, ending);
    return one;
  }
  app.get('/probe/proxy/:config/push/:technique', {
    schema: proxiedSchema,
    preHandler: async (request, reply) => {
      if (!request.ws) return;
      const { socket } = request.raw;
      const one = await enter(request as Named, socket);
      reply.hijack();
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      tunnel(request as Named, reply, one);
    },
    handler: async (request, reply) => {
      const one = await enter(request as Named, reply.raw);
      reply.hijack();
      pass(request as Named, reply, one);
    },
  });

  app.addHook('preClose', async () => {
    for (const socket of open) socket.destroy();
    await proxies.stop();
  });
}

/** What a request wants started; refuses what there is not with 400. */
function wantedBy({ params: { config }, query: { defaults = 'older', gzip } }: Named): Wanted {
  if (!(PROXY_CONFIGS as readonly string[]).includes(config))
    throw new RefusalError(
      400,
      'bad-config',
      `Got the configuration ${JSON.stringify(config)}, takes one of ${PROXY_CONFIGS.join(', ')}.`,
    );
  if (!NGINX_DEFAULTS.includes(defaults))
    throw new RefusalError(
      400,
      'bad-defaults',
      `Got the defaults ${JSON.stringify(defaults)}, takes one of ${NGINX_DEFAULTS.join(', ')}.`,
    );
  return { config, defaults, gzip: gzip !== undefined };
}

/** Host and port of this server, as the request names them where that is this machine. */
function ownName({ raw: { socket }, headers }: FastifyRequest): string {
  const local = LOCAL.exec(headers.host ?? '');
  return local && Number(local[1]) === socket.localPort ? local[0] : `127.0.0.1:${socket.localPort}`;
}

/** The same request, to the proxy. */
const onwards = ({ port, host }: Running, { raw }: Named, headers: IncomingHttpHeaders): RequestOptions => ({
  host,
  port,
  // A connection for each: none may wait for another.
  agent: false,
  path: raw.url?.replace(/^\/probe\/proxy\/[^/]+/, '') ?? '/',
  headers,
});

/** Forwards a request, and returns its response piece by piece as it comes. */
function pass(request: Named, reply: FastifyReply, one: Running): void {
  const headers = Object.fromEntries(Object.entries(request.raw.headers).filter(([name]) => !HOP.includes(name)));
  const inner = ask(onwards(one, request, headers), (answer) => {
    const { statusCode = 502, headers: got } = answer;
    const out = Object.fromEntries(Object.entries(got).filter(([name]) => !HOP.includes(name)));
    reply.raw.writeHead(statusCode, out as IncomingHttpHeaders);
    // An imitated proxy holds the head back as well, as nginx does until it has some of the body to send.
    const holds = !one.nginx && holdsBack(one.config, one.defaults, got);
    if (!holds) reply.raw.flushHeaders();
    const body = holds ? answer.pipe(bufferingStep()) : answer;
    body.on('data', (piece: Buffer) => reply.raw.write(piece));
    body.on('end', () => reply.raw.end());
    answer.on('close', () => answer.complete || reply.raw.destroy());
  });
  inner.on('error', () => badGateway(reply, one));
  reply.raw.once('close', () => inner.destroy());
  inner.end();
}

/** Connects the browser's socket to one that requests the upgrade from nginx: from then on bytes pass unchanged. */
function tunnel(request: Named, reply: FastifyReply, one: Running): void {
  const { socket } = request.raw;
  reply.raw.detachSocket(socket);
  const headers = { ...request.raw.headers };
  if (!one.nginx && !passesUpgrade(one.config)) for (const name of HOP) delete headers[name];
  const inner = ask(onwards(one, request, headers));
  inner.on('upgrade', (answer, upstream, head) => {
    socket.write(headOf(answer));
    if (head.length > 0) socket.write(head);
    join(socket, upstream);
  });
  // No upgrade: nginx, or the server behind it, responded in plain HTTP. The browser gets that response.
  inner.on('response', (answer) => {
    socket.write(headOf(answer, ['connection: close']));
    answer.on('data', (piece: Buffer) => socket.write(piece));
    answer.on('end', () => socket.end());
  });
  inner.on('error', () => socket.destroy());
  socket.on('error', () => {});
  socket.once('close', () => inner.destroy());
  inner.end();
}

/** Passes on what each of two sockets receives, and its end, to the other. */
function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [other, one],
    [one, other],
  ] as const) {
    from.on('data', (piece: Buffer) => to.write(piece));
    from.on('error', () => {});
    from.on('end', () => to.end());
    from.on('close', () => to.destroy());
  }
}

function badGateway(reply: FastifyReply, { config }: Running): void {
  if (reply.raw.headersSent) return void reply.raw.destroy();
  reply.raw.writeHead(502, { 'content-type': 'application/json; charset=utf-8' });
  reply.raw.end(
    JSON.stringify({ error: 'proxy-gone', message: `The proxy ${config} does not answer. Start it once more.` }),
  );
}

/** Status line and headers as they came; where `instead` is given, without those of this hop and with these lines. */
function headOf({ httpVersion, statusCode, statusMessage, rawHeaders }: IncomingMessage, instead?: string[]): string {
  const lines = [`HTTP/${httpVersion} ${statusCode} ${statusMessage}`];
  for (let n = 0; n < rawHeaders.length; n += 2) {
    if (instead && HOP.includes(rawHeaders[n]?.toLowerCase() ?? '')) continue;
    lines.push(`${rawHeaders[n]}: ${rawHeaders[n + 1]}`);
  }
  return `${[...lines, ...(instead ?? [])].join('\r\n')}\r\n\r\n`;
}
