/** A run, as the server tells it. */
import type { BegunFault } from './faults.ts';
import type { RunSettings } from './settings.ts';

export type RunState = 'ready' | 'running' | 'finished';

/** Whether servers that serve the same runs reach each other, and where they do, whether their clocks are too far apart for latencies. */
export type SharedState = 'up' | 'down' | 'clocks-differ';

/** A run as the server tells it. Times are in ms since the epoch by the server's clock. */
export interface RunInfo {
  id: string;
  state: RunState;
  settings: RunSettings;
  createdAt: number;
  /** Null until started; the first event comes after it. */
  startsAt: number | null;
  /** Null until started; then when it will end or has ended. */
  endsAt: number | null;
  /** The seq of the newest event sent by the feed so far (0 = none). */
  lastSeq: number;
  /** The faults that have begun so far, in that order. */
  faults: BegunFault[];
  /** Only where several servers serve the run: whether they reach each other now. */
  shared?: SharedState;
}

/**
 * Answer of `POST /runs`. `proxied`: the request came through a proxy, so the ledger counts what lies behind it. `tls`: this
 * server ends TLS itself (--https), so the ledger counts what lies inside it.
 */
export interface CreatedRun extends RunInfo {
  proxied: boolean;
  tls: boolean;
}

/** The run that serves every request without `run=`: one event a second, always on. */
export const OPEN_RUN = 'open';
