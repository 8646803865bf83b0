/** Simulated subscribers: starts their process when a run wants some, reports on them, and ends it with the last run. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Limits } from '../limits.ts';
import {
  BUSY_MS,
  type LaneLedger,
  type SubscriberLedger,
  type SubscriberLimit,
  type TechniqueId,
} from '../protocol.ts';
import type { Run } from '../runs/run.ts';
import type { Ledger } from '../wire/ledger.ts';
import type { Order, Report } from './subscribers-process.ts';

export interface Subscribers {
  /** Gives a new run its subscribers as soon as it is made, so that they are connected when it starts. */
  follow(run: Run): void;
  read(run: Run): SubscriberLedger | undefined;
  /** Ends their process at once. */
  close(): void;
}

export interface SubscribersOptions {
  ledger: Ledger;
  limits: Limits;
  /** Origin of this server as its own machine reaches it; undefined while it does not listen. */
  origin(): string | undefined;
}

/** A run that nobody starts within this time (ms) loses its subscribers again; the start brings them back. */
const PATIENCE_MS = 30_000;
/** Files that a process has open besides (modules, pipes, the listening sockets), generously. */
const FILES_BESIDES = 64;
/** Memory of one connection with its client, both ends together: about 120 kB where it was measured (Node 26, 1 800 of them). */
const BYTES_EACH = 160 * 1024;
/** What is known of one run's subscribers. */
interface Crowd {
  admitted: number;
  report: Report | undefined;
  limits: SubscriberLimit[];
  /** Whether they take part, and so take up their streams. */
  here: boolean;
}

export function createSubscribers({ ledger, limits, origin }: SubscribersOptions): Subscribers {
  const crowds = new Map<string, { run: Run; crowd: Crowd }>();
  /** Also for runs that are over, whose ledger may still be requested. */
  const known = new WeakMap<Run, Crowd>();
  let child: ChildProcess | undefined;

  function send(order: Order): void {
    if (child?.connected) child.send(order);
  }

  function start(): void {
    const started = forkProcess();
    child = started;
    started.on('message', (report: Report) => {
      const { run, crowd } = crowds.get(report.run) ?? {};
      if (!run || !crowd) return;
      crowd.report = report;
      if (report.done) remove(run);
    });
    started.on('exit', (code) => {
      if (child !== started) return;
      child = undefined;
      for (const { run, crowd } of crowds.values()) {
        const message = `The process of the simulated subscribers ended with ${code} while the run went on.`;
        crowd.limits.push({ limit: 'worker', value: code ?? -1, bound: 0, message });
        remove(run);
      }
    });
  }

  function remove(run: Run): void {
    const { crowd } = crowds.get(run.id) ?? {};
    if (crowd) crowd.here = false;
    crowds.delete(run.id);
    if (crowds.size === 0) end();
  }

  function end(): void {
    const last = child;
    child = undefined;
    if (last?.connected) last.disconnect();
  }

  function join(run: Run): void {
    const { techniques, subscribers, pollIntervalMs, uplinkPerSecond, payloadBytes } = run.settings;
    const server = origin();
    if (server === undefined) return;
    const taken = [...crowds.values()].reduce((sum, { run: other, crowd }) => sum + places(other, crowd), 0);
    const { admitted, met } = admit(subscribers, techniques.length, limits.subscriberStreams - taken, {
      most: limits.subscriberStreams,
      openSockets: ledger.openConnections(),
      // While a stream is held, a message goes over a connection of its own.
      socketsEach: uplinkPerSecond > 0 ? 2 : 1,
    });
    const crowd: Crowd = { admitted, report: undefined, limits: met, here: true };
    known.set(run, crowd);
    if (admitted === 0) return;
    crowds.set(run.id, { run, crowd });
    if (!child) start();
    const serverEpochMs = performance.timeOrigin + performance.now() - Number(process.hrtime.bigint()) / 1e6;
    const asking = { pollIntervalMs, uplinkPerSecond, payloadBytes };
    send({ type: 'join', run: run.id, server, techniques, count: admitted, ...asking, serverEpochMs });
  }

  return {
    follow(run) {
      if (run.settings.subscribers === 0) return;
      join(run);
      const patience = setTimeout(() => {
        send({ type: 'leave', run: run.id });
        remove(run);
      }, PATIENCE_MS).unref();
      run.watch(() => {
        clearTimeout(patience);
        if (run.state === 'running' && !crowds.has(run.id)) join(run);
        const { startsAt } = run.info();
        if (run.state === 'running' && startsAt !== null) send({ type: 'start', run: run.id, startsAt });
        if (run.state === 'finished') send({ type: 'finish', run: run.id, lastSeq: run.feed.lastSeq });
      });
    },
    read(run) {
      const crowd = known.get(run);
      const accounts = ledger.subscribers(run.id);
      return crowd && ledgerOf(run, crowd, accounts);
    },
    close: end,
  };
}

