/** A run, as the server reports it. */
import type { BegunFault } from './faults.ts';
import type { RunSettings } from './settings.ts';

export type RunState = 'ready' | 'running' | 'finished';

/** Whether servers that serve the same runs reach each other and, if so, whether their clocks are too far apart for latencies. */
export type SharedState = 'up' | 'down' | 'clocks-differ';

/** A run as the server reports it. Times are in ms since the epoch by the server's clock. */
export interface RunInfo {
  id: string;
  state: RunState;
  settings: RunSettings;
  createdAt: number;
  /** Null until it starts. The first event comes after this. */
  startsAt: number | null;
  /** Null until it starts; then when it will end, or has ended. */
  endsAt: number | null;
  /** The seq of the newest event sent by the feed so far (0 = none). */
  lastSeq: number;
  /** The faults that have begun so far, in order. */
  faults: BegunFault[];
  /** Only if several servers serve the run: whether they reach each other now. */
  shared?: SharedState;
}

/**
 * Response of `POST /runs`. `proxied`: the request came through a proxy, so the ledger counts the traffic between the proxy and
 * this server. `tls`: this server terminates TLS itself (--https), so the ledger counts what is inside it.
 */
export interface CreatedRun extends RunInfo {
  proxied: boolean;
  tls: boolean;
}

/** The run of every request without `run=`: one event per second, always running. */
export const OPEN_RUN = 'open';
