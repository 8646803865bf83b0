/** The byte and request accounts of a run. */
import type { RunState } from './runs.ts';
import type { TechniqueId } from './techniques.ts';

/** Why the server ended a connection by itself, and how often in this lane. */
export interface Cut {
  reason: string;
  count: number;
}

/** The byte and request account of one lane. Bytes are TCP payload as the server's socket carried it. */
export interface LaneLedger {
  requests: number;
  responses: number;
  connectionsOpened: number;
  connectionsReused: number;
  /** Events that were news to their reader; an event sent again counts in `redundantPayload` only. */
  eventsSent: number;
  bytes: {
    up: { head: number; framing: number; body: number };
    down: { head: number; framing: number; envelope: number; payload: number; redundantPayload: number };
  };
  wireBytesUp: number;
  wireBytesDown: number;
  /** What the sockets carried less what was counted; always 0. */
  unaccountedBytes: number;
  cuts: Cut[];
  /** Connections that are open now and whose last request belongs here. */
  openConnections: number;
  /** Messages that clients sent towards the server (POST bodies, WebSocket data messages), whatever became of them. */
  uplinkMessages: number;
}

/** The accounts of a run. `control` = its control sockets; `site` = other requests about this run (`/runs/<id>/…`). */
export interface RunLedger {
  run: string;
  state: RunState;
  lanes: Partial<Record<TechniqueId, LaneLedger>>;
  control: LaneLedger;
  site: LaneLedger;
  /** What the run cost the server; the server always tells it, documents of earlier days lack it. */
  process?: ProcessFigures;
  /** Only where a run has some. */
  subscribers?: SubscriberLedger;
  /** Only in the open run's ledger, where `control` and `site` are all that belongs to no run: what no request could be read from. */
  unowned?: LaneLedger;
}

/**
 * What a run cost the server's process. All runs, lanes and pages share one process, so these are the run's own only as
 * far as nothing else goes on, and no lane's share can be told apart.
 */
export interface ProcessFigures {
  /** CPU time in ms, user and system, since the run's start; 0 before it, and after the end what it was then. */
  cpuMs: number;
  rssBytes: number;
  heapBytes: number;
  /** Connections that the whole server has open. */
  openSockets: number;
  /** The most that the event loop was late since the run's start, in ms: so long everything had to wait once. */
  eventLoopDelayMs: number;
}

/** A server or a page whose event loop was late by more than this (ms) has added it to every latency. */
export const BUSY_MS = 100;

/** The query `client` of a request: who asks, where several clients share an address. */
export const CLIENT_NAME = /^[\w-]{1,64}$/;
/** Clients with a name that begins so are simulated: they are counted in accounts of their own, never in a lane's. */
export const SUBSCRIBER = 'subscriber-';

/** What the simulated subscribers of one lane did. `latency` in ms, of events sent since their reader first asked. */
export interface SubscriberLane {
  /** Taking part: has asked, and neither ended nor waits to try again. */
  connected: number;
  /** Refused by the server, or ended by an error that they could not live with. */
  failed: number;
  received: number;
  lost: number;
  latency?: { count: number; p50: number; p95: number; max: number };
  ledger: LaneLedger;
}

/**
 * A limit that the simulated subscribers met: what was needed or measured (`value`) and what there is or should be at the
 * most (`bound`): subscribers, sockets, bytes, or for `cpu` (their process) and `server-cpu` ms that its event loop was late.
 */
export interface SubscriberLimit {
  limit: 'subscribers' | 'file-descriptors' | 'memory' | 'cpu' | 'server-cpu' | 'refused' | 'worker';
  value: number;
  bound: number;
  message: string;
}

/** The simulated subscribers of a run, apart from the lanes. */
export interface SubscriberLedger {
  /** Asked for and admitted, of each lane. */
  wanted: number;
  admitted: number;
  lanes: Partial<Record<TechniqueId, SubscriberLane>>;
  /** The process that they live in, since this run joined it; runs at the same time share it. */
  process: { cpuMs: number; rssBytes: number; eventLoopDelayMs: number };
  limits: SubscriberLimit[];
}
