/**
 * What every technique's browser end is given and what it gives back: an AbortSignal in, samples out.
 */

/** Something that happened in a lane. All times are `performance.timeOrigin + performance.now()`, in ms. */
export type Sample =
  /** A request left (fetch called, EventSource made, handshake begun). `request` counts from 1 in its lane. */
  | { kind: 'request'; request: number; at: number }
  /** Its answer is complete, or it failed or was dropped: the request's bar ends here. */
  | { kind: 'response'; request: number; at: number; ok: boolean }
  /** An event arrived in the request's answer. Only news: a technique that is sent state picks out what is new. */
  | { kind: 'event'; request: number; at: number; seq: number; sentAt: number }
  /** The server no longer had what came after our cursor; the lane goes on from `next`. */
  | { kind: 'reset'; at: number; next: number }
  /** Trouble that the lane lives with (it tries again) — in words a reader understands. */
  | { kind: 'trouble'; at: number; message: string };

/** One lane of one run, seen from the browser. */
export interface Lane {
  /** Base address of the demo server, without a trailing slash: '' for the site's own origin. */
  server: string;
  /** Run id; undefined = the open feed. */
  run: string | undefined;
  pollIntervalMs: number;
  signal: AbortSignal;
  sample(sample: Sample): void;
}

/**
 * The browser's end of one technique: asks for events until the run has ended (resolves) or the signal aborts
 * (resolves too, with every connection, timer and element released). Rejects only where the technique cannot
 * work at all in this browser or the server refuses it, with the reason in words.
 */
export type Receive = (lane: Lane) => Promise<void>;
