/** What the techniques share in a program: requests, streams and their lines. */
import { type Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type Lane, now, Refused, refusal, SILENCE_MS, type Trouble } from '../measure/lane.ts';
import type { EventList, PushEvent, ResetNotice } from '../protocol.ts';

/**
 * A lane with its connections: one to its server, and another one for the messages that it sends while the first is busy;
 * kept open as HTTP/1.1 does unless the server closes them.
 */
export type Connected = Lane & { agent: Agent };

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
