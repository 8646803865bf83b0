/** A real Pushlab server for one test, on a free port of loopback. It is closed when the test is over. */
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type AppOptions, buildApp } from '../../demo-server/app.ts';
import type { OpenedClass } from '../../demo-server/classroom/index.ts';
import { type Feed, now } from '../../demo-server/feed.ts';
import {
  type LaneLedger,
  OPEN_RUN,
  type RunInfo,
  type RunLedger,
  type RunSettings,
  type TechniqueId,
} from '../../demo-server/protocol.ts';
import { addPage } from './lane-page.ts';

export interface TestServer {
  /** The class, if it was started with one. */
  classroom: OpenedClass | null;
  port: number;
  url: string;
  /** Creates a run and, unless `start` is false, starts it. */
  run(settings: Partial<RunSettings>, start?: boolean): Promise<RunInfo>;
  info(id: string): Promise<RunInfo>;
  ledger(id: string): Promise<RunLedger>;
  /** The same without a request, as a request would be counted itself. */
  readLedger(id: string): RunLedger;
  /** The accounts of the run's simulated subscribers, by lane. */
  subscribers(id: string): Map<TechniqueId, LaneLedger>;
  /** Resolves when the lane's first request has arrived: whatever starts after that, the lane sees all of it. */
  asked(id: string, technique: TechniqueId): Promise<void>;
  /** Resolves when the run's feed has ended, by its control socket. */
  finished(id: string): Promise<void>;
  /** Resolves when no request is in progress. Browsers keep connections open, but no request may be held on them. */
  idle(): Promise<void>;
  /** Resolves when no connection is open any more, as after the browser is closed. */
  disconnected(): Promise<void>;
  /** Closes it as a signal would: ends open streams, then waits for their clients. */
  close(): Promise<void>;
  /** Ends it at once, with all its connections. */
  stop(): Promise<void>;
}

/** What a test can set besides the server's own options. */
interface TestOptions {
  /** The pages for browser tests. */
  lanePage?: boolean;
  faultPage?: boolean;
  secondOrigin?: boolean;
  /** How many events the open feed already has when the first request for it is answered (it makes one per second). */
  openEvents?: number;
  /** The port of a server that was stopped, to start another in its place. */
  at?: number;
}

/** Starts a server. `atEnd` registers what closes it, by default with vitest's onTestFinished. */
export async function startServer(
  {
    lanePage = false,
    faultPage = false,
    secondOrigin = false,
    openEvents = 0,
    at = 0,
    ...options
  }: AppOptions & TestOptions = {},
  atEnd: (close: () => Promise<void>) => void = onTestFinished,
): Promise<TestServer> {
  const app = await buildApp(options);
  if (lanePage) await addPage(app, 'lane-page');
  if (faultPage) await addPage(app, 'fault-page');
  app.addHook('preHandler', async ({ run }) => {
    if (run?.id === OPEN_RUN) grow(run.feed, openEvents);
  });
  const inProgress = counter();
  const connections = counter();
  const firstRequests = new Map<string, PromiseWithResolvers<void>>();
  const firstRequest = (path: string, run: string): PromiseWithResolvers<void> => {
    const lane = `${path}?run=${run}`;
    const known = firstRequests.get(lane) ?? Promise.withResolvers<void>();
    firstRequests.set(lane, known);
    return known;
  };
  app.server.on('connection', (socket) => socket.once('close', connections.up()));
  app.addHook('onRequest', async (request, reply) => {
    (request.ws ? request.raw.socket : reply.raw).once('close', inProgress.up());
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    firstRequest(pathname, searchParams.get('run') ?? '').resolve();
  });
  const stop = async (): Promise<void> => {
    app.endConnections();
    await app.close();
  };
  atEnd(stop);
  await app.listen({ port: at, host: '127.0.0.1' });
  if (secondOrigin) await app.secondOrigin.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  async function json<T>(path: string, init?: RequestInit): Promise<T> {
    const answer = await fetch(url + path, { ...init, headers: { ...init?.headers, connection: 'close' } });
    const body = (await answer.json()) as T;
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(body)}`);
    return body;
  }
  return {
    classroom: app.classroom,
    port,
    url,
    close: () => app.close(),
    stop,
    idle: inProgress.zero,
    disconnected: connections.zero,
    info: (id) => json<RunInfo>(`/runs/${id}`),
    asked: (id, technique) => firstRequest(`/push/${technique}`, id).promise,
    ledger: (id) => json<RunLedger>(`/runs/${id}/ledger`),
    readLedger: (id) => structuredClone(app.ledger.read(id)),
    subscribers: (id) => structuredClone(app.ledger.subscribers(id)),
    async run(settings, start = true) {
      const run = await json<RunInfo>('/runs', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(settings),
      });
      if (start) await json(`/runs/${run.id}/start`, { method: 'POST' });
      return run;
    },
    finished(id) {
      return new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/control?run=${id}`);
        socket.addEventListener('message', ({ data }) => {
          const message = JSON.parse(data as string);
          if (message.type !== 'run' || message.run.state !== 'finished') return;
          socket.close();
          resolve();
        });
        socket.addEventListener('error', () => reject(new Error(`the control socket of run ${id} failed`)));
      });
    },
  };
}

/** Lets a feed have at least this many events. */
function grow(feed: Feed, events: number): void {
  for (let seq = feed.lastSeq + 1; seq <= events; seq += 1) feed.take({ seq, sentAt: now(), data: 'x'.repeat(64) });
}

/** Counts what is in progress. `up` returns a function that counts it down again; `zero` resolves when nothing is in progress. */
function counter(): { up(): () => void; zero(): Promise<void> } {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    up() {
      count += 1;
      return () => {
        count -= 1;
        if (count > 0) return;
        for (const go of waiting) go();
        waiting = [];
      };
    },
    zero: () => new Promise((resolve) => (count === 0 ? resolve() : waiting.push(resolve))),
  };
}

/** A quick run for tests: ten small events within a second. */
export function tenEvents(technique: TechniqueId): Partial<RunSettings> {
  return {
    techniques: [technique],
    eventsPerSecond: 10,
    durationSeconds: 1,
    payloadBytes: 8,
    pollIntervalMs: 50,
    seed: 7,
  };
}
