/**
 * What is measured in the reader's own browser, one probe after the other. Each gives a figure, a word or a short text;
 * `browser.probe.<id>` in the texts says what it is and how it was measured.
 */
import { pageTime, smallestStep } from '../../demo-server/measure/clock.ts';
import { pause } from '../../demo-server/measure/lane.ts';
import { NoServer, serverAnswers } from '../kit/ask-server.ts';
import { demoServer } from '../kit/server-address.ts';
import { openLab, webSocketAddress } from './connection-watch.ts';
import { gapsOf, median } from './gaps.ts';

/** A figure with its unit, a word (`browser.word.<word>`), or a text that is the same in all languages. `more`: at least so much. */
export type Value =
  | { kind: 'ms' | 'bytes' | 'count'; value: number; more?: true }
  | { kind: 'word'; value: string }
  | { kind: 'text'; value: string };

export interface Probe {
  id: string;
  /** It asks no server. Those come first. */
  alone?: true;
  /** It takes all connections of the browser: for about `takesMs` nothing else can be asked. */
  fills?: true;
  /** About so long it takes (ms); for the progress. */
  takesMs: number;
  run(signal: AbortSignal): Promise<Value>;
}

/** How much of an answer is offered to a browser that holds its beginning back (bytes). */
const OFFERED = 4096;
/** The size of a script in the page of the frame (bytes), as demo-server/probes/browser.ts writes it. */
const FRAME_STEP = 64;
/** What has not come within this, waits (ms). */
const CALM_MS = 1500;

const word = (value: string): Value => ({ kind: 'word', value });
const drawTry = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const drip = (values: Record<string, string | number>): string =>
  `${demoServer()}/probe/browser/drip?${new URLSearchParams(Object.entries({ first: 0, ...values }).map(([name, value]) => [name, String(value)]))}`;

