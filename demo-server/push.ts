/**
 * What every request under /push/ passes before its room: which run it is for, the cursor, and the limits.
 * The rooms find the answer in `request.run`, `request.feed` and `request.after`.
 */
import { once } from 'node:events';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Feed } from './feed.ts';
import type { Limits } from './limits.ts';
import { SUBSCRIBER, type TechniqueId } from './protocol.ts';
import { RefusalError } from './refusal.ts';
import type { WrongAnswer } from './runs/conditions.ts';
import type { Run } from './runs/run.ts';
import type { Runs } from './runs/runs.ts';
import { networkOf } from './web/names.ts';
import { beginResponse } from './wire/tap.ts';

/** The server's end of one technique. Takes how often its streams send a sign of life (ms); rooms without streams ignore it. */
export type Room = FastifyPluginAsync<{ heartbeatMs: number }>;

declare module 'fastify' {
  interface FastifyRequest {
    /** The run that this request is for; the open one where none was named. */
    run: Run;
    /** The run's feed, as this reader is to find it. */
    feed: Feed;
    /** The last seq the client has; undefined = it named none. */
    after: number | undefined;
  }
}

/** Seq numbers a client may send: as many digits as a double holds exactly. */
const CURSOR = /^\d{1,15}$/;

/** Reads a cursor from outside: undefined for none, refuses with 400 what is not a seq. `where` names it in the refusal. */
function readCursor(value: string | undefined, where: string): number | undefined {
  if (value === undefined) return undefined;
  if (CURSOR.test(value)) return Number(value);
  throw new RefusalError(
    400,
    'bad-cursor',
    `${where}: got ${JSON.stringify(value)}, takes the seq of the last event you have (0 for none yet).`,
  );
}

export function guardPush(app: FastifyInstance, runs: Runs, limits: Limits): void {
  const perRun = new Map<string, number>();
  const perAddress = new Map<string, number>();
  app.decorateRequest('run', null as unknown as Run);
  app.decorateRequest('feed', null as unknown as Feed);
  app.decorateRequest('after', undefined);
  app.addHook('preValidation', async (request: FastifyRequest, reply) => {
    // A request behind an unfinished answer (pipelining) waits for its turn: what is written before has no connection
    // that could bound it, and no close to end it. If the turn never comes, nothing is left of the request.
    if (!reply.raw.socket) await once(reply.raw, 'socket');
    const query = request.query as { run?: string; after?: string; client?: string };
    const technique = request.routeOptions.url?.split('/')[2] ?? '';
    request.run = runs.get(query.run);
    // A browser's EventSource repeats the URL it was made with; where it really stopped stands in this header.
    request.after =
      readCursor(request.headers['last-event-id'] as string | undefined, 'Last-Event-ID') ??
      readCursor(query.after, 'after');
    if (!(request.run.settings.techniques as string[]).includes(technique)) {
      throw new RefusalError(
        404,
        'no-such-lane',
        `Run ${request.run.id} has no lane ${technique}; it has ${request.run.settings.techniques.join(', ')}.`,
      );
    }
    const socket = request.raw.socket;
    const done = request.ws ? socket : reply.raw;
    const lane = request.run.conditions?.lanes.get(technique as TechniqueId);
    request.feed = lane?.feedFor(request.after) ?? request.run.feed;
    if (lane) done.on('close', beginResponse(socket, request.ws));
    // Those that are simulated come from one address and by the hundred: they must not take the room of those that are not.
    // Each may have two requests in progress: its question and a message that it sends.
    if (query.client?.startsWith(SUBSCRIBER)) {
      done.on('close', take(perRun, SUBSCRIBER, 2 * limits.subscriberStreams, 'The simulation'));
      return;
    }
    done.on('close', runs.enter(request.run.id));
    done.on('close', take(perRun, request.run.id, limits.streamsPerRun, `Run ${request.run.id}`));
    done.on('close', takeOfAddress(perAddress, request, limits.streamsPerAddress));
    // The reader's own next request, not one of the simulation.
    const wrong = request.method === 'GET' ? lane?.takeWrongAnswer() : undefined;
    if (wrong) return giveWrongAnswer(reply, wrong, technique);
  });
}

/** Answers what a server that failed, or another one, would; on `http10` the connection closes as always. */
function giveWrongAnswer(reply: FastifyReply, { status, body }: WrongAnswer, technique: string): FastifyReply {
  reply.code(status).header('cache-control', 'no-store');
  if (technique === 'http10') reply.header('connection', 'close');
  if (body !== undefined) reply.type('text/plain; charset=utf-8');
  return reply.send(body);
}

/** Counts one more for `key`, or refuses with 429; returns how to give it back. */
export function take(counts: Map<string, number>, key: string, most: number, whose: string): () => void {
  const count = counts.get(key) ?? 0;
  if (count >= most) {
    throw new RefusalError(
      429,
      'too-many-streams',
      `${whose} has ${count} requests in progress here and may have ${most}. Close some, then try again.`,
    );
  }
  counts.set(key, count + 1);
  return () => {
    const left = (counts.get(key) ?? 1) - 1;
    if (left > 0) counts.set(key, left);
    else counts.delete(key);
  };
}

/** The same for the network of the request's sender. */
export function takeOfAddress(counts: Map<string, number>, { ip }: FastifyRequest, most: number): () => void {
  const address = networkOf(ip);
  return take(counts, address, most, `Address ${address}`);
}
