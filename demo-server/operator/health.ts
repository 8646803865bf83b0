/** Whether the server listens, whether it is of use, and how it answers those that ask for a head only. */
import type { FastifyInstance } from 'fastify';
import type { SharedState } from '../protocol.ts';
import { healthSchema, readySchema } from '../schemas/health.ts';
import { VERSION } from '../version.ts';

/**
 * HEAD is answered like GET, without a body (RFC 9110 9.3.2): Fastify makes such a route of each GET, and of a stream, which
 * has no end, the head is all there is.
 */
export function answerHead(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ method }, { raw }) => {
    if (method !== 'HEAD') return;
    const { writeHead } = raw;
    raw.writeHead = ((...head: Parameters<typeof writeHead>) => {
      // Whoever answers at once ends it first, and what writes on and on is ended here.
      setImmediate(() => raw.end());
      return writeHead.apply(raw, head);
    }) as typeof writeHead;
  });
}

export interface HealthOptions {
  stopping: () => boolean;
  /** Whether Redis can be used; undefined for a server that is alone. */
  redis: (() => SharedState) | undefined;
  /** Whether the class is kept there, so that nothing of it is kept while Redis is away. */
  classInRedis: boolean;
}

/** Registers `/healthz` (it listens) and `/readyz` (send it readers), for load balancers: under any name. */
export function healthRoutes(app: FastifyInstance, { stopping, redis, classInRedis }: HealthOptions): void {
  const config = { anyName: true, whileStopping: true };
  app.get('/healthz', { config, schema: healthSchema }, async () => ({ status: 'ok' }));
  app.get('/readyz', { config, schema: readySchema }, async (_request, reply) => {
    const state = redis?.();
    const reasons = [
      ...(stopping() ? ['The server is stopping.'] : []),
      ...(classInRedis && state === 'down' ? ['Redis is away, and the class is kept there.'] : []),
    ];
    reply.code(reasons.length === 0 ? 200 : 503).header('cache-control', 'no-store');
    return {
      status: reasons.length === 0 ? 'ready' : 'not-ready',
      reasons,
      version: VERSION,
      ...(state === undefined ? {} : { redis: state }),
    };
  });
}
