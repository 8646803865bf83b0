/**
 * An echo over WebSocket, for the playground: text and binary come back unchanged, the text `over` ends it. In no lane.
 * @see https://www.rfc-editor.org/rfc/rfc6455
 *
 * Compression (permessage-deflate, RFC 7692) is agreed on here alone, and only where the address asks for it: the lane of
 * the WebSocket technique has to stay uncompressed to be comparable.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import type { Limits } from '../limits.ts';
import { takeOfAddress } from '../push.ts';
import { RefusalError, refusePlainGet } from '../refusal.ts';
import { echoRecordSchema, echoSchema, recordedEchoSchema } from '../schemas/echo.ts';
import { ECHO_RECORD, type Ledger } from '../wire/ledger.ts';
import { CHAT_PROTOCOL, IS_CHAT } from './chat.ts';

/** The subprotocols that the echo knows. They change nothing: an echo has no meaning of its own. */
const ECHO_PROTOCOLS: readonly string[] = ['chat', 'superchat'];

const IS_ECHO = /^\/echo(?:[/?]|$)/;

/** The text that ends an echo with code 1000. */
const OVER = 'over';

/**
 * Which of the offered subprotocols is agreed on: in an echo the first that it knows, in a chat its own, else none (false).
 * ws asks this for every handshake, and without it would take the first offer, known or not.
 */
export function chooseProtocol(offered: Iterable<string>, { url = '' }: Pick<IncomingMessage, 'url'>): string | false {
  const known = IS_ECHO.test(url) ? ECHO_PROTOCOLS : IS_CHAT.test(url) ? [CHAT_PROTOCOL] : [];
  for (const name of offered) if (known.includes(name)) return name;
  return false;
}

/** What `deflate=` takes; without it nothing is compressed. */
const DEFLATE = ['off', 'on', 'no-takeover'] as const;
/** Each holds some 300 kB for its two windows and their search tables. */
const COMPRESSED_PER_ADDRESS = 40;

/** How ws compresses where that was agreed on: every message, also the shortest, as one wants to see it. */
export const DEFLATE_OPTIONS = { threshold: 0 };

// #region offer
/**
 * ws has one setting for all its routes, and agrees to what is offered. So what a route does not want is taken out of the
 * offer before ws sees it, and the limits that it wants are added.
 */
export function limitOffer({ headers, url, query }: Pick<FastifyRequest, 'headers' | 'url' | 'query'>): void {
  const name = 'sec-websocket-extensions';
  const { deflate = 'off' } = query as { deflate?: string };
  const offer = headers[name] as string | undefined;
  if (!IS_ECHO.test(url) || deflate === 'off') delete headers[name];
  else if (deflate === 'no-takeover' && offer)
    headers[name] = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
}
// #endregion

/** Registers `/echo`, `/echo/<record>`, whose bytes are kept, and `/echoes/<record>`, which gives them. */
export function echoRoutes(
  app: FastifyInstance,
  ledger: Ledger,
  { heartbeatMs, limits }: { heartbeatMs: number; limits: Limits },
): void {
  const perAddress = new Map<string, number>();
  const compressed = new Map<string, number>();
  const checkRecord = (request: FastifyRequest): string => {
    const { record = '' } = request.params as { record?: string };
    if (record === '' || ECHO_RECORD.test(record)) return record;
    const got = JSON.stringify(record);
    throw new RefusalError(400, 'bad-record', `Got the record ${got}, takes 32 hexadecimal digits, drawn at random.`);
  };

  const echo: Omit<RouteOptions, 'url'> = {
    method: 'GET',
    schema: echoSchema,
    preHandler: async (request) => {
      checkRecord(request);
      const { deflate = 'off' } = request.query as { deflate?: string };
      if (!(DEFLATE as readonly string[]).includes(deflate)) {
        const got = JSON.stringify(deflate);
        throw new RefusalError(400, 'bad-deflate', `deflate: got ${got}, takes one of ${DEFLATE.join(', ')}.`);
      }
      if (!request.ws) return;
      const { socket } = request.raw;
      socket.once('close', takeOfAddress(perAddress, request, limits.echoesPerAddress));
      if (deflate !== 'off') socket.once('close', takeOfAddress(compressed, request, COMPRESSED_PER_ADDRESS));
    },
    handler: refusePlainGet,
    // #region echo
    wsHandler: (socket) => {
      let answered = true;
      socket.on('pong', () => {
        answered = true;
      });
      socket.on('message', (message: Buffer, isBinary) => {
        if (!isBinary && message.toString() === OVER) socket.close(1000, OVER);
        else socket.send(message, { binary: isBinary });
      });
      const heartbeat = setInterval(() => {
        if (!answered) return socket.terminate();
        answered = false;
        socket.ping();
      }, heartbeatMs);
      socket.once('close', () => clearInterval(heartbeat));
    },
    // #endregion
  };
  app.route({ ...echo, url: '/echo' });
  app.route({ ...echo, url: '/echo/:record', schema: recordedEchoSchema });

  app.get('/echoes/:record', { schema: echoRecordSchema }, async (request) => {
    const record = checkRecord(request);
    const exchanges = ledger.echo(record);
    if (exchanges) return { record, exchanges };
    throw new RefusalError(
      404,
      'no-such-record',
      `No bytes of an echo ${record} are kept; connect to /echo/${record}.`,
    );
  });
}
