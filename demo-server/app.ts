/** The whole server as a Fastify app: techniques, runs, ledger, control, site. It never listens; main.ts and the tests do. */
import fastifySwagger from '@fastify/swagger';
import fastifyWebsocket from '@fastify/websocket';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { type ClassroomOptions, type OpenedClass, registerClassroom } from './classroom/index.ts';
import { noClassRoutes } from './classroom/routes.ts';
import { chatRoute } from './exhibits/chat.ts';
import { chooseProtocol, DEFLATE_OPTIONS, echoRoutes, limitOffer } from './exhibits/echo.ts';
import { hijackRoutes } from './exhibits/hijack.ts';
import { buildSecondOrigin } from './exhibits/second-origin.ts';
import { typedStreamRoute } from './exhibits/typed-stream.ts';
import { now } from './feed.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { accessLog } from './operator/access-log.ts';
import { drains } from './operator/drain.ts';
import { answerHead, healthRoutes } from './operator/health.ts';
import { metricsRoute } from './operator/metrics.ts';
import { probeRoutes } from './probes/index.ts';
import { HEARTBEAT_MS } from './protocol.ts';
import { guardPush } from './push.ts';
import { type RefusalError, refuseInWords, refusePlainGet, refuseUnknownPath, refuseUnreadable } from './refusal.ts';
import { controlRoute } from './runs/control.ts';
import { createFigures } from './runs/figures.ts';
import { runRoutes } from './runs/run-routes.ts';
import { createRuns } from './runs/runs.ts';
import { uplinkRoutes } from './runs/uplink.ts';
import { runOf, type SharingState, share } from './shared/index.ts';
import { createSubscribers } from './subscribers/subscribers.ts';
import { techniques } from './techniques/index.ts';
import { allowOrigins } from './web/cors.ts';
import { endIfHandshake, endRefusedHandshakes, letHandshakesGo } from './web/handshake.ts';
import { createListener } from './web/listener.ts';
import { guardNames } from './web/origin.ts';
import { serveSite } from './web/site.ts';
import { refuseExpectations, takeJsonOnly } from './web/takes.ts';
import { type ConnectionTotals, createLedger, type Ledger } from './wire/ledger.ts';

export interface AppOptions {
  /** Folder of the built site; without it only the demo routes are served. */
  siteDir?: string;
  limits?: Partial<Limits>;
  /** How often a stream sends a sign of life. Under the 60 s after which proxies cut a silent one. */
  heartbeatMs?: number;
  /** Events that the replay ring keeps; tests make it small to let a cursor grow too old. */
  ringEvents?: number;
  /** Where readers reach this server, if not here: origins of our own, as browsers write them. */
  publicUrls?: readonly string[];
  /** Names besides the machine's own under which this server answers. */
  allowHosts?: readonly string[];
  /** Origins besides its own whose pages may use this server, as browsers write them. */
  allowOrigins?: readonly string[];
  /** Opens a class; without it none of its routes exists. */
  classroom?: ClassroomOptions | undefined;
  /** Told of every closed connection, for checks against a packet capture. */
  onConnectionEnd?: (totals: ConnectionTotals) => void;
  /** Where the lab's servers of HTTP/2 listen; loopback unless told otherwise. */
  http2Host?: string | undefined;
  /** Where other servers meet this one (`redis://…`), to serve the same runs behind one address; alone without it. */
  redisUrl?: string | undefined;
  /** Proxies (addresses or networks) that are believed who asked; without them a limit per address counts all behind one together. */
  trustProxy?: string[] | undefined;
  /** Who is behind a connection from this port of loopback, where TLS is ended in front of this server; else undefined. */
  addressOf?: (port: number | undefined) => string | undefined;
  /** Told whenever Redis has come or gone, or cannot be used from the start, and why. */
  redisChanged?: (up: boolean, fault: string | null) => void;
  /** Told what an operator should know of the servers that share it, in a sentence. */
  redisSays?: (text: string) => void;
  /** How many times the limit of open files was reached, for /metrics. */
  openFilesReached?: () => number;
  /** Addresses and networks that may read /metrics, besides this machine where no proxy stands in front. */
  metricsFrom?: readonly string[];
  /** Whether a proxy may stand in front; then an address of this machine says nothing of who asked. */
  behindProxy?: boolean;
  /** Called with a line for each request that is over; without it none is written. */
  logged?: ((line: string) => void) | undefined;
  /** Full path of the nginx for the lab of buffering; null = do without one; looked for unless given. */
  nginx?: string | null;
  /** False leaves every byte uncounted and every queue unbounded: only for the bench, which asks what the tap costs. */
  tap?: boolean;
}

