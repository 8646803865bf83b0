/**
 * Short polling: the client asks on a timer, and only for events after its cursor. Most responses are empty.
 * @see https://www.rfc-editor.org/rfc/rfc6202#section-2
 */
import { eventListJson } from '../protocol.ts';
import type { Room } from '../push.ts';
import { pushSchema } from '../schemas/push.ts';

export const polling: Room = async (app) => {
  app.get('/push/polling', { schema: pushSchema('polling') }, async (request, reply) => {
    const { state } = request.run;
    const { feed } = request;
    const { events, next, reset } = feed.since(request.after);
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
