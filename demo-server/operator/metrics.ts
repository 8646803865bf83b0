/**
 * What an operator's Prometheus reads. Served to addresses that were named at the start, and to this machine where no
 * proxy on it may forward the requests of others.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { BlockList, isIP, isIPv6, type Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type SharedState, TECHNIQUES } from '../protocol.ts';
import { RefusalError } from '../refusal.ts';
import type { Runs } from '../runs/runs.ts';
import { VERSION } from '../version.ts';
import { isHandshake } from '../web/handshake.ts';
import { isLoopbackName, plainAddress } from '../web/names.ts';
import { isLocal, isProxied } from '../web/origin.ts';
import type { Ledger } from '../wire/ledger.ts';

export interface MetricsOptions {
  runs: Runs;
  ledger: Ledger;
  /** Whether Redis can be used; undefined for a server that is alone. */
  redis: (() => SharedState) | undefined;
  /** How many times the limit of open files was reached; undefined where nobody watches it. */
  openFilesReached: (() => number) | undefined;
  /** Addresses and networks that may read them. */
  from: readonly string[];
}

const HERE_ALONE =
  'Metrics are for this machine alone. Start the server with --metrics-from <address> to let another one read them.';
const NAMED_ALONE =
  'Metrics are for the addresses that --metrics-from names at the start, and this is none of them. As this server is reached through a proxy, its own machine has to be named, too: --metrics-from 127.0.0.1, where every proxy on it passes on who asked (X-Forwarded-For).';

/** One family of the text: its name, type and help, and its samples with their labels. */
type Family = [name: string, type: 'gauge' | 'counter', help: string, samples: [labels: string, value: number][]];

/** What is counted from request to request. */
interface Counts {
  /** Requests in progress under /push/, by technique. */
  readonly streams: ReadonlyMap<string, number>;
  /** Responses that have ended, by class of status (`2xx`). */
  readonly responses: ReadonlyMap<string, number>;
  queuedBytes(): number;
}

/** Registers `/metrics`. */
export function metricsRoute(app: FastifyInstance, options: MetricsOptions): void {
  const allowed = blockList(options.from);
  const counts = countFrom(app);
  let lag: ReturnType<typeof monitorEventLoopDelay> | undefined;
  app.addHook('onClose', async () => {
    lag?.disable();
  });

  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    if (!isLocal(request) && !isNamed(request, allowed))
      throw new RefusalError(403, 'metrics-elsewhere', app.way.behindProxy ? NAMED_ALONE : HERE_ALONE);
    const families = [...ownFamilies(options, counts), ...lagFamilies(lag), ...processFamilies()];
    const text = families.map(written).join('');
    // Only from the first request on: it wakes the process fifty times a second.
    if (!lag) {
      lag = monitorEventLoopDelay({ resolution: 20 });
      lag.enable();
    }
    lag.reset();
    return reply.header('cache-control', 'no-store').type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
}

/** Counts what the server does from now on. */
function countFrom(app: FastifyInstance): Counts {
  const streams = new Map<string, number>(TECHNIQUES.map((id) => [id, 0]));
  const responses = new Map<string, number>();
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    // A WebSocket's has eleven listeners for its end, two of them from here; Node warns of a leak from the eleventh on.
    socket.setMaxListeners(socket.getMaxListeners() + 2);
    socket.once('close', () => sockets.delete(socket));
  });
  app.addHook('onRequest', async (request, reply) => {
    const technique = request.routeOptions.url?.split('/push/')[1] ?? '';
    if (!streams.has(technique)) return;
    const change = (by: number) => streams.set(technique, (streams.get(technique) ?? 0) + by);
    change(1);
    // The socket of a WebSocket outlives the response to its handshake.
    const { raw } = request;
    (isHandshake(raw) ? raw.socket : reply.raw).once('close', () => change(-1));
  });
  app.addHook('onResponse', async (_request, { statusCode }) => {
    const kind = `${Math.floor(statusCode / 100)}xx`;
    responses.set(kind, (responses.get(kind) ?? 0) + 1);
  });
  const queuedBytes = (): number => [...sockets].reduce((sum, { writableLength }) => sum + writableLength, 0);
  return { streams, responses, queuedBytes };
}

function ownFamilies({ runs, ledger, redis, openFilesReached }: MetricsOptions, counts: Counts): Family[] {
  const states = runs.list().map(({ state }) => state);
  const all: Family[] = [
    ['pushlab_info', 'gauge', 'Versions.', [[`version="${VERSION}",node="${process.versions.node}"`, 1]]],
    ['pushlab_connections', 'gauge', 'Open TCP connections.', [['', ledger.openConnections()]]],
    [
      'pushlab_streams',
      'gauge',
      'Requests in progress under /push/, by technique.',
      [...counts.streams].map(([id, count]) => [`technique="${id}"`, count]),
    ],
    [
      'pushlab_runs',
      'gauge',
      'Runs that are known here, the open feed included.',
      ['ready', 'running', 'finished'].map((is) => [`state="${is}"`, states.filter((one) => one === is).length]),
    ],
    ['pushlab_queued_bytes', 'gauge', 'Bytes that wait for readers.', [['', counts.queuedBytes()]]],
    [
      'pushlab_responses_total',
      'counter',
      'HTTP responses that have ended, by class of status; no WebSockets.',
      [...counts.responses].sort().map(([kind, count]) => [`class="${kind}"`, count]),
    ],
  ];
  if (redis) all.push(['pushlab_redis_up', 'gauge', 'Whether Redis can be used.', [['', redis() === 'down' ? 0 : 1]]]);
  if (openFilesReached)
    all.push([
      'pushlab_open_files_limit_reached_total',
      'counter',
      'How often the limit of open files was reached, each time until there was room again.',
      [['', openFilesReached()]],
    ]);
  return all;
}

/** None before the first request: the lag is measured from then on. */
function lagFamilies(lag: ReturnType<typeof monitorEventLoopDelay> | undefined): Family[] {
  if (!lag) return [];
  const seconds = (quantile: number): number => Math.max(0, lag.percentile(quantile * 100) / 1e9 - 0.02);
  return [
    [
      'pushlab_event_loop_lag_seconds',
      'gauge',
      'How late timers were since the last look, beyond their 20 ms.',
      [0.5, 0.99, 1].map((quantile) => [`quantile="${quantile}"`, seconds(quantile)]),
    ],
  ];
}

function processFamilies(): Family[] {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return [
    ['process_resident_memory_bytes', 'gauge', 'Memory of the process.', [['', rss]]],
    ['nodejs_heap_size_used_bytes', 'gauge', 'Of it, what objects take.', [['', heapUsed]]],
    ['process_cpu_seconds_total', 'counter', 'Time on a processor.', [['', (user + system) / 1e6]]],
    ['process_start_time_seconds', 'gauge', 'When it began.', [['', performance.timeOrigin / 1000]]],
  ];
}

function written([name, type, help, samples]: Family): string {
  const lines = samples.map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

/** Whether it comes from an address that was named. Loopback stands for another machine where a header shows a proxy on this one. */
function isNamed({ raw, ip }: FastifyRequest, allowed: BlockList): boolean {
  return isIn(allowed, ip) && !(isLoopbackName(plainAddress(ip)) && isProxied(raw));
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

function isIn(list: BlockList, ip: string | undefined): boolean {
  const address = plainAddress(ip);
  return isIP(address) !== 0 && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
