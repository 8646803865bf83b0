/**
 * The way up of the HTTP techniques: a message is a request of its own, `POST /push/<id>`, answered at once. (The
 * WebSocket's messages are frames on the connection that it has.) Counted in the lane like everything under /push/.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { now } from '../feed.ts';
import { checkUplink, TECHNIQUES, type UplinkMessage, uplinkResponseJson } from '../protocol.ts';
import { RefusalError, refusedUplink } from '../refusal.ts';
import { uplinkSchema } from '../schemas/push.ts';

/** The routes; to be registered behind the guard of push.ts, which says whose message it is. */
export function uplinkRoutes(push: FastifyInstance): void {
  for (const id of TECHNIQUES) {
    if (id === 'websocket') continue;
    // Only documentation: Ajv would stop at the first fault, and not say what is taken instead.
    push.post(
      `/push/${id}`,
      { schema: uplinkSchema(id), validatorCompiler: () => () => true },
      async (request, reply) => {
        const at = now();
        const wrong = checkUplink(request.body);
        if (wrong) throw refusedUplink(wrong);
        if (request.run.state === 'finished')
          throw new RefusalError(410, 'run-finished', `Run ${request.run.id} has ended and takes no more messages.`);
        const body = uplinkResponseJson((request.body as UplinkMessage).n, at);
        if (id === 'http10') return answerAsHttp10(request, reply, body);
        return reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(body);
      },
    );
  }
}

/** As genuine as the answers of the room itself: the connection is gone after each message, too. */
function answerAsHttp10({ raw }: FastifyRequest, reply: FastifyReply, body: string): void {
  reply.hijack();
  const head = [
    'HTTP/1.0 200 OK',
    `Date: ${new Date().toUTCString()}`,
    'Content-Type: application/json; charset=utf-8',
    'Cache-Control: no-store',
    `Content-Length: ${body.length}`,
    // What a page of another origin needs to read it (cors.ts); else nothing.
    ...Object.entries(reply.raw.getHeaders()).map(([name, value]) => `${name}: ${value}`),
  ];
  raw.socket.end([...head, '', body].join('\r\n'));
}
