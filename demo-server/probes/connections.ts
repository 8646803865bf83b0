/**
 * The lab of connections: a page makes more requests at once than its browser sends, and a watching WebSocket reports
 * when each of them arrived here. All of them belong to one lab, named by the page, and end with its watching socket.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { now } from '../feed.ts';
import type { Limits } from '../limits.ts';
import type { ConnectionCounts, WatchMessage, WatchRequest } from '../protocol.ts';
import { takeOfAddress } from '../push.ts';
import { RefusalError, refusePlainGet } from '../refusal.ts';
import { heartbeat } from '../web/heartbeat.ts';
import { fetchSchema, socketSchema, streamSchema, tabSchema, watchSchema } from './schemas.ts';

/** Long and random, so that nobody can guess another reader's lab. */
const LAB = /^[0-9a-f]{32}$/;
/** A request's number in its lab. */
const NUMBER = /^[1-9]\d{0,3}$/;
/** Path of the lab's page, in any language. */
const BACK = /^\/(?:[a-z]{2,3}(?:-[a-z]{2,4})?\/)?lab\/connections\/$/;

interface Lab {
  asked: Set<number>;
  dropped: Set<number>;
  reached: Set<number>;
  /** Requests in progress, each with how to end it. */
  open: Map<number, () => void>;
  /** The TCP connections seen, each with its number. */
  connections: Map<object, number>;
  tell(message: WatchMessage): void;
}

type Asked = { Params: { lab: string }; Querystring: { n?: string; back?: string } };

type Labs = Map<string, Lab>;
type Find = (request: FastifyRequest<Asked>) => { lab: Lab; n: number };

/** Registers `/probe/connections/…`. */
export function connectionProbes(
  app: FastifyInstance,
  { limits, heartbeatMs }: { limits: Limits; heartbeatMs: number },
): void {
  const labs: Labs = new Map();
  const found: Find = (request) => find(labs, limits.requestsPerLab, request);
  watchRoute(app, labs, { limits, heartbeatMs });
  streamRoute(app, found, heartbeatMs);
  fetchRoutes(app, found);
  socketRoute(app, found);
}

/** The lab and the number that a request names; refuses an unknown lab and a number that has been used. */
function find(labs: Labs, most: number, { params, query }: FastifyRequest<Asked>): { lab: Lab; n: number } {
  const lab = labs.get(params.lab);
  if (!lab)
    throw new RefusalError(404, 'no-such-lab', 'No lab of this name is watched now. Connect to its WebSocket first.');
  const n = Number(query.n);
  if (!NUMBER.test(query.n ?? '') || lab.reached.has(n))
    throw new RefusalError(
      400,
      'bad-number',
      `n: got ${JSON.stringify(query.n)}, takes a number from 1 to 9999 that this lab has not had yet.`,
    );
  if (lab.open.size >= most)
    throw new RefusalError(
      429,
      'too-many-streams',
      `This lab has ${lab.open.size} requests open, and may have no more.`,
    );
  return { lab, n };
}

/** Reports that request `n` is here; returns what reports that it is over. `end` ends it from here. */
function arrive(lab: Lab, n: number, request: FastifyRequest, end: () => void): () => void {
  // With HTTP/2 each request has a stand-in for the socket; the session is the same for the whole connection.
  const { stream } = request.raw as unknown as { stream?: { session: object } };
  const connection = stream?.session ?? request.raw.socket;
  const number = lab.connections.get(connection) ?? lab.connections.size + 1;
  lab.connections.set(connection, number);
  lab.reached.add(n);
  lab.asked.add(n);
  lab.open.set(n, end);
  lab.tell({ type: 'reached', n, at: now(), connection: number, http: request.raw.httpVersion });
  lab.tell({ type: 'counts', ...countsOf(lab) });
  return () => {
    if (!lab.open.delete(n)) return;
    lab.tell({ type: 'left', n, at: now() });
    lab.tell({ type: 'counts', ...countsOf(lab) });
  };
}

