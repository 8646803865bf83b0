/** The ledger of a run: bytes, requests and connections of each lane. */
import type { RunState } from './runs.ts';
import type { TechniqueId } from './techniques.ts';

/** Why the server itself ended connections of a lane, and how many. */
export interface Cut {
  reason: string;
  count: number;
}

/** The account of one lane. Bytes are TCP payload, as the server's socket carried it. */
export interface LaneLedger {
  requests: number;
  responses: number;
  connectionsOpened: number;
  connectionsReused: number;
  /** Events that were new to their reader. An event that is sent again counts in `redundantPayload` only. */
  eventsSent: number;
  bytes: {
    up: { head: number; framing: number; body: number };
    down: { head: number; framing: number; envelope: number; payload: number; redundantPayload: number };
  };
  wireBytesUp: number;
  wireBytesDown: number;
  /** What the sockets carried minus what was counted: always 0. */
  unaccountedBytes: number;
  cuts: Cut[];
  /** Connections that are open now and whose last request belongs to this account. */
  openConnections: number;
  /** Messages from clients (POST bodies, WebSocket data messages), accepted or not. */
  uplinkMessages: number;
}

/** The accounts of a run. `control` = its control sockets; `site` = other requests about this run (`/runs/<id>/…`). */
export interface RunLedger {
  run: string;
  state: RunState;
  lanes: Partial<Record<TechniqueId, LaneLedger>>;
  control: LaneLedger;
  site: LaneLedger;
  /** What the run cost the server. The server always sends it, but older documents lack it. */
  process?: ProcessFigures;
  /** Only if the run has simulated subscribers. */
  subscribers?: SubscriberLedger;
  /** Bytes in which no request was found. Only in the open run's ledger, where `control` and `site` hold what belongs to no run. */
  unowned?: LaneLedger;
}

/**
 * What a run cost the server's process. All runs, lanes and pages share one process, so the figures belong to the run only if
 * nothing else is going on, and cannot be divided among its lanes.
 */
export interface ProcessFigures {
  /** CPU time (ms), user and system, from the start of the run to now or to its end; 0 before it starts. */
  cpuMs: number;
  rssBytes: number;
  heapBytes: number;
  /** Open connections of the whole server. */
  openSockets: number;
  /** The longest delay of the event loop since the start of the run (ms): everything had to wait this long once. */
  eventLoopDelayMs: number;
}

/** An event loop that is late by more than this (ms), in a server or a page, adds it to every latency of that moment. */
export const BUSY_MS = 100;

/** The query parameter `client` of a request: the client's name, for clients that share an address. */
export const CLIENT_NAME = /^[\w-]{1,64}$/;
/** Clients whose name begins with this are simulated: they have accounts of their own and never count in a lane's. */
export const SUBSCRIBER = 'subscriber-';

/** What the simulated subscribers of one lane did. `latency` in ms, of events sent after the subscriber's first request. */
export interface SubscriberLane {
  /** Connected: has sent its first request, has not ended and is not waiting to try again. */
  connected: number;
  /** Refused by the server, or ended by an error for good. */
  failed: number;
  received: number;
  lost: number;
  latency?: { count: number; p50: number; p95: number; max: number };
  ledger: LaneLedger;
}

/**
 * A limit that the simulated subscribers reached: what was needed or measured (`value`), and the most that is available or
 * acceptable (`bound`). In subscribers, sockets or bytes; for `cpu` (their process) and `server-cpu`, the event loop's delay in ms.
 */
export interface SubscriberLimit {
  limit: 'subscribers' | 'file-descriptors' | 'memory' | 'cpu' | 'server-cpu' | 'refused' | 'worker';
  value: number;
  bound: number;
  message: string;
}

/** The simulated subscribers of a run, apart from the lanes. */
export interface SubscriberLedger {
  /** How many were requested and admitted, for each lane. */
  wanted: number;
  admitted: number;
  lanes: Partial<Record<TechniqueId, SubscriberLane>>;
  /** Their process, since this run joined it. Concurrent runs share it. */
  process: { cpuMs: number; rssBytes: number; eventLoopDelayMs: number };
  limits: SubscriberLimit[];
}
