/** What the three small labs ask of the server. None of it is a lane, and no ledger of a run counts it. */
import type { FastifyInstance } from 'fastify';
import type { Limits } from '../limits.ts';
import { browserProbes } from './browser.ts';
import { connectionProbes } from './connections.ts';
import { http2Probes } from './http2.ts';
import { proxyProbes } from './proxy.ts';

export interface ProbeOptions {
  limits: Limits;
  heartbeatMs: number;
  /** Where the servers of HTTP/2 listen; undefined = loopback. */
  http2Host?: string | undefined;
  /** Full path of nginx; null = do without one; undefined = look for one. */
  nginx?: string | null | undefined;
}

export function probeRoutes(app: FastifyInstance, { limits, heartbeatMs, http2Host, nginx }: ProbeOptions): void {
  connectionProbes(app, { limits, heartbeatMs });
  http2Probes(app, { host: http2Host });
  proxyProbes(app, { limits, nginx });
  browserProbes(app, { limits });
}