/** The socket by which a page opens its lab and watches it. */
function watchRoute(
  app: FastifyInstance,
  labs: Labs,
  { limits, heartbeatMs }: { limits: Limits; heartbeatMs: number },
): void {
  const perAddress = new Map<string, number>();
  app.route({
    method: 'GET',
    url: '/probe/connections/:lab',
    schema: watchSchema,
    preHandler: async (request) => {
      const { lab } = request.params as { lab: string };
      if (!LAB.test(lab))
        throw new RefusalError(
          400,
          'bad-lab',
          `Got the lab ${JSON.stringify(lab)}, takes 32 hexadecimal digits, drawn at random.`,
        );
      if (labs.has(lab)) throw new RefusalError(409, 'lab-taken', 'This lab is watched already. Draw another name.');
      if (!request.ws) return;
      const release = takeOfAddress(perAddress, request, limits.probesPerAddress);
      request.raw.socket.once('close', release);
    },
    handler: refusePlainGet,
    wsHandler: (socket, request) => {
      const name = (request.params as { lab: string }).lab;
      heartbeat(socket, heartbeatMs);
      const lab = watchLab(socket);
      labs.set(name, lab);
      socket.once('close', () => {
        labs.delete(name);
        for (const end of lab.open.values()) end();
      });
    },
  });
}

/** A new lab, which reports to this socket and learns from it what the page has asked and dropped. */
function watchLab(socket: WebSocket): Lab {
  const lab: Lab = {
    asked: new Set(),
    dropped: new Set(),
    reached: new Set(),
    open: new Map(),
    connections: new Map(),
    tell: (message) => socket.send(JSON.stringify(message)),
  };
  socket.on('message', (bytes: Buffer) => {
    const message = parse(bytes.toString());
    if (message?.type === 'ping') return lab.tell({ type: 'pong', id: Number(message.id), at: now() });
    if (!message || !Number.isInteger(message.n) || message.n < 1 || message.n > 9999) return socket.close(1008);
    (message.type === 'asked' ? lab.asked : lab.dropped).add(message.n);
    lab.tell({ type: 'counts', ...countsOf(lab) });
  });
  return lab;
}

/** A request that stays open: an event stream. */
function streamRoute(app: FastifyInstance, find: Find, heartbeatMs: number): void {
  app.get<Asked>('/probe/connections/:lab/stream', { schema: streamSchema }, (request, reply) => {
    const { lab, n } = find(request);
    reply.hijack();
    const stream = reply.raw;
    stream.on(
      'close',
      arrive(lab, n, request, () => stream.end()),
    );
    stream.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
    stream.write(`data: ${n}\n\n`);
    const heartbeat = setInterval(() => stream.write(':\n\n'), heartbeatMs);
    stream.on('close', () => clearInterval(heartbeat));
  });
}

/** Requests that are answered at once: by JSON, or by the page itself in another tab. */
function fetchRoutes(app: FastifyInstance, find: Find): void {
  const atOnce = (request: FastifyRequest<Asked>, reply: FastifyReply): number => {
    const { lab, n } = find(request);
    reply.raw.once(
      'close',
      arrive(lab, n, request, () => {}),
    );
    reply.header('cache-control', 'no-store');
    return n;
  };
  app.get<Asked>('/probe/connections/:lab/fetch', { schema: fetchSchema }, async (request, reply) => ({
    n: atOnce(request, reply),
  }));
  app.get<Asked>('/probe/connections/:lab/tab', { schema: tabSchema }, async (request, reply) => {
    const { back = '' } = request.query;
    if (!BACK.test(back))
      throw new RefusalError(400, 'bad-page', `back: got ${JSON.stringify(back)}, takes the path of the lab's page.`);
    if (!app.sendPage) throw new RefusalError(404, 'no-site', 'This server was started without the pages.');
    // The page itself: a redirect to it would have to wait for a connection once more.
    atOnce(request, reply);
    return app.sendPage(reply, back);
  });
}

/** A request that stays open: a WebSocket. */
function socketRoute(app: FastifyInstance, find: Find): void {
  app.route({
    method: 'GET',
    url: '/probe/connections/:lab/socket',
    schema: socketSchema,
    preHandler: async (request) => void find(request as FastifyRequest<Asked>),
    handler: refusePlainGet,
    wsHandler: (socket, request) => {
      const { lab, n } = find(request as FastifyRequest<Asked>);
      socket.once(
        'close',
        arrive(lab, n, request, () => socket.close(1001)),
      );
    },
  });
}

function countsOf({ asked, dropped, reached, open, connections }: Lab): ConnectionCounts {
  const waiting = asked.difference(reached).difference(dropped).size;
  return { asked: asked.size, reached: reached.size, waiting, open: open.size, connections: connections.size };
}

function parse(text: string): WatchRequest | undefined {
  try {
    return JSON.parse(text) as WatchRequest;
  } catch {
    return undefined;
  }
}