export async function buildApp(options: AppOptions = {}): Promise<FastifyInstance> {
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS;
  const ledger = createLedger({
    clock: now,
    onConnectionEnd: options.onConnectionEnd,
    runsComeLate: options.redisUrl !== undefined,
  });
  const shared =
    options.redisUrl === undefined
      ? undefined
      : share(options.redisUrl, { changed: options.redisChanged, say: options.redisSays });
  const whole = (run: string) => shared?.whole(ledger.read(run)) ?? ledger.read(run);
  const subscribers = createSubscribers({ ledger, limits, origin: () => originOf(app) });
  const figures = createFigures({ ...ledger, read: whole }, subscribers.read);
  const runs = createRuns({
    ledger,
    runsAtOnce: limits.runsAtOnce,
    runsPerAddress: limits.runsPerAddress,
    ringEvents: options.ringEvents,
    opened(run, here) {
      figures.follow(run);
      // Where several servers serve a run, one of them brings the crowd.
      if (here) subscribers.follow(run);
    },
    sharing: shared,
  });
  shared?.follow(runs, ledger.read);
  const endConnections: (() => void)[] = [];

  const app = Fastify({
    bodyLimit: limits.bodyBytes,
    ...(options.trustProxy ? { trustProxy: options.trustProxy } : {}),
    exposeHeadRoutes: true,
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: true },
    // What comes while it stops is refused by `drains`, in words.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      endIfHandshake(request.raw, reply.raw);
      refuseInWords(error, reply, limits);
    },
    clientErrorHandler: refuseUnreadable,
    serverFactory: (handler) => {
      const { server, end } = createListener(handler, {
        ledger,
        limits,
        addressOf: options.addressOf,
        tap: options.tap,
      });
      endConnections.push(end);
      return server;
    },
  });
  app.setErrorHandler((error: FastifyError | RefusalError, _request, reply) => refuseInWords(error, reply, limits));
  takeJsonOnly(app);
  answerHead(app);
  allowOrigins(app, new Set(options.allowOrigins));
  metricsRoute(app, {
    runs,
    ledger,
    redis: shared?.state,
    openFilesReached: options.openFilesReached,
    from: options.metricsFrom ?? [],
  });
  if (options.logged) accessLog(app, options.logged);
  const endsTls = (port: number | undefined): boolean => options.addressOf?.(port) !== undefined;
  guardNames(
    app,
    {
      publicUrls: options.publicUrls ?? [],
      allowHosts: options.allowHosts ?? [],
      allowOrigins: options.allowOrigins ?? [],
    },
    { endsTls, trustsProxy: options.trustProxy !== undefined, behindProxy: options.behindProxy ?? false },
  );
  const stopping = drains(app, async () => {
    await shared?.close();
    runs.close();
    subscribers.close();
    for (const client of app.websocketServer.clients) client.close(1012, 'closing');
    await secondOrigin.close();
  });
  refuseExpectations(app);
  app.addHook('onRequest', async (request) => limitOffer(request));

  if (shared) {
    app.addHook('onReady', () => shared.found);
    // A run may have been made on another server a moment ago.
    app.addHook('onRequest', async ({ url }) => {
      const run = runOf(url);
      if (run !== undefined && runs.list().every(({ id }) => id !== run)) await shared.caughtUp();
    });
    // Whoever has made a run, or changed it, may ask another server for it with the next request.
    app.addHook('onSend', async ({ method, url }) => {
      if (method !== 'GET' && url.startsWith('/runs')) await shared.told();
    });
  }

  await app.register(fastifySwagger, {
    openapi: {
      info: {
        title: 'Pushlab demo server',
        version: '1',
        description: 'Eight techniques, one feed, a byte-exact ledger.',
      },
      tags: [
        {
          name: 'techniques',
          description: 'The techniques themselves, in ladder order, then what lies beyond the ladder.',
        },
        { name: 'runs', description: 'One measured comparison with its settings.' },
        { name: 'ledger', description: 'What was counted on the wire.' },
        { name: 'control', description: 'Clock, start and stop, live ledger.' },
        { name: 'echo', description: 'A WebSocket to play with.' },
        { name: 'chat', description: 'A WebSocket for several readers.' },
        { name: 'probes', description: 'What the small labs ask. In no lane.' },
        { name: 'security', description: 'What the hostile page of the lesson on security attacks: made-up accounts.' },
        { name: 'classroom', description: 'A class that works together; only with --classroom.' },
        { name: 'server', description: 'The server itself.' },
      ],
    },
  });
  await app.register(fastifyWebsocket, {
    options: { perMessageDeflate: DEFLATE_OPTIONS, maxPayload: limits.messageBytes, handleProtocols: chooseProtocol },
    // What breaks the rules or is too long has had ws's Close frame already (1002, 1007, 1009); the plugin's own handler
    // would cut the connection before it is answered. 1011 is for a fault of ours.
    errorHandler: (_error, socket) => socket.close(1011),
    // The rooms end their sockets themselves, with a code that says why.
    preClose: (done) => done(),
  });
  app.addHook('onRequest', async (request, reply) => {
    if (request.ws && request.raw.httpVersion === '1.0') await refusePlainGet(request, reply);
  });
  endRefusedHandshakes(app);
  letHandshakesGo(app, function () {
    this.close(1011);
  });

  await app.register(async (push) => {
    guardPush(push, runs, limits);
    for (const { room } of techniques) await push.register(room, { heartbeatMs });
    uplinkRoutes(push);
  });
  runRoutes(app, { runs, ledger, figures, endsTls });
  controlRoute(app, runs, figures, limits);
  echoRoutes(app, ledger, { heartbeatMs, limits });
  typedStreamRoute(app);
  chatRoute(app, { heartbeatMs, limits });
  probeRoutes(app, { limits, heartbeatMs, http2Host: options.http2Host, nginx: options.nginx });
  const secondOrigin = buildSecondOrigin();
  const secondPort = (): number | undefined => {
    const address = secondOrigin.server.address();
    return typeof address === 'object' ? address?.port : undefined;
  };
  hijackRoutes(app, limits, secondPort);
  const classroom = options.classroom
    ? await registerClassroom(app, options.classroom, { runs, ledger: { ...ledger, read: whole }, limits, heartbeatMs })
    : null;
  if (!classroom) noClassRoutes(app);
  healthRoutes(app, { stopping, redis: shared?.state, classInRedis: options.classroom?.log?.kind === 'redis' });
  app.get('/docs/api/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  if (options.siteDir) await serveSite(app, options.siteDir, secondPort);
  else app.setNotFoundHandler((request) => refuseUnknownPath(request));

  app.decorate('ledger', ledger);
  app.decorate('secondOrigin', secondOrigin);
  app.decorate('classroom', classroom);
  app.decorate('sharing', () => shared?.describe());
  app.decorate('endConnections', () => {
    for (const end of endConnections) end();
  });
  return app;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Ends every connection at once, whatever it is doing: for a server that has waited long enough. */
    endConnections(): void;
    /** The accounts themselves: asking over HTTP would be counted, too. */
    ledger: Ledger;
    /** The hostile page of the lesson on security, for a port of its own; where nobody lets it listen there is none. */
    secondOrigin: FastifyInstance;
    /** How this server and the others on its Redis stand; undefined for a server that is alone. */
    sharing(): SharingState | undefined;
    /** The class, where this server was started with one. */
    classroom: OpenedClass | null;
  }
}

/** Where this server listens, as its own machine reaches it; undefined while it does not. */
function originOf({ server }: FastifyInstance): string | undefined {
  const address = server.address();
  if (typeof address !== 'object' || address === null) return undefined;
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address.address] ?? address.address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
