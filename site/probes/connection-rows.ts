/**
 * What a lab of connections knows of each request, and the rows that show it. Pure. Times are ms of the page's clock.
 */
import type { ConnectionKind, WatchMessage } from '../../demo-server/protocol.ts';

/** `waiting`: asked for, not yet at the server. `open`: there. `over`: was there. `dropped`: given up before it got there. */
export type AskedState = 'waiting' | 'open' | 'over' | 'dropped';

export interface Asked {
  n: number;
  kind: ConnectionKind;
  state: AskedState;
  asked: number;
  /** When the server saw it; null until then. */
  reached: number | null;
  /** When it was over, at the server or by giving it up; null until then. */
  over: number | null;
  /** The lab's TCP connection that it came on, from 1. */
  connection: number | null;
  /** The version of HTTP that the server read. */
  http: string | null;
}

/** One row: a single request, or several of one kind and state that follow each other. */
export interface Row {
  first: Asked;
  last: Asked;
  count: number;
  state: AskedState;
  /** Shortest and longest time from asked for to reached (ms), or up to `now` while they wait; null where it was given up. */
  waits: [number, number] | null;
  connections: number[];
}

/** Up to so many requests have a row of their own. */
export const SINGLE_ROWS = 24;

/** Brings one request up to what the server told of it. `toPage` turns its times into the page's. */
export function hear(
  asked: Map<number, Asked>,
  message: Extract<WatchMessage, { type: 'reached' | 'left' }>,
  toPage: (serverTime: number) => number,
): void {
  const one = asked.get(message.n);
  if (!one) return;
  if (message.type === 'left') {
    one.state = 'over';
    one.over = toPage(message.at);
    return;
  }
  // Two clocks that agree within a fraction of a millisecond: nothing reached the server before it was asked for.
  one.reached = Math.max(one.asked, toPage(message.at));
  one.state = 'open';
  one.over = null;
  one.connection = message.connection;
  one.http = message.http;
}

/** The rows in the order of asking; when there are more than `SINGLE_ROWS`, neighbours of one kind and state share one. */
export function rowsOf(all: Iterable<Asked>, now: number): Row[] {
  const list = [...all];
  const single = list.length <= SINGLE_ROWS;
  const groups: Asked[][] = [];
  for (const one of list) {
    const group = groups.at(-1);
    const before = group?.at(-1);
    if (!single && group && before?.kind === one.kind && before.state === one.state) group.push(one);
    else groups.push([one]);
  }
  return groups.map((group) => {
    const waits = group
      .filter(({ reached, state }) => reached !== null || state === 'waiting')
      .map(({ asked, reached }) => (reached ?? now) - asked);
    const numbers = group.flatMap(({ connection }) => connection ?? []);
    const first = group[0] as Asked;
    return {
      first,
      last: group.at(-1) as Asked,
      count: group.length,
      state: first.state,
      waits: waits.length > 0 ? [Math.min(...waits), Math.max(...waits)] : null,
      connections: [...new Set(numbers)].sort((a, b) => a - b),
    };
  });
}

/** Where the bar of a row stands between `zero` and `end`: shares from 0 to 1 of when waiting began, when it was there, when it ended. */
export function barOf({ first, last }: Row, zero: number, end: number): { from: number; there: number; to: number } {
  const share = (time: number): number => Math.min(1, Math.max(0, (time - zero) / (end - zero)));
  const to = last.over ?? end;
  return { from: share(first.asked), there: share(Math.min(to, last.reached ?? to)), to: share(to) };
}
