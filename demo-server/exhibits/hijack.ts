/**
 * Routes that are vulnerable on purpose, for the lesson on security: a WebSocket that trusts the cookie and does not check
 * Origin, the same with the check, and an event stream with and without CORS. The hostile page of second-origin.ts
 * attacks them. What they give away is a made-up account, computed from the reader's own cookie: there is nothing to steal.
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-10.2
 *
 * The cookie is limited to this path: in the head of every request it would add to the lanes' bytes.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { WebSocket } from 'ws';
import type { Limits } from '../limits.ts';
import { CORS_ANSWERS, type CorsAnswer, type DemoAccount, type SeenAttack } from '../protocol.ts';
import { takeOfAddress } from '../push.ts';
import { RefusalError, refusePlainGet } from '../refusal.ts';
import { refused } from '../schemas/refused.ts';
import { isForeign, refuseForeignOrigin } from '../web/origin.ts';

const COOKIE = 'pushlab_demo_login';
const LOGIN_SECONDS = 600;
/** Attacks remembered at the same time; a further one replaces the oldest. */
const MOST_ATTACKS = 100;
/** Requests remembered of one attack. */
const MOST_SEEN = 20;
const NEWS = 3;
const NEWS_EVERY_MS = 400;

const ATTACK = /^[0-9a-f]{32}$/;

/** The made-up accounts, and the requests that attacked them. */
interface Target {
  /** The account of a request's cookie; null without one. */
  account(headers: IncomingHttpHeaders): DemoAccount | null;
  /** Notes a request of an attack, with the status of its response. */
  remember(request: FastifyRequest, what: SeenAttack['what'], status: number): void;
  seenOf(attack: string): readonly SeenAttack[];
}

function createTarget(): Target {
  const key = randomBytes(32);
  const seen = new Map<string, SeenAttack[]>();
  const account = ({ cookie = '' }: IncomingHttpHeaders): DemoAccount | null => {
    const [, id] = new RegExp(`(?:^|; )${COOKIE}=([0-9a-f]{32})(?:;|$)`).exec(cookie) ?? [];
    if (id === undefined) return null;
    const digest = createHmac('sha256', key).update(id).digest();
    return { name: `reader-${digest.readUInt16BE(0)}`, secret: digest.toString('hex', 2, 8) };
  };
  return {
    account,
    remember({ headers, query }, what, status) {
      const { attack = '' } = query as { attack?: string };
      if (!ATTACK.test(attack)) return;
      const list = seen.get(attack) ?? [];
      if (list.length >= MOST_SEEN) return;
      list.push({ what, origin: headers.origin ?? null, cookie: account(headers) !== null, status });
      seen.set(attack, list);
      const [oldest] = seen.keys();
      if (seen.size > MOST_ATTACKS && oldest !== undefined) seen.delete(oldest);
    },
    seenOf: (attack) => seen.get(attack) ?? [],
  };
}

/** Registers `/hijack/…`. `secondPort` returns the port of the hostile page, undefined where it is not served. */
export function hijackRoutes(app: FastifyInstance, limits: Limits, secondPort: () => number | undefined): void {
  const target = createTarget();
  loginRoutes(app, target);
  pageRoutes(app, target, secondPort);
  socketRoutes(app, target, limits);
  eventsRoute(app, target);
}

const schema = (summary: string, response: object) => ({ schema: { tags: ['security'], summary, response } });

function loginRoutes(app: FastifyInstance, { account }: Target): void {
  app.post(
    '/hijack/login',
    schema('Log in to a made-up account', { 200: { description: 'The account; its cookie lasts ten minutes.' } }),
    async ({ headers }, reply) => {
      const id = randomBytes(16).toString('hex');
      reply.header('set-cookie', `${COOKIE}=${id}; Path=/hijack; Max-Age=${LOGIN_SECONDS}; HttpOnly; SameSite=Strict`);
      return { account: account({ ...headers, cookie: `${COOKIE}=${id}` }) };
    },
  );

  app.delete(
    '/hijack/login',
    schema('Log out again', { 204: { description: 'The cookie is gone.', type: 'null' } }),
    async (_request, reply) =>
      reply.code(204).header('set-cookie', `${COOKIE}=; Path=/hijack; Max-Age=0; HttpOnly; SameSite=Strict`).send(),
  );
}