/** The process of all crowds; an error of it ends it, and its `exit` is what matters. */
function forkProcess(): ChildProcess {
  const path = fileURLToPath(new URL('./subscribers-process.ts', import.meta.url));
  const child = fork(path, { execArgv: [], serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.on('error', () => {});
  return child;
}

/** Streams that a crowd takes of those that the server may have. */
function places(run: Run, crowd: Crowd): number {
  return crowd.admitted * run.settings.techniques.length;
}

/** How many of each lane may join, and which limits stand against more. */
function admit(
  wanted: number,
  lanes: number,
  left: number,
  { most, openSockets, socketsEach }: { most: number; openSockets: number; socketsEach: number },
): { admitted: number; met: SubscriberLimit[] } {
  const total = wanted * lanes;
  const met: SubscriberLimit[] = [];
  const files = filesAllowed();
  const memory = process.availableMemory();
  const room = [
    {
      limit: 'subscribers' as const,
      value: total,
      bound: left,
      fits: left,
      message: `This server simulates at most ${most} subscribers at once, all runs together; there was room for ${left}.`,
    },
    {
      limit: 'file-descriptors' as const,
      value: total * socketsEach + openSockets + FILES_BESIDES,
      bound: files,
      fits: (files - openSockets - FILES_BESIDES) / socketsEach,
      message: `The system lets this process have ${files} files and sockets open (ulimit -n), and ${openSockets} sockets were.`,
    },
    {
      limit: 'memory' as const,
      value: total * socketsEach * BYTES_EACH,
      bound: memory,
      fits: memory / BYTES_EACH / socketsEach,
      message: `${Math.round(memory / 1e6)} MB of memory were free, and a connection may need ${BYTES_EACH / 1024} KiB.`,
    },
  ];
  let admitted = wanted;
  for (const { fits, limit, value, bound, message } of room) {
    if (fits >= total) continue;
    const each = Math.max(0, Math.floor(fits / lanes));
    admitted = Math.min(admitted, each);
    met.push({ limit, value, bound, message: `${message} So ${each} of ${wanted} joined each lane.` });
  }
  return { admitted, met };
}

/** Files and sockets that this process may have open; MAX_SAFE_INTEGER where the system reports no limit. */
function filesAllowed(): number {
  // Otherwise it would look up the name of every peer. (Not in the types yet.)
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: number | string } } };
  const soft = Number(userLimits?.open_files?.soft);
  return Number.isFinite(soft) ? soft : Number.MAX_SAFE_INTEGER;
}

function ledgerOf(run: Run, crowd: Crowd, accounts: Map<TechniqueId, LaneLedger>): SubscriberLedger {
  const { report, admitted } = crowd;
  const lanes = [...accounts].map(([id, account]) => {
    const lane = report?.lanes[id] ?? { connected: 0, failed: 0, received: 0, lost: 0 };
    return [id, { ...lane, connected: crowd.here ? lane.connected : 0, ledger: account }];
  });
  const limits = [...crowd.limits];
  const late = report?.process.eventLoopDelayMs ?? 0;
  if (late > BUSY_MS) {
    const message = `The process of the simulated subscribers was late by up to ${Math.round(late)} ms: its processor was busy, and their latencies contain that.`;
    limits.push({ limit: 'cpu', value: late, bound: BUSY_MS, message });
  }
  if (report?.refusal !== undefined) {
    const failed = Object.values(report.lanes).reduce((sum, lane) => sum + lane.failed, 0);
    limits.push({ limit: 'refused', value: failed, bound: 0, message: `${failed} were refused: ${report.refusal}` });
  }
  return {
    wanted: run.settings.subscribers,
    admitted,
    lanes: Object.fromEntries(lanes),
    process: report?.process ?? { cpuMs: 0, rssBytes: 0, eventLoopDelayMs: 0 },
    limits,
  };
}
