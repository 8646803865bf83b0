/**
 * What the table of “your browser” requests: small responses that end, drip, wait or break, so that a browser's habits
 * show. Each is bounded in bytes and in time.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { now } from '../feed.ts';
import type { Limits } from '../limits.ts';
import { takeOfAddress } from '../push.ts';
import { RefusalError, refusePlainGet } from '../refusal.ts';
import { burstSchema, dripSchema, headSchema, lateSchema, repeatSchema, retrySchema, statusSchema } from './schemas.ts';

/** Content types of the response that drips: some that a browser takes as they are, some that it may sniff. */
const TYPES: Record<string, string> = {
  text: 'text/plain',
  lines: 'application/x-ndjson; charset=utf-8',
  frame: 'text/html',
  'frame-utf8': 'text/html; charset=utf-8',
};
/** The page in a frame: each step of it is one script of so many bytes. */
const FRAME_STEP = 64;
const MOST_BYTES = 16_384;
const MOST_MS = 15_000;
/** Messages of one burst. */
const BURST = 1000;
/** How many tries are remembered, each named by its page; the oldest makes room. */
const TRIES = 500;
const TRY = /^[0-9a-f]{32}$/;

const COEP = { 'cross-origin-embedder-policy': 'require-corp' };

type Bound = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
type Query = Record<string, string | undefined>;

/** Registers `/probe/browser/…`. */
export function browserProbes(app: FastifyInstance, { limits }: { limits: Limits }): void {
  const perAddress = new Map<string, number>();
  const bounded: Bound = async (request, reply) => {
    const release = takeOfAddress(perAddress, request, limits.probesPerAddress);
    (request.ws ? request.raw.socket : reply.raw).once('close', release);
  };
  dripRoute(app, bounded);
  lateRoute(app, bounded);
  retryRoute(app, bounded);
  statusRoute(app, bounded);
  headRoute(app, bounded);
  repeatRoute(app, bounded);
  burstRoute(app, bounded);
}

/** A response whose body comes piece by piece, and ends or is cut. */
function dripRoute(app: FastifyInstance, preHandler: Bound): void {
  app.get('/probe/browser/drip', { schema: dripSchema, preHandler }, (request, reply) => {
    const query = request.query as Query;
    const type = TYPES[query.type ?? ''];
    if (!type) fault('type', query.type, `one of ${Object.keys(TYPES).join(', ')}`);
    const most = number(query, 'most', 1, MOST_BYTES);
    const first = number(query, 'first', 0, most);
    const step = number(query, 'step', 1, MOST_BYTES);
    const every = number(query, 'every', 5, 1000);
    if (((most - first) / step) * every > MOST_MS)
      fault('every', query.every, `less: all of it may take ${MOST_MS} ms`);
    const cut = query.end === 'cut';
    const stream = begin(reply, {
      'content-type': type ?? '',
      ...(query.nosniff === undefined ? {} : NOSNIFF),
      ...COEP,
    });
    const piece = (from: number, size: number): string =>
      query.type?.startsWith('frame') ? scripts(from, size) : letters(from, size);
    let sent = first;
    if (first > 0) stream.write(piece(0, first));
    const timer = setInterval(() => {
      const size = Math.min(step, most - sent);
      if (size > 0) stream.write(piece(sent, size));
      sent += size;
      if (sent < most) return;
      clearInterval(timer);
      if (cut) stream.socket?.resetAndDestroy();
      else stream.end();
    }, every);
    stream.once('close', () => clearInterval(timer));
  });
}

/** A response with its head at once and its body later. */
function lateRoute(app: FastifyInstance, preHandler: Bound): void {
  app.get('/probe/browser/late', { schema: lateSchema, preHandler }, (request, reply) => {
    const query = request.query as Query;
    const ms = number(query, 'ms', 0, 5000);
    const type = query.type === 'sse' ? 'text/event-stream' : 'application/x-ndjson; charset=utf-8';
    const stream = begin(reply, { 'content-type': type });
    const timer = setTimeout(() => stream.end(query.type === 'sse' ? 'data: 1\n\n' : '\n'), ms);
    stream.once('close', () => clearTimeout(timer));
  });
}

/** An event stream that ends after its first event; the second request of a try gets the time between the two (ms). */
function retryRoute(app: FastifyInstance, preHandler: Bound): void {
  /** When the first stream of a try ended (ms since the epoch). */
  const ended = new Map<string, number>();
  app.get('/probe/browser/retry', { schema: retrySchema, preHandler }, (request, reply) => {
    const query = request.query as Query;
    const id = tryOf(query);
    const before = ended.get(id);
    const stream = begin(reply, { 'content-type': 'text/event-stream' });
    // The second request: how long the browser was away, by the server's clock alone.
    if (before !== undefined) return void stream.end(`data: ${now() - before}\n\n`);
    stream.write(`${query.retry === undefined ? '' : `retry: ${number(query, 'retry', 0, 10_000)}\n`}data: first\n\n`);
    const leave = setTimeout(() => {
      keep(ended, id, now());
      if (query.end === 'cut') stream.socket?.resetAndDestroy();
      else stream.end();
    }, 100);
    stream.once('close', () => clearTimeout(leave));
  });
}

