/**
 * XHR streaming (about 2004): a response that never ends, read by a script while it grows. One JSON text per line.
 * @see https://www.rfc-editor.org/rfc/rfc6202#section-3
 *
 * `nosniff`: without it Chromium holds back the first 1 024 bytes of text to guess their type.
 */
import { encodeOnce } from '../feed.ts';
import { resetJson } from '../protocol.ts';
import type { Room } from '../push.ts';
import { pushSchema } from '../schemas/push.ts';

export const xhrStream: Room = async (app, { heartbeatMs }) => {
  const encode = encodeOnce((event) => Buffer.from(`${event.json}\n`));

  app.get('/push/xhr-stream', { schema: pushSchema('xhr-stream') }, (request, reply) => {
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
    // An empty line at once: browsers report the response to a script only after its first byte.
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
