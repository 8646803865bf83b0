/**
 * Answers with the very bytes that stand in the question, as an event stream: for the SSE workbench, which holds its parser
 * against the reader's own EventSource. An EventSource can only GET, so the bytes come in the address. In no lane.
 */
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { MOST_TYPED_BYTES } from '../protocol.ts';
import { RefusalError } from '../refusal.ts';
import { refused } from '../schemas/refused.ts';

/** Between the two pieces, so that they do not leave in one packet. */
const PAUSE_MS = 20;

export function typedStreamRoute(app: FastifyInstance): void {
  app.get(
    '/typed-stream',
    {
      schema: {
        tags: ['echo'],
        summary: 'The bytes of the question as an event stream',
        description: `At most ${MOST_TYPED_BYTES} bytes, then the end. It is always text/event-stream, and a browser may make nothing else of it.`,
        querystring: {
          type: 'object',
          properties: {
            bytes: { type: 'string', description: 'The bytes in base64url.' },
            cut: { type: 'string', description: 'After so many bytes a new piece begins.' },
          },
        },
        response: {
          200: { description: 'These bytes.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
          400: refused('No bytes, too many, or a cut that is not within them.'),
        },
      },
    },
    async (request, reply) => {
      const { bytes: text = '', cut: cutText } = request.query as { bytes?: string; cut?: string };
      const bytes = Buffer.from(text, 'base64url');
      if (!/^[\w-]+$/.test(text) || bytes.length === 0 || bytes.length > MOST_TYPED_BYTES) {
        const got = /^[\w-]*$/.test(text) ? `${bytes.length} bytes` : 'something else';
        throw new RefusalError(
          400,
          'bad-bytes',
          `bytes: got ${got}, takes 1 to ${MOST_TYPED_BYTES} bytes in base64url.`,
        );
      }
      const cut = Number(cutText ?? bytes.length);
      if (!Number.isInteger(cut) || cut < 0 || cut > bytes.length) {
        const got = JSON.stringify(cutText);
        throw new RefusalError(400, 'bad-cut', `cut: got ${got}, takes a whole number from 0 to ${bytes.length}.`);
      }
      async function* pieces(): AsyncGenerator<Buffer> {
        if (cut > 0) yield bytes.subarray(0, cut);
        if (cut > 0 && cut < bytes.length) await pause(PAUSE_MS);
        if (cut < bytes.length) yield bytes.subarray(cut);
      }
      return reply
        .headers({
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
          // Bytes of anybody's choice from our own origin: never a page, never a script.
          'x-content-type-options': 'nosniff',
          'content-security-policy': "default-src 'none'; sandbox",
        })
        .type('text/event-stream')
        .send(Readable.from(pieces(), { objectMode: false }));
    },
  );
}
