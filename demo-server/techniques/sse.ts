/**
 * Server-Sent Events (2006 in Opera, HTML5): the endless response in a format that the browser itself understands. It
 * reconnects by itself and says in Last-Event-ID where it stopped. Keeping the events since then is up to the server.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * 204 is the proper way to end it: when a stream merely ends, the browser reconnects.
 */
import { encodeOnce } from '../feed.ts';
import { resetJson, sseEvent } from '../protocol.ts';
import type { Room } from '../push.ts';
import { pushSchema } from '../schemas/push.ts';

/** Without it browsers wait 3 s (Chromium) or 5 s (Firefox) before they reconnect. */
const RETRY_MS = 500;

export const sse: Room = async (app, { heartbeatMs }) => {
  const encode = encodeOnce((event) => Buffer.from(sseEvent(event.seq, event.json)));

  app.get('/push/sse', { schema: pushSchema('sse') }, (request, reply) => {
    const { state } = request.run;
    const { feed } = request;
    const over = state === 'finished' && (request.after ?? feed.lastSeq) === feed.lastSeq;
    if (over) {
      reply.code(204).header('cache-control', 'no-store').send();
      return;
    }
    reply.hijack();
    const stream = reply.raw;
    stream.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    stream.write(`retry: ${RETRY_MS}\n\n`);

    const heartbeat = setInterval(() => stream.write(':\n\n'), heartbeatMs);
    const stop = feed.subscribe(request.after, {
      event: (event) => stream.write(encode(event)),
      reset: (next) => stream.write(`event: reset\n${sseEvent(next, resetJson(next))}`),
      end: () => stream.end(),
    });
    stream.on('close', () => {
      clearInterval(heartbeat);
      stop();
    });
  });
};
