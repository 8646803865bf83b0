/**
 * Fetch streaming (about 2015): the endless response of XHR streaming, for a browser that can read it piece by piece.
 * @see https://fetch.spec.whatwg.org/#dom-body-body
 *
 * Firefox hands the response to a script only after the first byte of its body, so an empty line is sent at once.
 */
import { encodeOnce } from '../feed.ts';
import { resetJson } from '../protocol.ts';
import type { Room } from '../push.ts';
import { pushSchema } from '../schemas/push.ts';

export const fetchStream: Room = async (app, { heartbeatMs }) => {
  const encode = encodeOnce((event) => Buffer.from(`${event.json}\n`));

  app.get('/push/fetch-stream', { schema: pushSchema('fetch-stream') }, (request, reply) => {
    const { state } = request.run;
    const { feed } = request;
    const over = state === 'finished' && (request.after ?? feed.lastSeq) === feed.lastSeq;
    reply.hijack();
    const stream = reply.raw;
    stream.writeHead(over ? 410 : 200, {
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    stream.write('\n');
    if (over) {
      stream.end();
      return;
    }

    const heartbeat = setInterval(() => stream.write('\n'), heartbeatMs);
    const stop = feed.subscribe(request.after, {
      event: (event) => stream.write(encode(event)),
      reset: (next) => stream.write(`${resetJson(next)}\n`),
      end: () => stream.end(),
    });
    stream.on('close', () => {
      clearInterval(heartbeat);
      stop();
    });
  });
};
