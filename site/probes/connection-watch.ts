/**
 * One lab of connections as the page holds it: the socket that watches it, and what the page asks the browser for. All of it
 * ends with the signal.
 */

import { Clock, type PingSample, pageTime } from '../../demo-server/measure/clock.ts';
import type { ConnectionCounts, ConnectionKind, WatchMessage, WatchRequest } from '../../demo-server/protocol.ts';
import { demoServer } from '../kit/server-address.ts';
import { type Asked, hear } from './connection-rows.ts';

export interface ConnectionLab {
  id: string;
  asked: Map<number, Asked>;
  /** As the server counts; null until it has said something. */
  counts: ConnectionCounts | null;
  clock: Clock;
  /** Asks the browser for one more; returns its number. A tab's address goes to `openTab`. */
  ask(kind: ConnectionKind): number;
  /** Ends the first stream or WebSocket that is at the server; false where none is. */
  closeOne(): boolean;
  /** Resolves when the watching socket has closed, whoever closed it. */
  closed: Promise<void>;
}

/** Opens the watching socket and brings the clocks together. `changed` is called after each message. Rejects where no server answers. */
export async function openLab(
  { page, openTab, changed }: { page: string; openTab: (address: string) => void; changed: () => void },
  signal: AbortSignal,
): Promise<ConnectionLab> {
  const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const base = `${demoServer()}/probe/connections/${id}`;
  const socket = new WebSocket(webSocketAddress(base));
  const tell = (message: WatchRequest): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  let pong: ((at: number) => void) | undefined;
  let failed: ((error: Error) => void) | undefined;
  const endings = new Map<number, () => void>();
  let last = 0;

  const closed = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve()));
  const lab: ConnectionLab = {
    id,
    asked: new Map(),
    counts: null,
    clock: new Clock(),
    closed,
    ask(kind) {
      last += 1;
      const n = last;
      const address = `${base}/${kind}?n=${n}`;
      lab.asked.set(n, {
        n,
        kind,
        state: 'waiting',
        asked: 0,
        reached: null,
        over: null,
        connection: null,
        http: null,
      });
      tell({ type: 'asked', n });
      (lab.asked.get(n) as Asked).asked = pageTime();
      endings.set(
        n,
        begin(kind, address, () => openTab(`${address}&back=${encodeURIComponent(page)}`)),
      );
      changed();
      return n;
    },
    closeOne() {
      const one = [...lab.asked.values()].find(
        ({ state, kind }) => state === 'open' && (kind === 'stream' || kind === 'socket'),
      );
      endings.get(one?.n ?? 0)?.();
      return one !== undefined;
    },
  };
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as WatchMessage;
    if (message.type === 'pong') return pong?.(message.at);
    if (message.type === 'counts') lab.counts = message;
    else hear(lab.asked, message, (time) => lab.clock.toPage(time));
    changed();
  });
  void closed.then(() => {
    for (const end of endings.values()) end();
    const now = pageTime();
    for (const one of lab.asked.values()) {
      if (one.state === 'waiting') one.state = 'dropped';
      if (one.state === 'open') one.state = 'over';
      one.over ??= now;
    }
    failed?.(new Error('The watching socket closed'));
    changed();
  });
  signal.addEventListener('abort', () => {
    for (const end of endings.values()) end();
    for (const { n, state } of lab.asked.values()) if (state === 'waiting') tell({ type: 'dropped', n });
    socket.close();
  });

  const ping = (): Promise<PingSample> =>
    new Promise((resolve, reject) => {
      failed = reject;
      pong = (at) => resolve({ sent, at, received: pageTime() });
      const sent = pageTime();
      tell({ type: 'ping', id: 1 });
    });
  await new Promise<void>((resolve, reject) => {
    failed = reject;
    socket.addEventListener('open', () => resolve());
  });
  await lab.clock.sync(ping);
  return lab;
}

/** The address of a WebSocket: `path` on this page's own server, or a whole address elsewhere. */
export function webSocketAddress(path: string): URL {
  const address = new URL(path, location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address;
}

/** Asks the browser for one thing; returns how to let go of it. */
function begin(kind: ConnectionKind, address: string, openTab: () => void): () => void {
  if (kind === 'tab') {
    openTab();
    return () => {};
  }
  if (kind === 'stream') {
    const source = new EventSource(address);
    return () => source.close();
  }
  if (kind === 'socket') {
    const socket = new WebSocket(webSocketAddress(address));
    return () => socket.close();
  }
  const given = new AbortController();
  // Not in the click itself: Firefox lets what a click asks for go first, on a connection more (measured in Firefox 153).
  setTimeout(() => {
    fetch(address, { cache: 'no-store', signal: given.signal })
      .then((answer) => answer.text())
      .catch(() => {});
  });
  return () => given.abort();
}
