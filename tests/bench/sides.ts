/**
 * The servers that are compared. The whole app, with and without the tap; for the fan-out its two rooms behind the
 * same guard and the same tap, on a feed that publishes when it is told to; and the barest loops that do the same.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastifyWebsocket from '@fastify/websocket';
import Fastify, { type FastifyInstance } from 'fastify';
import { WebSocketServer } from 'ws';
import { buildApp } from '../../demo-server/app.ts';
import { type Feed, type FeedEvent, type FeedReader, now, payloads } from '../../demo-server/feed.ts';
import { DEFAULT_LIMITS } from '../../demo-server/limits.ts';
import { eventJson, OPEN_RUN, type RunInfo, sseEvent } from '../../demo-server/protocol.ts';
import { guardPush } from '../../demo-server/push.ts';
import type { Run } from '../../demo-server/runs/run.ts';
import type { Runs } from '../../demo-server/runs/runs.ts';
import { sse } from '../../demo-server/techniques/sse.ts';
import { websocket } from '../../demo-server/techniques/websocket.ts';
import { createLedger } from '../../demo-server/wire/ledger.ts';
import { tapServer } from '../../demo-server/wire/tap.ts';

/** What a side that fans out has for its readers. */
export interface Side {
  port: number;
  /** Path of a run that stands still, behind the technique's own. */
  query: string;
  publish(): void;
}

/** app.ts sets the same; it is in the head of every answer, and both sides are to send the same bytes. */
const KEEP_ALIVE_MS = 75_000;
const HOST = '127.0.0.1';
/** Never, as a bench goes: the load answers no pings, and both sides are to send the same bytes. */
const HEARTBEAT_MS = 60 * 60_000;

/** The whole app, with a run that was made and not started: open to readers, and still. */
async function app(tap: boolean): Promise<Side> {
  const server = await buildApp({ tap, heartbeatMs: HEARTBEAT_MS });
  const port = await listen(server);
  const made = await server.inject({ method: 'POST', url: '/runs', payload: {} });
  return { port, query: `?run=${made.json<RunInfo>().id}`, publish: notHere };
}

/**
 * The path of an event from the feed's reader list through the room and http or ws to the tap and the kernel, all of
 * it the server's own code. Only the timer in front of it is replaced: a feed publishes at most one event a
 * millisecond and then waits, and a bench that waits measures the waiting.
 */
async function rooms(): Promise<Side> {
  const ledger = createLedger({ clock: now });
  ledger.open(OPEN_RUN, ['sse', 'websocket']);
  const server = Fastify({
    serverFactory: (handler) => {
      const http = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, handler);
      tapServer(http, { ledger, queuedBytes: DEFAULT_LIMITS.queuedBytesPerConnection });
      return http;
    },
  });
  const { feed, publish } = hastyFeed();
  const run = { id: OPEN_RUN, settings: { techniques: ['sse', 'websocket'] }, state: 'running', feed } as Partial<Run>;
  await server.register(fastifyWebsocket, { options: { perMessageDeflate: false } });
  await server.register(async (push) => {
    guardPush(push, { get: () => run, enter: () => () => {} } as unknown as Runs, DEFAULT_LIMITS);
    await push.register(sse, { heartbeatMs: HEARTBEAT_MS });
    await push.register(websocket, { heartbeatMs: HEARTBEAT_MS });
  });
  return { port: await listen(server), query: '', publish };
}

/** The loops of somebody who wants nothing but the bytes out: what each technique costs at the least in this Node. */
async function bare(): Promise<Side> {
  const answers = new Set<ServerResponse>();
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (_request, response) => {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write('retry: 500\n\n');
    answers.add(response);
    response.once('close', () => answers.delete(response));
  });
  const { clients } = new WebSocketServer({ server, perMessageDeflate: false });
  const next = events();
  const publish = (): void => {
    const { seq, json } = next();
    const sseBytes = Buffer.from(sseEvent(seq, json));
    for (const answer of answers) answer.write(sseBytes);
    const wsBytes = Buffer.from(json);
    for (const client of clients) client.send(wsBytes, { binary: false });
  };
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return { port: (server.address() as AddressInfo).port, query: '', publish };
}

export const sides = { app: () => app(true), untapped: () => app(false), rooms, bare };
export type SideName = keyof typeof sides;

async function listen(server: FastifyInstance): Promise<number> {
  await server.listen({ port: 0, host: HOST });
  return ((server.server as Server).address() as AddressInfo).port;
}

/** Events as the feed makes them, their seqs with the same number of digits on both sides of a pair. */
function events(): () => FeedEvent {
  const data = payloads(64, 1);
  let seq = 100_000;
  return () => {
    seq += 1;
    const event = { seq, sentAt: now(), data: data.next().value };
    return { ...event, json: eventJson(event) };
  };
}

/** A feed without timer and ring: every reader is told of an event when publish() is called. */
function hastyFeed(): { feed: Feed; publish: () => void } {
  const readers = new Set<FeedReader>();
  const next = events();
  const feed: Feed = {
    lastSeq: 0,
    ended: false,
    since: () => ({ events: [], reset: false, next: 0 }),
    latest: () => [],
    without: notHere,
    subscribe(_after, reader) {
      readers.add(reader);
      return () => readers.delete(reader);
    },
    start: notHere,
    pause: notHere,
    take: notHere,
    end: notHere,
  };
  const publish = (): void => {
    const event = next();
    for (const reader of [...readers]) reader.event(event);
  };
  return { feed, publish };
}

function notHere(): never {
  throw new Error('this side of the bench does not do that');
}
