/**
 * A second origin, on another port of the same machine, that serves one hostile page and nothing else: for the lesson on
 * security. The page attacks only the page that shows it in a frame, and what it finds there is a made-up account.
 */
import { readFileSync } from 'node:fs';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { RefusalError, refuseUnreadable } from '../refusal.ts';
import { isOwnName } from '../web/names.ts';
import { isProxied } from '../web/origin.ts';
import { refuseExpectations } from '../web/takes.ts';

const file = (name: string): string => readFileSync(new URL(`./hostile/${name}`, import.meta.url), 'utf8');

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src http: https: ws: wss:; base-uri 'none'; form-action 'none'",
  // The lesson's page is isolated: it shows a page of another origin only if that page agrees, and is isolated itself.
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'cross-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** The app that serves the hostile page; like buildApp's it does not listen by itself. */
export function buildSecondOrigin(): FastifyInstance {
  const app = Fastify({
    bodyLimit: 1,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    clientErrorHandler: refuseUnreadable,
  });
  const files = [
    { url: '/', type: 'text/html; charset=utf-8', body: file('page.html') },
    { url: '/page.css', type: 'text/css; charset=utf-8', body: file('page.css') },
    { url: '/attack.js', type: 'text/javascript; charset=utf-8', body: file('attack.js') },
  ];
  refuseExpectations(app);
  // A proxy that takes this port for another Pushlab must not show the page under its own name.
  app.addHook('onRequest', async ({ headers, raw }, reply) => {
    const asked = URL.parse(`http://${headers.host}`);
    const ours = asked && isOwnName(asked.hostname) && Number(asked.port || 80) === raw.socket.localPort;
    if (!ours || isProxied(raw)) return reply.callNotFound();
  });
  for (const { url, type, body } of files)
    app.get(url, async (_request, reply) => reply.headers(HEADERS).type(type).send(body));
  app.setErrorHandler((error: FastifyError | RefusalError, _request, reply) => {
    const refusal =
      error instanceof RefusalError
        ? error.body()
        : { error: 'bad-request', message: `This origin has three files and takes no body: ${error.message}.` };
    return reply
      .code(error.statusCode ?? 500)
      .headers(HEADERS)
      .send(refusal);
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).headers(HEADERS).type('text/plain').send('Not here.\n'));
  return app;
}
