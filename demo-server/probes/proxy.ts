/**
 * The lab of buffering: starts a real nginx in front of this server and leads a page's requests through it. A browser
 * would see another port as another origin, so this server passes the bytes on: to nginx, and what nginx answers back,
 * each piece when it comes. Nothing is gathered here, and the same bytes reach the browser.
 */
import type { EventEmitter } from 'node:events';
import { request as ask, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
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
/** An nginx that nobody asked for anything is ended after so long (ms). */
const IDLE_MS = 120_000;
/** These concern one hop (RFC 9110 7.6.1), and Node writes its own. */
const HOP = ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'proxy-connection'];
/** Names of this very machine that nginx may write into the Host header, as a reader's own configuration would. */
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
/** What is asked for: each of them is a proxy of its own. */
interface Wanted {
  config: string;
  defaults: NginxDefaults;
  gzip: boolean;
}

/** Registers the routes. `nginx` = full path of the program; null = do without; undefined = look for one. */
export function proxyProbes(
  app: FastifyInstance,
  { limits, nginx = onPath(['nginx']) }: { limits: Limits; nginx?: string | null | undefined },
): void {
  const running = new Map<string, Promise<Running>>();
  const perAddress = new Map<string, number>();
  const open = new Set<Socket>();

  async function start(name: string, { config, defaults, gzip }: Wanted, server: string): Promise<Running> {
    const text = await withDefaults(defaults, await proxyConf(config));
    const path = `/probe/proxy/${name}`;
    const common = { config, defaults, users: 0, idle: undefined };
    if (!nginx) {
      const { port } = app.server.address() as AddressInfo;
      const conf = text.replaceAll('127.0.0.1:4321', server);
      return { ...common, proxy: { nginx: null, path, conf }, port, host: '127.0.0.1', nginx: undefined };
    }
    const child = await startNginx(nginx, gzip ? withLines(text, ...GZIP) : text, server);
    void child.ended.then(() => running.delete(name));
    const proxy = { nginx: nginxVersion(nginx), path, conf: child.conf };
    return { ...common, proxy, port: child.port, host: '127.0.0.1', nginx: child };
  }

  function rest(one: Running): void {
    clearTimeout(one.idle);
    if (one.users === 0) one.idle = setTimeout(() => void one.nginx?.stop(), IDLE_MS).unref();
  }

  app.post('/probe/proxy/:config', { schema: proxySchema }, async (request) => {
    const { params, query } = request as Named;
    const { config } = params;
    if (!(PROXY_CONFIGS as readonly string[]).includes(config))
      throw new RefusalError(
        400,
        'bad-config',
        `Got the configuration ${JSON.stringify(config)}, takes one of ${PROXY_CONFIGS.join(', ')}.`,
      );
    const { defaults = 'older' } = query;
    if (!NGINX_DEFAULTS.includes(defaults))
      throw new RefusalError(
        400,
        'bad-defaults',
        `Got the defaults ${JSON.stringify(defaults)}, takes one of ${NGINX_DEFAULTS.join(', ')}.`,
      );
    const gzip = query.gzip !== undefined && Boolean(nginx);
    const name = [config, defaults, ...(gzip ? ['gzip'] : [])].join('-');
    const { socket } = request.raw;
    const local = LOCAL.exec(request.headers.host ?? '');
    const server = local && Number(local[1]) === socket.localPort ? local[0] : `127.0.0.1:${socket.localPort}`;
    const started = running.get(name) ?? start(name, { config, defaults, gzip }, server);
    running.set(name, started);
    try {
      const one = await started;
      rest(one);
      return one.proxy;
    } catch (error) {
      running.delete(name);
      throw new RefusalError(503, 'no-proxy', `${error instanceof Error ? error.message : error}`.trim().slice(0, 400));
    }
  });

  /** Counts a request in, and out when `ending` (its answer, or the socket of an upgrade) closes. */
  async function enter(request: Named, ending: EventEmitter): Promise<Running> {
    const { params } = request;
    const one = await running.get(params.config);
    if (!one) {
      throw new RefusalError(
        404,
        'no-proxy',
        `No proxy ${JSON.stringify(params.config)} runs here now; start it with POST /probe/proxy/<config>.`,
      );
    }
    const release = takeOfAddress(perAddress, request, limits.probesPerAddress);
    one.users += 1;
    clearTimeout(one.idle);
    ending.once('close', () => {
      release();
      one.users -= 1;
      rest(one);
    });
    return one;
  }
  const onwards = ({ port, host }: Running, { raw }: Named, headers: IncomingHttpHeaders): RequestOptions => ({
    host,
    port,
    // A connection for each: none may wait for another.
    agent: false,
    path: raw.url?.replace(/^\/probe\/proxy\/[^/]+/, '') ?? '/',
    headers,
  });

  app.get('/probe/proxy/:config/push/:technique', {
    schema: proxiedSchema,
    preHandler: async (request, reply) => {
      if (!request.ws) return;
      const one = await enter(request as Named, request.raw.socket);
      reply.hijack();
      tunnel(request as Named, reply, one);
    },
    handler: async (request, reply) => {
      const one = await enter(request as Named, reply.raw);
      reply.hijack();
      pass(request as Named, reply, one);
    },
  });

  /** Hands a request on and its answer back, each piece as it comes. */
  function pass(request: Named, reply: FastifyReply, one: Running): void {
    const headers = Object.fromEntries(Object.entries(request.raw.headers).filter(([name]) => !HOP.includes(name)));
    const inner = ask(onwards(one, request, headers), (answer) => {
      const { statusCode = 502, headers: got } = answer;
      const out = Object.fromEntries(Object.entries(got).filter(([name]) => !HOP.includes(name)));
      reply.raw.writeHead(statusCode, out as IncomingHttpHeaders);
      // An imitated proxy holds the head back as well, as nginx does until it has something to send.
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

  /** Joins the browser's socket to one that asked nginx for the upgrade: from then on bytes pass as they are. */
  function tunnel(request: Named, reply: FastifyReply, one: Running): void {
    const { socket } = request.raw;
    reply.raw.detachSocket(socket);
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const headers = { ...request.raw.headers };
    if (!one.nginx && !passesUpgrade(one.config)) for (const name of HOP) delete headers[name];
    const inner = ask(onwards(one, request, headers));
    inner.on('upgrade', (answer, upstream, head) => {
      socket.write(headOf(answer));
      if (head.length > 0) socket.write(head);
      upstream.on('data', (piece: Buffer) => socket.write(piece));
      socket.on('data', (piece: Buffer) => upstream.write(piece));
      for (const [from, to] of [
        [upstream, socket],
        [socket, upstream],
      ] as const) {
        from.on('error', () => {});
        from.on('end', () => to.end());
        from.on('close', () => to.destroy());
      }
    });
    // No upgrade: nginx, or the server behind it, answered in plain HTTP. The browser is to see just that.
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

  app.addHook('preClose', async () => {
    for (const socket of open) socket.destroy();
    const all = await Promise.allSettled(running.values());
    await Promise.all(all.map((one) => (one.status === 'fulfilled' ? one.value.nginx?.stop() : undefined)));
  });
}

function badGateway(reply: FastifyReply, { config }: Running): void {
  if (reply.raw.headersSent) return void reply.raw.destroy();
  reply.raw.writeHead(502, { 'content-type': 'application/json; charset=utf-8' });
  reply.raw.end(
    JSON.stringify({ error: 'proxy-gone', message: `The proxy ${config} does not answer. Start it once more.` }),
  );
}

/** Status line and headers as they came, without the framing of this hop where other lines take its place. */
function headOf({ httpVersion, statusCode, statusMessage, rawHeaders }: IncomingMessage, instead?: string[]): string {
  const lines = [`HTTP/${httpVersion} ${statusCode} ${statusMessage}`];
  for (let n = 0; n < rawHeaders.length; n += 2) {
    if (instead && HOP.includes(rawHeaders[n]?.toLowerCase() ?? '')) continue;
    lines.push(`${rawHeaders[n]}: ${rawHeaders[n + 1]}`);
  }
  return `${[...lines, ...(instead ?? [])].join('\r\n')}\r\n\r\n`;
}
