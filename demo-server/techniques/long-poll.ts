/**
 * Long polling (about 2000): the server holds the request until there is news or the time limit has passed.
 * @see https://www.rfc-editor.org/rfc/rfc6202#section-2
 *
 * The cursor is what makes it lossless: between an answer and the next question nobody listens. The time limit has
 * to be shorter than the patience of every proxy on the way (nginx: 60 s without a byte).
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

/** Resolves at the next event, at the feed's end, after `timeoutMs`, or when the client has gone. */
function news(feed: Feed, timeoutMs: number, answer: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop();
      answer.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
    const stop = feed.subscribe(undefined, { event: done, reset: done, end: done });
    answer.once('close', done);
  });
}
