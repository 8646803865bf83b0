/** How the probes of “your browser” measure: what is shown when, what is held back, which connections are opened. */
import { pageTime } from '../../demo-server/measure/clock.ts';
import { pause } from '../../demo-server/measure/lane.ts';
import { NoServer, serverAnswers } from '../kit/ask-server.ts';
import { demoServer } from '../kit/server-address.ts';
import { openLab, webSocketAddress } from './connection-watch.ts';
import type { Value } from './probe-values.ts';

/** How much of an answer is offered to a browser that holds its beginning back (bytes). */
const OFFERED = 4096;
/** The size of a script in the page of the frame (bytes), as demo-server/probes/browser.ts writes it. */
const FRAME_STEP = 64;
/** A connection that has not reached the server within this is taken to wait (ms). */
const CALM_MS = 1500;

/** A value that `browser.word.<word>` says. */
export const word = (value: string): Value => ({ kind: 'word', value });
/** A random name, by which the server knows the requests of one probe. */
export const drawTry = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
/** The address of a response that comes piece by piece. */
export const drip = (values: Record<string, string | number>): string =>
  `${demoServer()}/probe/browser/drip?${new URLSearchParams(Object.entries({ first: 0, ...values }).map(([name, value]) => [name, String(value)]))}`;

/** A promise that rejects when the signal aborts, and clears up in any case. */
export function settle<T>(
  signal: AbortSignal,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let release = (): void => {};
    const done = (act: () => void): void => {
      signal.removeEventListener('abort', aborted);
      // A listener may settle while it is being set up.
      queueMicrotask(() => release());
      act();
    };
    const aborted = (): void => done(() => reject(signal.reason));
    signal.addEventListener('abort', aborted);
    if (signal.aborted) return aborted();
    release = start(
      (value) => done(() => resolve(value)),
      (error) => done(() => reject(error)),
    );
  });
}

/** How long an EventSource stays away after its stream has ended (ms, by the server's clock). */
export async function away(query: string, signal: AbortSignal): Promise<Value> {
  const value = await settle<number>(signal, (resolve, reject) => {
    const source = new EventSource(`${demoServer()}/probe/browser/retry?try=${drawTry()}${query}`);
    source.onmessage = ({ data }) => data !== 'first' && resolve(Number(data));
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) reject(new Error('the stream ended for good'));
      // To the page a stream that was ended and one whose server has gone are the same; the browser would try for ever.
      void serverAnswers(signal).then((answers) => answers || reject(new NoServer('the stream ended')));
    };
    return () => source.close();
  });
  return { kind: 'ms', value };
}

/** Whether something that opens does so with the head, or with the first byte 800 ms later. */
export async function opensWith(open: (url: string) => Promise<void>, type: string): Promise<Value> {
  const late = 800;
  const begun = pageTime();
  await open(`${demoServer()}/probe/browser/late?ms=${late}&type=${type}`);
  return word(pageTime() - begun < late / 2 ? 'head' : 'first-byte');
}

/** How many bytes of an answer an XHR shows first. */
export function shownByXhr(url: string, signal: AbortSignal): Promise<number> {
  return settle(signal, (resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.onprogress = () => xhr.responseText.length > 0 && resolve(xhr.responseText.length);
    xhr.onload = () => resolve(xhr.responseText.length);
    xhr.onerror = () => reject(new Error('the request failed'));
    xhr.open('GET', url);
    xhr.send();
    return () => xhr.abort();
  });
}

/** How many bytes of an answer fetch hands over first. */
export async function shownByFetch(url: string, signal: AbortSignal): Promise<number> {
  const dropped = new AbortController();
  const answer = await fetch(url, { signal: AbortSignal.any([signal, dropped.signal]) });
  const { value } = (await answer.body?.getReader().read()) ?? {};
  dropped.abort();
  return value?.length ?? 0;
}

