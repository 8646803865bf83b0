/**
 * HTTP/1.0 (1996): a request, the whole state as its response, and the connection closes.
 * @see https://www.rfc-editor.org/rfc/rfc1945#section-1.3
 *
 * Written to the socket by hand: Node's http always responds with HTTP/1.1 (a server states the highest version it supports,
 * RFC 9110 6.2), and only a real 1.0 response makes browsers and curl treat the connection as in 1.0.
 */
import { eventListJson, STATE_EVENTS } from '../protocol.ts';
import type { Room } from '../push.ts';
import { pushSchema } from '../schemas/push.ts';

export const http10: Room = async (app) => {
  app.get('/push/http10', { schema: pushSchema('http10') }, (request, reply) => {
    const { state } = request.run;
    const { feed } = request;
    const body = eventListJson(
      feed.latest(STATE_EVENTS).map((event) => event.json),
      feed.lastSeq,
      false,
    );
    reply.hijack();
    request.raw.socket.end(
      [
        `HTTP/1.0 ${state === 'finished' ? '410 Gone' : '200 OK'}`,
        `Date: ${new Date().toUTCString()}`,
        'Content-Type: application/json; charset=utf-8',
        'Cache-Control: no-store',
        `Content-Length: ${Buffer.byteLength(body)}`,
        // What a page of another origin needs to read the response (cors.ts), if anything.
        ...Object.entries(reply.raw.getHeaders()).map(([name, value]) => `${name}: ${value}`),
        '',
        request.method === 'HEAD' ? '' : body,
      ].join('\r\n'),
    );
  });
};
