/** How a server stops: what it still answers, and in which order it ends what is open. */
import type { FastifyInstance } from 'fastify';
import { RefusalError } from '../refusal.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered while the server stops, too. */
    whileStopping?: boolean;
  }
}

/**
 * Has `end` end what is open when the app closes, and every request that still comes refused with 503 in words, but for the
 * routes that say otherwise. Returns whether it is stopping.
 */
export function drains(app: FastifyInstance, end: () => Promise<void>): () => boolean {
  let stopping = false;
  app.addHook('onRequest', async (request, reply) => {
    if (!stopping || request.routeOptions.config.whileStopping) return;
    reply.header('retry-after', '2');
    throw new RefusalError(
      503,
      'stopping',
      'The server is stopping and takes no new requests. Ask again in some seconds: another may be in its place by then.',
    );
  });
  app.addHook('preClose', async () => {
    stopping = true;
    await end();
  });
  return () => stopping;
}
