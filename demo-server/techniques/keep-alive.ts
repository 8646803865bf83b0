/**
 * HTTP/1.1 keep-alive (1997): the same reload of the whole state, but the connection stays open for the next request.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.3
 *
 * Persistent connections are the default of 1.1, so nothing here asks for one. The server's `keepAliveTimeout` decides how long
 * an idle connection is kept.
 */
import { eventListJson, STATE_EVENTS } from '../protocol.ts';
import type { Room } from '../push.ts';
import { pushSchema } from '../schemas/push.ts';

export const keepAlive: Room = async (app) => {
  app.get('/push/keep-alive', { schema: pushSchema('keep-alive') }, async (request, reply) => {
    const { state } = request.run;
    const { feed } = request;
    const body = eventListJson(
      feed.latest(STATE_EVENTS).map((event) => event.json),
      feed.lastSeq,
      false,
    );
    return reply
      .code(state === 'finished' ? 410 : 200)
      .header('cache-control', 'no-store')
      .type('application/json; charset=utf-8')
      .send(body);
  });
};
