/** The HTTP server under the app: what its connections may ask of it before a route is looked for, and who counts their bytes. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Limits } from '../limits.ts';
import { nameBehind } from '../network/https.ts';
import { responseUnderWay } from '../refusal.ts';
import type { Ledger } from '../wire/ledger.ts';
import { tapServer } from '../wire/tap.ts';
import { isHandshake } from './handshake.ts';

/** An idle connection is kept longer than the longest poll interval, or the keep-alive lane would lose it between polls. */
const KEEP_ALIVE_MS = 75_000;

export interface ListenerOptions {
  ledger: Ledger;
  limits: Limits;
  /** Who is behind a connection from this port of loopback, where TLS is ended in front of this server; else undefined. */
  addressOf: ((port: number | undefined) => string | undefined) | undefined;
  /** False leaves every byte uncounted and every queue unbounded. */
  tap: boolean | undefined;
}

/** Makes the server for `handler`; it does not listen yet. `end` ends every connection at once. */
export function createListener(
  handler: RequestListener,
  { ledger, limits, addressOf, tap }: ListenerOptions,
): { server: Server; end: () => void } {
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Refused by web/origin.ts, in words: Node's own 400 has none.
      requireHostHeader: false,
      // Other offers, such as the h2c of curl --http2, and any in HTTP/1.0 are passed over, as RFC 9110 7.8 says.
      // (Node < 22.21 does not ask: it refuses the others, and the plugin upgrades in HTTP/1.0.)
      // So is one behind a response that is not over: Node would give the connection away at once, and what the WebSocket
      // says would stand in the middle of that response.
      shouldUpgradeCallback: (request) =>
        request.httpVersion !== '1.0' && isHandshake(request) && !responseUnderWay(request.socket),
    },
    handler,
  );
  if (addressOf) server.on('connection', (socket) => nameBehind(socket, addressOf));
  if (tap === false) return { server, end: () => server.closeAllConnections() };
  return { server, end: tapServer(server, { ledger, queuedBytes: limits.queuedBytesPerConnection }) };
}
