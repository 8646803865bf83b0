/**
 * Hidden-iframe streaming ("forever frame", about 2000; Comet, 2006): a page that never finishes loading, in which
 * every event is a `<script>` that calls its parent.
 * @see https://www.rfc-editor.org/rfc/rfc6202#section-3
 *
 * The charset matters: without one Firefox holds back the whole stream while it guesses. Each script removes itself, or
 * the page would grow by one element per event. A frame in a page with COEP must send COEP as well.
 */
import type { onRequestAsyncHookHandler } from 'fastify';
import { encodeOnce } from '../feed.ts';
import { iframeHead, iframeScript, resetJson } from '../protocol.ts';
import type { Room } from '../push.ts';
import { RefusalError } from '../refusal.ts';
import { pushSchema } from '../schemas/push.ts';

const COEP = { 'cross-origin-embedder-policy': 'require-corp' };

export const iframeStream: Room = async (app, { heartbeatMs }) => {
  const encode = encodeOnce((event) => Buffer.from(iframeScript(event.json)));

  // A refusal needs it too, or the browser hides it from the parent.
  const onRequest: onRequestAsyncHookHandler = async (_request, reply) => void reply.headers(COEP);

  app.get('/push/iframe-stream', { schema: pushSchema('iframe-stream'), onRequest }, (request, reply) => {
    const { state } = request.run;
    const { feed } = request;
    const { callback = 'push', origin } = request.query as { callback?: string; origin?: string };
    if (origin !== undefined && !app.allowedOrigins.has(origin)) refuseParent(origin);
    const over = state === 'finished' && (request.after ?? feed.lastSeq) === feed.lastSeq;
    reply.hijack();
    const stream = reply.raw;
    stream.writeHead(over ? 410 : 200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      ...COEP,
    });
    stream.write(iframeHead(callback, origin));
    if (over) {
      stream.end(iframeScript('{"end":true}'));
      return;
    }

    const heartbeat = setInterval(() => stream.write(iframeScript('')), heartbeatMs);
    const stop = feed.subscribe(request.after, {
      event: (event) => stream.write(encode(event)),
      reset: (next) => stream.write(iframeScript(resetJson(next))),
      end: () => stream.end(),
    });
    stream.on('close', () => {
      clearInterval(heartbeat);
      stop();
    });
  });
};

/** Refuses to send events to a page of an origin that this server does not allow. */
function refuseParent(origin: string): never {
  throw new RefusalError(
    403,
    'foreign-origin',
    `This frame would send its events to a page of ${JSON.stringify(origin)}, which this server was not told to allow.`,
  );
}