/** An event stream under any status. */
function statusRoute(app: FastifyInstance, preHandler: Bound): void {
  app.get('/probe/browser/status', { schema: statusSchema, preHandler }, (request, reply) => {
    const query = request.query as Query;
    const code = number(query, 'code', 200, 599);
    const type = query.type === 'html' ? 'text/html' : 'text/event-stream';
    reply.hijack();
    reply.raw.writeHead(code, { 'cache-control': 'no-store', 'content-type': type });
    reply.raw.end(code === 204 ? '' : 'data: 1\n\n');
  });
}

/** The size of the request's own head. */
function headRoute(app: FastifyInstance, preHandler: Bound): void {
  app.get('/probe/browser/head', { schema: headSchema, preHandler }, async ({ raw }, reply) => {
    // As it was on the wire, for HTTP/1.1: names and values as they came, `: ` between them and CRLF after.
    const line = `${raw.method} ${raw.url} HTTP/${raw.httpVersion}\r\n`;
    const fields = raw.rawHeaders.reduce((sum, text) => sum + Buffer.byteLength(text, 'latin1') + 2, 0);
    reply.header('cache-control', 'no-store');
    return { bytes: line.length + fields + 2, path: raw.url?.length ?? 0, http: raw.httpVersion };
  });
}

/** Breaks a kept connection when it is used the second time, to see whether the browser repeats the request. */
function repeatRoute(app: FastifyInstance, preHandler: Bound): void {
  /** Requests of a try, and the connection of the first. */
  const repeated = new Map<string, { seen: number; connection: object; broken: boolean }>();
  app.get('/probe/browser/repeat', { schema: repeatSchema, preHandler }, async (request, reply) => {
    const id = tryOf(request.query as Query);
    const { socket } = request.raw;
    const one = repeated.get(id) ?? { seen: 0, connection: socket, broken: false };
    keep(repeated, id, one);
    one.seen += 1;
    reply.header('cache-control', 'no-store');
    if (one.seen > 1 && !one.broken && one.connection === socket) {
      // As when a server closes an idle connection just when it is used again.
      one.broken = true;
      reply.hijack();
      socket.destroy();
      return;
    }
    return { seen: one.seen, broken: one.broken };
  });
}

/** A WebSocket that sends a burst of messages when asked. */
function burstRoute(app: FastifyInstance, preHandler: Bound): void {
  app.route({
    method: 'GET',
    url: '/probe/browser/burst',
    schema: burstSchema,
    preHandler,
    handler: refusePlainGet,
    wsHandler: (socket, request) => {
      // As it was sent: the parsed header was removed before ws could see it (echo.ts).
      const { rawHeaders } = request.raw;
      const at = rawHeaders.findIndex((text, n) => n % 2 === 0 && text.toLowerCase() === 'sec-websocket-extensions');
      socket.send(JSON.stringify({ extensions: at < 0 ? '' : rawHeaders[at + 1], messages: BURST }));
      socket.once('message', () => {
        for (let n = 1; n <= BURST; n += 1) socket.send(String(n));
      });
      const timer = setTimeout(() => socket.close(1000), MOST_MS);
      socket.once('close', () => clearTimeout(timer));
    },
  });
}

const NOSNIFF = { 'x-content-type-options': 'nosniff' };

/** Sends the head at once. */
function begin(reply: FastifyReply, headers: Record<string, string>): ServerResponse {
  reply.hijack();
  reply.raw.writeHead(200, { 'cache-control': 'no-store', ...headers });
  reply.raw.flushHeaders();
  return reply.raw;
}

function fault(field: string, got: string | undefined, takes: string): never {
  throw new RefusalError(400, 'bad-probe', `${field}: got ${JSON.stringify(got)}, takes ${takes}.`);
}

function number(query: Query, field: string, min: number, max: number): number {
  const value = Number(query[field]);
  if (!/^\d{1,6}$/.test(query[field] ?? '') || value < min || value > max)
    fault(field, query[field], `a whole number from ${min} to ${max}`);
  return value;
}

function tryOf(query: Query): string {
  if (!TRY.test(query.try ?? '')) fault('try', query.try, '32 hexadecimal digits, drawn at random');
  return query.try ?? '';
}

function keep<T>(map: Map<string, T>, id: string, value: T): void {
  map.delete(id);
  map.set(id, value);
  if (map.size > TRIES) map.delete(map.keys().next().value as string);
}

/** Lines of 16 bytes, whatever the offset. */
function letters(from: number, size: number): string {
  return Array.from({ length: size }, (_, at) => ((from + at) % 16 === 15 ? '\n' : 'x')).join('');
}

/** Scripts that post to the parent how many bytes of the page have arrived with them; `size` in whole steps. */
function scripts(from: number, size: number): string {
  const told = Array.from({ length: Math.floor(size / FRAME_STEP) }, (_, at) => from + (at + 1) * FRAME_STEP);
  return told
    .map((bytes) => `${`<script>parent.postMessage(${bytes},'*')</script>`.padEnd(FRAME_STEP - 1)}\n`)
    .join('');
}