/** A promise that rejects when the signal aborts, and clears up in any case. */
function settle<T>(
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
async function away(query: string, signal: AbortSignal): Promise<Value> {
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
async function opensWith(open: (url: string) => Promise<void>, type: string): Promise<Value> {
  const late = 800;
  const begun = pageTime();
  await open(`${demoServer()}/probe/browser/late?ms=${late}&type=${type}`);
  return word(pageTime() - begun < late / 2 ? 'head' : 'first-byte');
}

/** How many bytes of an answer an XHR shows first. */
function shownByXhr(url: string, signal: AbortSignal): Promise<number> {
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
async function shownByFetch(url: string, signal: AbortSignal): Promise<number> {
  const dropped = new AbortController();
  const answer = await fetch(url, { signal: AbortSignal.any([signal, dropped.signal]) });
  const { value } = (await answer.body?.getReader().read()) ?? {};
  dropped.abort();
  return value?.length ?? 0;
}

/** The bytes that a browser holds back of plain text: first roughly, then byte by byte. */
async function heldBack(shown: typeof shownByXhr, extra: Record<string, string>, signal: AbortSignal): Promise<Value> {
  const step = 64;
  const rough = await shown(drip({ type: 'text', step, every: 20, most: OFFERED, ...extra }), signal);
  // Four pieces come in the 50 ms and a little that an XHR takes to tell of the first.
  if (rough <= 4 * step) return word('at-once');
  if (rough >= OFFERED) return { kind: 'bytes', value: OFFERED, more: true };
  const first = rough - 160;
  const fine = await shown(drip({ type: 'text', first, step: 1, every: 8, most: first + 400, ...extra }), signal);
  return { kind: 'bytes', value: Math.min(rough, fine) };
}

/** How many bytes of a page in a frame are here when its first scripts run. */
async function frameShows(type: string, signal: AbortSignal): Promise<Value> {
  const once = await firstInFrame(type, signal);
  if (once >= OFFERED) return { kind: 'bytes', value: OFFERED, more: true };
  // A busy machine may add to it; so it is done twice.
  return { kind: 'bytes', value: Math.min(once, await firstInFrame(type, signal)) };
}

function firstInFrame(type: string, signal: AbortSignal): Promise<number> {
  return settle<number>(signal, (resolve) => {
    const frame = document.createElement('iframe');
    let most = 0;
    // Its page may be of another origin, which can call nothing here: it sends messages.
    const hear = ({ data, source }: MessageEvent): void => {
      if (source !== frame.contentWindow || typeof data !== 'number') return;
      // Scripts that were held back together run in one go, up to the last.
      if (most === 0) setTimeout(() => resolve(most), 8);
      most = data;
    };
    addEventListener('message', hear);
    frame.hidden = true;
    frame.title = type;
    frame.src = drip({ type, step: FRAME_STEP, every: 30, most: OFFERED });
    document.body.append(frame);
    return () => {
      frame.remove();
      removeEventListener('message', hear);
    };
  });
}

const LINES = { type: 'lines', step: 16, every: 5, most: 3200 };

export const PROBES: readonly Probe[] = [
  { id: 'isolated', alone: true, takesMs: 0, run: async () => word(globalThis.crossOriginIsolated ? 'yes' : 'no') },
  { id: 'timer-step', alone: true, takesMs: 50, run: async () => ({ kind: 'ms', value: smallestStep(undefined, 40) }) },
  {
    id: 'timer-nested',
    alone: true,
    takesMs: 300,
    async run(signal) {
      const times = [performance.now()];
      // A timer set by a timer, and so on: a promise in between would break the chain that browsers count.
      await settle<void>(signal, (resolve) => {
        const next = (): void => {
          times.push(performance.now());
          if (times.length > 40) resolve();
          else timer = setTimeout(next, 0);
        };
        let timer = setTimeout(next, 0);
        return () => clearTimeout(timer);
      });
      return { kind: 'ms', value: median(gapsOf(times.slice(10))) };
    },
  },
  { id: 'sse-retry', takesMs: 5000, run: (signal) => away('', signal) },
  { id: 'sse-retry-cut', takesMs: 5000, run: (signal) => away('&end=cut', signal) },
  { id: 'sse-retry-200', takesMs: 600, run: (signal) => away('&retry=200', signal) },
  {
    id: 'sse-gives-up',
    takesMs: 1500,
    async run(signal) {
      const answers = ['204', '404', '500', '502', 'text/html'];
      const ended: string[] = [];
      for (const answer of answers) {
        const query = answer === 'text/html' ? 'code=200&type=html' : `code=${answer}`;
        const forGood = await settle<boolean>(signal, (resolve) => {
          const source = new EventSource(`${demoServer()}/probe/browser/status?${query}`);
          source.onerror = () => resolve(source.readyState === EventSource.CLOSED);
          return () => source.close();
        });
        if (forGood) ended.push(answer);
      }
      return { kind: 'text', value: ended.join(', ') };
    },
  },
  {
    id: 'sse-open',
    takesMs: 800,
    run: (signal) =>
      opensWith(
        (url) =>
          settle<void>(signal, (resolve, reject) => {
            const source = new EventSource(url);
            source.onopen = () => resolve();
            source.onerror = () => reject(new Error('the stream failed'));
            return () => source.close();
          }),
        'sse',
      ),
  },
  {
    id: 'fetch-open',
    takesMs: 800,
    run: (signal) =>
      opensWith(async (url) => {
        const dropped = new AbortController();
        await fetch(url, { signal: AbortSignal.any([signal, dropped.signal]) });
        dropped.abort();
      }, 'lines'),
  },
  {
    id: 'xhr-step',
    takesMs: 1100,
    async run(signal) {
      const times = await settle<number[]>(signal, (resolve, reject) => {
        const seen: number[] = [];
        const xhr = new XMLHttpRequest();
        xhr.onprogress = () => seen.push(performance.now());
        xhr.onload = () => resolve(seen);
        xhr.onerror = () => reject(new Error('the request failed'));
        xhr.open('GET', drip(LINES));
        xhr.send();
        return () => xhr.abort();
      });
      return { kind: 'ms', value: median(gapsOf(times)) };
    },
  },
  {
    id: 'fetch-step',
    takesMs: 1100,
    async run(signal) {
      const answer = await fetch(drip(LINES), { signal });
      const reader = answer.body?.getReader();
      const times: number[] = [];
      while (reader && !(await reader.read()).done) times.push(performance.now());
      return { kind: 'ms', value: median(gapsOf(times)) };
    },
  },
  { id: 'sniff-xhr', takesMs: 2500, run: (signal) => heldBack(shownByXhr, {}, signal) },
  { id: 'sniff-nosniff', takesMs: 100, run: (signal) => heldBack(shownByXhr, { nosniff: '' }, signal) },
  { id: 'sniff-fetch', takesMs: 100, run: (signal) => heldBack(shownByFetch, {}, signal) },
  { id: 'frame-utf8', takesMs: 200, run: (signal) => frameShows('frame-utf8', signal) },
  { id: 'frame-plain', takesMs: 2500, run: (signal) => frameShows('frame', signal) },
  {
    id: 'xhr-cut',
    takesMs: 300,
    run: (signal) =>
      settle<Value>(signal, (resolve) => {
        const xhr = new XMLHttpRequest();
        xhr.onloadend = () => resolve(word(xhr.responseText === '' ? 'emptied' : 'kept'));
        xhr.open('GET', drip({ type: 'lines', step: 64, every: 60, most: 256, end: 'cut' }));
        xhr.send();
        return () => xhr.abort();
      }),
  },
  {
    id: 'connections',
    fills: true,
    takesMs: 2000,
    run: (signal) => connectionsHeld(10, signal).then(({ streams }) => ({ kind: 'count', value: streams })),
  },
  {
    id: 'socket-beside',
    fills: true,
    takesMs: 3500,
    run: (signal) => connectionsHeld(10, signal, true).then(({ socket }) => word(socket ? 'passes' : 'waits')),
  },
  {
    id: 'repeat',
    takesMs: 200,
    async run(signal) {
      const url = `${demoServer()}/probe/browser/repeat?try=${drawTry()}`;
      // The browser may pick another connection; then nothing was broken, and it is asked again.
      for (let n = 0; n < 6; n += 1) {
        try {
          const { broken } = (await (await fetch(url, { cache: 'no-store', signal })).json()) as { broken: boolean };
          if (broken) return word('asked-again');
        } catch (error) {
          if (signal.aborted) throw error;
          return word('failed');
        }
      }
      return word('unknown');
    },
  },
  {
    id: 'head-bytes',
    takesMs: 50,
    async run(signal) {
      const { bytes } = (await (await fetch(`${demoServer()}/probe/browser/head`, { signal })).json()) as {
        bytes: number;
      };
      return { kind: 'bytes', value: bytes };
    },
  },
  {
    id: 'ws-deflate',
    takesMs: 50,
    run: (signal) =>
      burst(signal).then(({ extensions }) => word(/permessage-deflate/.test(extensions) ? 'offered' : 'not-offered')),
  },
  {
    id: 'ws-burst',
    takesMs: 500,
    run: (signal) => burst(signal).then(({ inRow }) => ({ kind: 'count', value: inRow })),
  },
];

/** How many of so many streams reach the server, and whether a WebSocket does beside them. */
async function connectionsHeld(
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
function burst(signal: AbortSignal): Promise<{ extensions: string; inRow: number }> {
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
