/**
 * What every technique's receiving end is given and what it gives back, in a browser and in a program alike: an AbortSignal
 * in, samples out.
 */
import type { Refusal, UplinkMessage } from '../protocol.ts';

/** Something that happened in a lane. All times are `now()`: ms since the epoch by this end's clock. */
export type Sample =
  /** A request left (fetch called, EventSource made, handshake begun). `request` counts from 1 in its lane. */
  | { kind: 'request'; request: number; at: number }
  /** Its answer is complete, or it failed or was dropped: the request's bar ends here. */
  | { kind: 'response'; request: number; at: number; ok: boolean }
  /** An event arrived in the request's answer. Only news: a technique that is sent state picks out what is new. */
  | { kind: 'event'; request: number; at: number; seq: number; sentAt: number; data?: string }
  /** The server no longer had what came after our cursor; the lane goes on from `next`. */
  | { kind: 'reset'; at: number; next: number }
  /** A message towards the server was answered. `at` = when the server had read it, by its own clock. */
  | { kind: 'uplink'; n: number; sentAt: number; at: number; answeredAt: number }
  /** Trouble that the lane lives with: it tries again. */
  | { kind: 'trouble'; at: number; reason: Trouble };

/** The connection failed or was cut; nothing came for longer than the heartbeat allows; the answer made no sense. */
export type Trouble = 'connection-lost' | 'silent' | 'bad-answer';

/** One lane of one run, seen from the receiving end. */
export interface Lane {
  /** Base address of the demo server, without a trailing slash: '' for the page's own origin. */
  server: string;
  /** Run id; undefined = the open feed. */
  run: string | undefined;
  /** Who asks, where several clients share an address: `client=` of every request. */
  client?: string | undefined;
  pollIntervalMs: number;
  /** A stream that is silent so long is dead (ms); `SILENCE_MS` if not given. */
  silenceMs?: number;
  /** Messages a second towards the server; none if not given. */
  uplinkPerSecond?: number;
  /** Bytes of data in each of them. */
  payloadBytes?: number;
  /** Whether the run has started, as far as is known: the messages begin then. From the beginning if not given. */
  started?: () => boolean;
  /** Whether it is known from elsewhere (the control socket) that the run has ended. */
  over?: () => boolean;
  signal: AbortSignal;
  sample(sample: Sample): void;
}

/**
 * The receiving end of one technique: asks for events until the run has ended (resolves) or the signal aborts
 * (resolves too, with every connection, timer and element released). Rejects with `Refused` where the server
 * refuses it, and with another Error where the technique cannot work at all here.
 */
export type Receive<L extends Lane = Lane> = (lane: L) => Promise<void>;

/** The server's refusal, with its status and its own words. */
export class Refused extends Error {
  status: number;
  error: string;

  constructor(status: number, { error, message }: Refusal) {
    super(message);
    this.status = status;
    this.error = error;
  }
}

/** A stream that has been silent so long is dead: the server's heartbeat comes every 15 s (ms). */
export const SILENCE_MS = 35_000;

/**
 * What a lane waits before it asks again after a failure (ms). Fixed, so that the recovery of one technique compares with
 * another's. A product lets this wait grow and differ from reader to reader: /websocket-in-depth/#reconnecting.
 */
export const RETRY_MS = 500;

/** This end's clock: ms since the epoch with fractions, steady; in a browser as fine as the page's isolation lets it be. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Waits `ms`, or until the signal aborts; never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, ms));
    signal.addEventListener('abort', done);
  });
}

/**
 * What an answer that is no stream and no list means: a `Refused` in the server's words; or, where it has none and may
 * be better the next time, a SyntaxError: a proxy's 502, or an answer cut so early that Firefox read a status of 20.
 */
export function refusal(status: number, body: string): Refused | SyntaxError {
  try {
    const words = JSON.parse(body) as Refusal;
    if (words.error && words.message) return new Refused(status, words);
  } catch {
    // No words of ours.
  }
  if (status < 400 || status >= 500) return new SyntaxError(`HTTP ${status} without words of the server`);
  return new Refused(status, { error: 'no-words', message: `HTTP ${status}` });
}

/** Sorts what a request failed with: a refusal ends the lane (thrown on); all else is trouble that it lives with. */
export function liveWith(error: unknown, { signal, sample }: Lane): void {
  if (signal.aborted) return;
  if (error instanceof Refused) throw error;
  sample({ kind: 'trouble', at: now(), reason: error instanceof SyntaxError ? 'bad-answer' : 'connection-lost' });
}

/** How often a lane looks whether its run has started (ms). */
const START_STEP_MS = 20;

/**
 * The messages that a lane sends towards the server, each at its time: evenly, from the start of the run until the signal
 * aborts. Who takes them late gets them late, with the moment that they were made at.
 */
export async function* uplinkMessages(lane: Lane): AsyncGenerator<UplinkMessage, void> {
  const { signal, uplinkPerSecond = 0, payloadBytes = 1, started = () => true } = lane;
  if (uplinkPerSecond <= 0) return;
  while (!started() && !signal.aborted) await pause(START_STEP_MS, signal);
  const begun = now();
  const data = 'u'.repeat(payloadBytes);
  for (let n = 1; !signal.aborted; n += 1) {
    // In the middle of its share of time, as the events of a steady feed: a run of whole seconds has rate × seconds.
    const due = begun + ((n - 0.5) * 1000) / uplinkPerSecond;
    const late = now() > due;
    await pause(due - now(), signal);
    if (!signal.aborted) yield { n, sentAt: late ? due : now(), data };
  }
}
