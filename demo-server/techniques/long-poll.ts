/**
 * Long polling (about 2000): the server holds the request until there is an event or a time limit has passed.
 * @see https://www.rfc-editor.org/rfc/rfc6202#section-2
 *
 * The cursor makes it lossless: between a response and the next request no one is listening. The time limit must be
 * shorter than that of every proxy on the way (nginx: 60 s without a byte).
 */
import type { ServerResponse } from 'node:http';
import type { Feed } from '../feed.ts';
import { eventListJson } from '../protocol.ts';
import type { Room } from '../push.ts';
import { pushSchema } from '../schemas/push.ts';

export const longPoll: Room = async (app) => {
  app.get('/push/long-poll', { schema: pushSchema('long-poll') }, async (request, reply) => {
    const { state, settings } = request.run;
    const { feed } = request;
    const after = request.after ?? feed.lastSeq;
    let { events, next, reset } = feed.since(after);
    if (!feed.ended && events.length === 0 && !reset && request.method !== 'HEAD') {
      await news(feed, settings.longPollTimeoutMs, reply.raw);
      ({ events, next, reset } = feed.since(after));
    }

    const body = eventListJson(
      events.map((event) => event.json),
      next,
      reset,
    );
    return reply
      .code(state === 'finished' ? 410 : 200)
      .header('cache-control', 'no-store')
      .type('application/json; charset=utf-8')
      .send(body);
  });
};

/** Resolves at the next event, at the end of the feed, after `timeoutMs`, or when the client disconnects. */
function news(feed: Feed, timeoutMs: number, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop();
      response.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
    const stop = feed.subscribe(undefined, { event: done, reset: done, end: done });
    response.once('close', done);
  });
}
