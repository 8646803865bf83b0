/**
 * What is measured in the reader's own browser, one probe after the other. Each gives a figure, a word or a short text;
 * `browser.probe.<id>` in the texts says what it is and how it was measured.
 */
import { smallestStep } from '../../demo-server/measure/clock.ts';
import { demoServer } from '../kit/server-address.ts';
import {
  away,
  burst,
  connectionsHeld,
  drawTry,
  drip,
  frameShows,
  heldBack,
  opensWith,
  settle,
  shownByFetch,
  shownByXhr,
  word,
} from './browser-measuring.ts';
import { gapsOf, median } from './gaps.ts';
import type { Value } from './probe-values.ts';

export interface Probe {
  id: string;
  /** It asks no server. Those come first. */
  alone?: true;
  /** It takes all connections of the browser: for about `takesMs` nothing else can be asked. */
  fills?: true;
  /** Roughly how long it takes (ms), for the progress bar. */
  takesMs: number;
  run(signal: AbortSignal): Promise<Value>;
}

const LINES = { type: 'lines', step: 16, every: 5, most: 3200 };

/** Every probe, in the order in which they run. */
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
