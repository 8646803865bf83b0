/**
 * What a program's end of every technique is given and what it gives back: an AbortSignal in, samples out. The same
 * shape as the browser's rooms in site/techniques, so that what reads their samples reads these.
 */
import { type Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { EventList, PushEvent, Refusal, ResetNotice } from '../protocol.ts';

/** Something that happened in a lane. All times are `now()`: ms since the epoch by this process's clock. */
export type Sample =
  /** A request left. `request` counts from 1 in its lane. */
  | { kind: 'request'; request: number; at: number }
  /** Its answer is complete, or it failed or was dropped. */
  | { kind: 'response'; request: number; at: number; ok: boolean }
  /** An event arrived in the request's answer. Only news: a technique that is sent state picks out what is new. */
  | { kind: 'event'; request: number; at: number; seq: number; sentAt: number }
  /** The server no longer had what came after our cursor; the lane goes on from `next`. */
  | { kind: 'reset'; at: number; next: number }
  /** A message towards the server was answered. `at` = when the server had read it, by its own clock. */
  | { kind: 'uplink'; n: number; sentAt: number; at: number; answeredAt: number }
  /** Trouble that the lane lives with: it tries again. */
  | { kind: 'trouble'; at: number; reason: Trouble };

/** The connection failed or was cut; nothing came for longer than the heartbeat allows; the answer made no sense. */
export type Trouble = 'connection-lost' | 'silent' | 'bad-answer';

/** One lane of one run, seen from a program. */
export interface Lane {
  /** The demo server's origin, such as `http://127.0.0.1:4321`. */
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
 * A lane with its connections: one to its server, and another one for the messages that it sends while the first is busy;
 * kept open as HTTP/1.1 does unless the server closes them.
 */
export type Connected = Lane & { agent: Agent };

/**
 * The program's end of one technique: asks for events until the run has ended (resolves) or the signal aborts
 * (resolves too). Rejects with `Refused` where the server refuses it.
 */
export type Receive = (lane: Connected) => Promise<void>;

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
const SILENCE_MS = 35_000;

/**
 * What a lane waits before it asks again after a failure (ms). Fixed, so that the recovery of one technique compares with
 * another's. A product lets this wait grow and differ from reader to reader: /websocket-in-depth/#reconnecting.
 */
export const RETRY_MS = 500;

/** This process's clock: ms since the epoch with microseconds as fractions; steady. */
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

/** Address of a technique: the cursor is left out where the technique has none. */
export function pushUrl({ server, run, client }: Lane, technique: string, after?: number): URL {
  const url = new URL(`/push/${technique}`, server);
  if (run !== undefined) url.searchParams.set('run', run);
  if (client !== undefined) url.searchParams.set('client', client);
  if (after !== undefined) url.searchParams.set('after', String(after));
  return url;
}

/** Sends a GET; resolves with the answer once its head is here, rejects when it fails before or the signal aborts. */
export function get(
  { agent }: Connected,
  url: URL,
  signal: AbortSignal,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    request(url, { agent, signal, headers }).on('response', resolve).on('error', reject).end();
  });
}

/** The whole body as text; rejects when it is cut. */
export async function textOf(answer: IncomingMessage): Promise<string> {
  answer.setEncoding('utf8');
  let text = '';
  for await (const piece of answer) text += piece;
  return text;
}

/**
 * One request for an event list, with the moment its last byte was here (`at`) and whether the run has ended (`over`,
 * status 410). Rejects with `Refused`, or as the connection does.
 */
export async function askForEvents(lane: Connected, url: URL): Promise<EventList & { at: number; over: boolean }> {
  const answer = await get(lane, url, lane.signal);
  const { statusCode: status = 0 } = answer;
  const text = await textOf(answer);
  const at = now();
  if (status === 200 || status === 410) return { ...(JSON.parse(text) as EventList), at, over: status === 410 };
  throw refusal(status, text);
}

/** How a stream ended: the run is over, cleanly, by a failure, by silence, by what makes no sense, by us. */
export type End = 'over' | 'ended' | Trouble | 'aborted';

/** A stream to read: with which status the server says that the run is over, and what its answer is called. */
export interface Streaming {
  url: URL;
  overStatus: 204 | 410;
  type: string;
  headers?: Record<string, string>;
  /** Takes the body's text, however it is cut; a SyntaxError ends the stream as `bad-answer`. */
  read(text: string, at: number): void;
}

/** Reads one stream until it ends; rejects with the server's refusal. */
export async function readStream(lane: Connected, { url, overStatus, type, headers, read }: Streaming): Promise<End> {
  const { signal, silenceMs = SILENCE_MS } = lane;
  const released = new AbortController();
  let why: End = signal.aborted ? 'aborted' : 'connection-lost';
  const drop = (reason: End): void => {
    why = reason;
    released.abort();
  };
  const abort = (): void => drop('aborted');
  signal.addEventListener('abort', abort);
  const watchdog = setTimeout(drop, silenceMs, 'silent');
  try {
    signal.throwIfAborted();
    const answer = await get(lane, url, released.signal, headers);
    const { statusCode: status = 0 } = answer;
    if (status !== 200) {
      const text = await textOf(answer);
      if (status === overStatus) return 'over';
      throw refusal(status, text);
    }
    if (!answer.headers['content-type']?.startsWith(type)) throw new SyntaxError(`not of type ${type}`);
    answer.setEncoding('utf8');
    for await (const text of answer) {
      watchdog.refresh();
      read(text, now());
    }
    return 'ended';
  } catch (error) {
    // What makes no sense leaves the answer open.
    released.abort();
    if (error instanceof Refused) throw error;
    return error instanceof SyntaxError ? 'bad-answer' : why;
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener('abort', abort);
  }
}

/** Cuts text that comes in pieces into lines, and keeps the beginning of the next one. */
export function lines(line: (line: string, at: number) => void): (text: string, at: number) => void {
  let rest = '';
  return (text, at) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) line(part, at);
  };
}

/** Files one message of a stream as a sample; returns the cursor that it leads to. */
export function take(lane: Lane, request: number, at: number, message: PushEvent | ResetNotice): number {
  if ('reset' in message) {
    lane.sample({ kind: 'reset', at, next: message.next });
    return message.next;
  }
  lane.sample({ kind: 'event', request, at, seq: message.seq, sentAt: message.sentAt });
  return message.seq;
}

/**
 * What an answer that is no stream and no list means: a `Refused` in the server's words; or, where it has none and may
 * be better the next time, a SyntaxError.
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
