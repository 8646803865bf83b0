/** Reads one technique through whatever stands on a port, as a plain client would, and notes when each event was here. */
import { Agent, get, type IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import WebSocket from 'ws';
import { now } from '../../demo-server/feed.ts';
import type { EventList, TechniqueId } from '../../demo-server/protocol.ts';

export interface Arrival {
  seq: number;
  sentAt: number;
  /** When it was here; the same clock where the server is in this process. */
  at: number;
}

export interface Reader {
  /** Each event once, in the order in which they came. */
  arrivals: Arrival[];
  /** Of the first answer; undefined until it is here. */
  answer: { status: number; version: string; headers: IncomingMessage['headers'] } | undefined;
  /** Whether a later request went on a connection that was there. */
  reused: boolean;
  /** Resolves as soon as `enough` says so, or the reader has come to its end. */
  until(enough: () => boolean): Promise<void>;
  /** Resolves when there is nothing more to come: `clean` if it was ended as HTTP or WebSocket end it. */
  ended: Promise<{ clean: boolean; status: number }>;
  /** Signs of life that are no events. */
  heartbeats(): number;
  stop(): void;
}

export interface ReaderOptions {
  port: number;
  technique: TechniqueId;
  run: string;
  pollIntervalMs: number;
  headers?: Record<string, string>;
}

const EVENT = /\{"seq":(\d+),"sentAt":([\d.]+),/g;
const HEARTBEAT: Partial<Record<TechniqueId, RegExp>> = {
  'iframe-stream': /p\(\)/g,
  'xhr-stream': /^\n/gm,
  sse: /^:$/gm,
};

export function startReader({ port, technique, run, pollIntervalMs, headers = {} }: ReaderOptions): Reader {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const waiting = new Set<() => void>();
  const end = Promise.withResolvers<{ clean: boolean; status: number }>();
  let over = false;
  let pings = 0;
  let text = '';
  let stopClient = (): void => {};
  const path = (): string => `/push/${technique}?run=${run}&after=${reader.arrivals.at(-1)?.seq ?? 0}`;
  const wake = (): void => {
    for (const check of [...waiting]) check();
  };
  const finish = (clean: boolean, status: number): void => {
    if (over) return;
    over = true;
    agent.destroy();
    end.resolve({ clean, status });
    wake();
  };
  const note = (seq: number, sentAt: number): void => {
    if (seq <= (reader.arrivals.at(-1)?.seq ?? 0)) return;
    reader.arrivals.push({ seq, sentAt, at: now() });
  };
  const noteAnswer = ({ statusCode: status = 0, httpVersion: version, headers: got }: IncomingMessage): void => {
    reader.answer ??= { status, version, headers: got };
  };

  /** The body as it comes, unpacked if need be; `done(clean)` once. */
  function readBody(answer: IncomingMessage, take: (text: string) => void, done: (clean: boolean) => void): void {
    const body = answer.headers['content-encoding'] === 'gzip' ? answer.pipe(createGunzip()) : answer;
    body.setEncoding('utf8');
    body.on('data', take);
    body.on('error', () => done(false));
    body.on('end', () => done(answer.complete));
    answer.on('close', () => answer.complete || done(false));
  }

  function ask(): void {
    const request = get({ port, host: '127.0.0.1', path: path(), agent, headers }, (answer) => {
      noteAnswer(answer);
      reader.reused ||= request.reusedSocket;
      let body = '';
      readBody(
        answer,
        (more) => {
          body += more;
        },
        (clean) => {
          const status = answer.statusCode ?? 0;
          if (!clean || (status !== 200 && status !== 410)) return finish(false, status);
          for (const { seq, sentAt } of (JSON.parse(body) as EventList).events) note(seq, sentAt);
          wake();
          if (status === 410) finish(true, status);
          else if (!over) setTimeout(ask, technique === 'long-poll' ? 0 : pollIntervalMs);
        },
      );
    });
    request.on('error', () => finish(false, 0));
    stopClient = () => request.destroy();
  }

  function stream(): void {
    const request = get({ port, host: '127.0.0.1', path: path(), agent, headers }, (answer) => {
      noteAnswer(answer);
      readBody(
        answer,
        (more) => {
          text += more;
          for (const [, seq, sentAt] of text.matchAll(EVENT)) note(Number(seq), Number(sentAt));
          wake();
        },
        (clean) => finish(clean, answer.statusCode ?? 0),
      );
    });
    request.on('error', () => finish(false, 0));
    stopClient = () => request.destroy();
  }

  function connect(): void {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path()}`, { headers, perMessageDeflate: false });
    socket.on('upgrade', noteAnswer);
    socket.on('unexpected-response', (_request, answer) => {
      noteAnswer(answer);
      answer.resume();
      finish(false, answer.statusCode ?? 0);
    });
    socket.on('message', (data) => {
      const { seq, sentAt } = JSON.parse(String(data));
      note(seq, sentAt);
      wake();
    });
    socket.on('ping', () => {
      pings += 1;
      wake();
    });
    socket.on('error', () => {});
    socket.on('close', (code) => finish(code === 1000, 101));
    stopClient = () => socket.terminate();
  }

  const reader: Reader = {
    arrivals: [],
    answer: undefined,
    reused: false,
    ended: end.promise,
    heartbeats: () => pings + (text.match(HEARTBEAT[technique] ?? /(?!)/g)?.length ?? 0),
    stop: () => {
      finish(false, 0);
      stopClient();
    },
    until: (enough) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!over && !enough()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
  if (technique === 'websocket') connect();
  else if (technique === 'iframe-stream' || technique === 'xhr-stream' || technique === 'sse') stream();
  else ask();
  return reader;
}