/** The bytes that a browser holds back of plain text: first roughly, then byte by byte. */
export async function heldBack(
  shown: typeof shownByXhr,
  extra: Record<string, string>,
  signal: AbortSignal,
): Promise<Value> {
  const step = 64;
  const rough = await shown(drip({ type: 'text', step, every: 20, most: OFFERED, ...extra }), signal);
  // Four pieces arrive in the 50 ms and a little that an XHR takes to report the first.
  if (rough <= 4 * step) return word('at-once');
  if (rough >= OFFERED) return { kind: 'bytes', value: OFFERED, more: true };
  const first = rough - 160;
  const fine = await shown(drip({ type: 'text', first, step: 1, every: 8, most: first + 400, ...extra }), signal);
  return { kind: 'bytes', value: Math.min(rough, fine) };
}

/** How many bytes of a page in a frame have arrived when its first scripts run. */
export async function frameShows(type: string, signal: AbortSignal): Promise<Value> {
  const once = await firstInFrame(type, signal);
  if (once >= OFFERED) return { kind: 'bytes', value: OFFERED, more: true };
  // A busy machine may add to it; so it is measured twice.
  return { kind: 'bytes', value: Math.min(once, await firstInFrame(type, signal)) };
}

function firstInFrame(type: string, signal: AbortSignal): Promise<number> {
  return settle<number>(signal, (resolve) => {
    const frame = document.createElement('iframe');
    let most = 0;
    // Its page may be of another origin, which can call nothing here: it sends messages.
    const take = ({ data, source }: MessageEvent): void => {
      if (source !== frame.contentWindow || typeof data !== 'number') return;
      // Scripts that were held back together run in one go, up to the last.
      if (most === 0) setTimeout(() => resolve(most), 8);
      most = data;
    };
    addEventListener('message', take);
    frame.hidden = true;
    frame.title = type;
    frame.src = drip({ type, step: FRAME_STEP, every: 30, most: OFFERED });
    document.body.append(frame);
    return () => {
      frame.remove();
      removeEventListener('message', take);
    };
  });
}

/** How many of `streams` requests reach the server at the same time, and whether a WebSocket does beside them. */
export async function connectionsHeld(
  streams: number,
  signal: AbortSignal,
  withSocket = false,
): Promise<{ streams: number; socket: boolean }> {
  const ended = new AbortController();
  const until = AbortSignal.any([signal, ended.signal]);
  try {
    const lab = await openLab({ page: '', openTab: () => {}, changed: () => {} }, until);
    void lab.closed.then(() => ended.abort(new NoServer('the watching socket closed')));
    for (let n = 0; n < streams; n += 1) lab.ask('stream');
    await pause(CALM_MS, until);
    const reached = lab.counts?.reached ?? 0;
    if (withSocket) {
      lab.ask('socket');
      await pause(CALM_MS, until);
    }
    until.throwIfAborted();
    const sockets = [...lab.asked.values()].filter(({ kind, reached: at }) => kind === 'socket' && at !== null);
    return { streams: reached, socket: sockets.length > 0 };
  } finally {
    ended.abort();
  }
}

/** A thousand messages in one go, beside a task that asks for its turn again and again: the most that came in a row. */
export function burst(signal: AbortSignal): Promise<{ extensions: string; inRow: number }> {
  return settle(signal, (resolve, reject) => {
    const socket = new WebSocket(webSocketAddress(`${demoServer()}/probe/browser/burst`));
    const { port1, port2 } = new MessageChannel();
    let told: { extensions: string; messages: number } | undefined;
    let [got, row, longest] = [0, 0, 0];
    port1.onmessage = () => {
      row = 0;
      if (got < (told?.messages ?? 0)) port2.postMessage(0);
    };
    socket.onmessage = ({ data }) => {
      if (!told) {
        told = JSON.parse(String(data)) as { extensions: string; messages: number };
        port2.postMessage(0);
        return socket.send('go');
      }
      got += 1;
      row += 1;
      longest = Math.max(longest, row);
      if (got === told.messages) resolve({ extensions: told.extensions, inRow: longest });
    };
    socket.onerror = () => reject(new Error('the WebSocket failed'));
    return () => {
      socket.close();
      port1.close();
    };
  });
}
