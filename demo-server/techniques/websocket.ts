/**
 * WebSocket (RFC 6455, December 2011): one handshake, then small frames in both directions on the same connection.
 * @see https://www.rfc-editor.org/rfc/rfc6455
 *
 * The heartbeat is a Ping frame, which browsers answer by themselves and never show to a script. A connection that did
 * not answer the last one is half-open, and is cut. Messages from the client arrive and are acknowledged on the same
 * connection.
 */
import { encodeOnce, now } from '../feed.ts';
import { checkUplink, resetJson, type UplinkMessage, uplinkAckJson } from '../protocol.ts';
import type { Room } from '../push.ts';
import { RefusalError, refusedUplink, refusePlainGet } from '../refusal.ts';
import { pushSchema } from '../schemas/push.ts';

export const websocket: Room = async (app, { heartbeatMs }) => {
  const encode = encodeOnce((event) => Buffer.from(event.json));

  app.route({
    method: 'GET',
    url: '/push/websocket',
    schema: pushSchema('websocket'),
    preHandler: async ({ run, after }) => {
      const over = run.state === 'finished' && (after ?? run.feed.lastSeq) === run.feed.lastSeq;
      if (over) throw new RefusalError(410, 'run-finished', `Run ${run.id} has ended and you have all of its events.`);
    },
    handler: refusePlainGet,
    wsHandler: (socket, request) => {
      const { feed } = request;
      let answered = true;
      socket.on('pong', () => {
        answered = true;
      });

      socket.on('message', (bytes) => {
        const at = now();
        const message = parse(String(bytes));
        const wrong = checkUplink(message);
        if (wrong) socket.send(JSON.stringify(refusedUplink(wrong).body()));
        else socket.send(uplinkAckJson((message as UplinkMessage).n, at));
      });

      const heartbeat = setInterval(() => {
        if (!answered) return socket.terminate();
        answered = false;
        socket.ping();
      }, heartbeatMs);
      const stop = feed.subscribe(request.after, {
        event: (event) => socket.send(encode(event), { binary: false }),
        reset: (next) => socket.send(resetJson(next)),
        // 1012: the server restarts, so the client should reconnect.
        end: (why) => socket.close(why === 'finished' ? 1000 : 1012, why),
      });
      socket.on('close', () => {
        clearInterval(heartbeat);
        stop();
      });
    },
  });
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 80);
  }
}
