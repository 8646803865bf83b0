/** What the server takes of a request's form, whatever its route: which expectations, and which bodies. */
import type { FastifyInstance } from 'fastify';
import { notJson, RefusalError } from '../refusal.ts';

/**
 * Refuses an `Expect` that is none of HTTP's with 417 in words (RFC 9110 10.1.1). Node answers it with a bare 417 unless
 * somebody asks for it: then it goes the way of every request, is counted, logged and refused.
 */
export function refuseExpectations(app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, reply) => app.routing(request, reply));
  app.addHook('onRequest', async ({ headers: { expect } }) => {
    if (expect === undefined || expect.toLowerCase() === '100-continue') return;
    throw new RefusalError(
      417,
      'unknown-expectation',
      `Expect: got ${JSON.stringify(expect.slice(0, 80))}, takes 100-continue alone. Send the request without this header.`,
    );
  });
}

/** Has bodies read as JSON, and none of another type. */
export function takeJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const readJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    const type = request.headers['content-type'];
    // Many clients name a type even where they send nothing.
    if (body === '') done(null, undefined);
    else if (type?.startsWith('application/json')) readJson(request, body as string, done);
    else done(notJson(type));
  });
}