/** What the lesson's own page asks for: where the attacker's page is, and what came of its attack. */
function pageRoutes(app: FastifyInstance, { seenOf }: Target, secondPort: () => number | undefined): void {
  app.get(
    '/hijack/second-origin',
    schema('Where the hostile page is', {
      200: { type: 'object', properties: { port: { type: ['integer', 'null'] } } },
    }),
    async () => ({ port: secondPort() ?? null }),
  );

  app.get(
    '/hijack/seen/:attack',
    schema('What the server saw of an attack', { 200: { description: 'Origin, cookie and status of each request.' } }),
    async ({ params }) => {
      const { attack } = params as { attack: string };
      if (ATTACK.test(attack)) return { attack, seen: seenOf(attack) };
      const got = JSON.stringify(attack);
      throw new RefusalError(400, 'bad-attack', `Got the attack ${got}, takes 32 hexadecimal digits, drawn at random.`);
    },
  );
}

/** Sends the account at once, then its news, and closes. */
function sendNews(socket: WebSocket, mine: DemoAccount | null): void {
  socket.send(JSON.stringify({ account: mine }));
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    if (sent > NEWS) return socket.close(1000, 'enough');
    socket.send(JSON.stringify({ news: `private news ${sent} for ${mine?.name ?? 'nobody'}` }));
  }, NEWS_EVERY_MS);
  socket.once('close', () => clearInterval(timer));
}

const socketSchema = (summary: string) => ({
  tags: ['security'],
  summary,
  response: {
    101: { description: 'Switching Protocols: the account, then news of it.', type: 'null' },
    426: refused('A plain GET: this route speaks WebSocket.'),
    429: refused('Too many sockets from this address.'),
  },
});

function socketRoutes(app: FastifyInstance, { account, remember }: Target, limits: Limits): void {
  const perAddress = new Map<string, number>();
  const talk = (socket: WebSocket, headers: IncomingHttpHeaders): void => sendNews(socket, account(headers));
  const count = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    // Before the attack is remembered: a plain GET is not an attack.
    if (!request.ws) return refusePlainGet(request, reply);
    request.raw.socket.once('close', takeOfAddress(perAddress, request, limits.echoesPerAddress));
  };
  const room: Omit<RouteOptions, 'url' | 'schema'> = {
    method: 'GET',
    config: { anyOrigin: true },
    handler: async () => undefined,
  };

  // #region open
  app.route({
    ...room,
    url: '/hijack/open',
    schema: socketSchema('Vulnerable on purpose: trusts the cookie, does not look at Origin'),
    preHandler: async (request, reply) => {
      await count(request, reply);
      remember(request, 'open', 101);
    },
    wsHandler: (socket, { headers }) => talk(socket, headers),
  });
  // #endregion
  // #region listed
  app.route({
    ...room,
    url: '/hijack/listed',
    schema: socketSchema('The same, for pages of this origin only'),
    preHandler: async (request, reply) => {
      remember(request, 'listed', isForeign(request) ? 403 : 101);
      refuseForeignOrigin(request);
      await count(request, reply);
    },
    wsHandler: (socket, { headers }) => talk(socket, headers),
  });
  // #endregion
}

/** What each policy tells the browser about a page of another origin. */
const headersOf = (cors: CorsAnswer, origin: string): Record<string, string> => {
  if (cors === 'any') return { 'access-control-allow-origin': '*' };
  if (cors === 'named') return { 'access-control-allow-origin': origin, vary: 'Origin' };
  if (cors === 'credentials') return { ...headersOf('named', origin), 'access-control-allow-credentials': 'true' };
  return {};
};

/** `GET /hijack/events`: one event under the CORS policy that the request names. */
function eventsRoute(app: FastifyInstance, { account, remember }: Target): void {
  app.get(
    '/hijack/events',
    {
      config: { anyOrigin: true },
      schema: {
        tags: ['security'],
        summary: 'One event with the account, under four CORS policies',
        querystring: { type: 'object', properties: { cors: { type: 'string' }, attack: { type: 'string' } } },
        response: {
          200: {
            description: 'A stream of one event.',
            content: { 'text/event-stream': { schema: { type: 'string' } } },
          },
          400: refused('No such answer to CORS.'),
        },
      },
    },
    async (request, reply) => {
      const { cors = 'none' } = request.query as { cors?: string };
      if (!(CORS_ANSWERS as readonly string[]).includes(cors)) {
        const got = JSON.stringify(cors);
        throw new RefusalError(400, 'bad-cors', `cors: got ${got}, takes one of ${CORS_ANSWERS.join(', ')}.`);
      }
      const { origin = 'null' } = request.headers;
      remember(request, cors as CorsAnswer, 200);
      // The name of any origin is repeated here. A server with real secrets names those that it knows.
      return reply
        .headers({ ...headersOf(cors as CorsAnswer, origin), 'cache-control': 'no-store' })
        .type('text/event-stream')
        .send(`data: ${JSON.stringify({ account: account(request.headers) })}\n\n`);
    },
  );
}
