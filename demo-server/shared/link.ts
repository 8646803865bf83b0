/**
 * The way to Redis: one connection to write on, one that waits for what others write, one that listens. Each comes back
 * by itself after a loss; until then commands fail at once instead of piling up. A Redis that is there and does not do
 * what is needed, such as one that takes no writes, is as good as away.
 */
import { randomBytes } from 'node:crypto';
import { createClient, ErrorReply } from '@redis/client';
import { now } from '../feed.ts';
import { explain } from './explain.ts';
import { askAgain, type Findings, tryAll } from './probe.ts';

export type RedisClient = ReturnType<typeof createLinkedClient>;

/** How a link stands, for people and for programs. */
export interface LinkState {
  /** undefined until the first try has ended. */
  up: boolean | undefined;
  /** Since when, in ms since the epoch by this server's clock. */
  since: number;
  /** Why it is not up, in a sentence without the password; null where nothing has gone wrong. */
  fault: string | null;
  /** What works and will not for long, or gives wrong figures: a sentence each. */
  warnings: string[];
}

/** What is found by looking at Redis, and is no fault of the link. */
export interface LinkWatch {
  /** Called in every round of asking, before the link counts as up, then once a second; `evicted` where keys were removed since. */
  inspect?(evicted: boolean): Promise<void>;
  /** A line for the terminal. */
  say?(text: string): void;
}

export interface Link extends Readonly<LinkState> {
  /** Commands; each rejects at once while Redis is away. */
  readonly writer: RedisClient;
  /** Blocks in XREAD. */
  readonly reader: RedisClient;
  /** This server's clock less Redis's, in ms; undefined until it was asked. */
  readonly clockOffsetMs: number | undefined;
  /** Passes a command's answer on; a refusal counts as away from now on, until Redis does everything again. */
  checked<T>(command: Promise<T>): Promise<T>;
  /** Listens to a channel, from whenever Redis is there. Returns how to stop. */
  subscribe(channel: string, hear: (message: string) => void): () => void;
  /** Adds somebody who looks at Redis. */
  watch(watch: LinkWatch): void;
  close(): void;
}

/** A Redis that answers nothing for so long is away (ms), even where its connection still stands. */
const SILENCE_MS = 3000;
/** How long a blocking read waits for news (ms): under the silence, so that a quiet stream is no silence. */
export const BLOCK_MS = 1000;
/** How often Redis is asked (ms), and how rarely where it says yes to the question and no to the work. */
const ASK_MS = 1000;
const ASK_AT_LEAST_MS = 30_000;
/** A clock does not drift so far (ms) from one question to the next. */
const STEP_MS = 1000;
/** What Redis says of its clock is passed over where it was late with it (ms). */
const GUESS_MS = 200;
const MAY_EVICT = (policy: string): string =>
  `Redis may remove a class when its memory is full (maxmemory-policy ${policy}); it takes noeviction`;
/** What XADD says where another server was faster: an answer, and no fault. */
const TAKEN = /equal or smaller/;

function createLinkedClient(url: string) {
  const client = createClient({
    url,
    // Answers as plain arrays, the same from every Redis since 5.
    RESP: 2,
    disableOfflineQueue: true,
    pingInterval: BLOCK_MS,
    socket: { connectTimeout: SILENCE_MS, socketTimeout: SILENCE_MS, reconnectStrategy: () => 250 },
  });
  // The link tells of its state by `changed`; without a listener an error would end the process.
  client.on('error', () => {});
  return client;
}

/**
 * Connects to `url` (`redis://…`). `changed` is called whenever Redis has come or gone, the first time also where it never
 * was there. Never rejects because of that: it goes on trying. Throws a TypeError for an address that is none.
 */
export function createLink(url: string, changed: (up: boolean) => void): Link {
  const [writer, reader, listener] = [createLinkedClient(url), createLinkedClient(url), createLinkedClient(url)];
  const clients = [writer, reader, listener];
  const id = randomBytes(6).toString('hex');
  const watches = new Set<LinkWatch>();
  const channels = new Map<string, { hear: (message: string) => void; heard: boolean }[]>();
  const state: LinkState = { up: undefined, since: now(), fault: null, warnings: [] };
  /** A connection alone says little: without its password Redis takes one, and refuses every command. */
  let usable = false;
  let found: Findings | undefined;
  let asking: NodeJS.Timeout | undefined;
  let clockOffsetMs: number | undefined;
  let round = 0;
  let patience = ASK_MS;
  let closed = false;

  const connected = (): boolean => clients.every((client) => client.isReady);
  function look(): void {
    const isUp = usable && connected();
    if (isUp) state.fault = null;
    if (closed || isUp === state.up || (!isUp && state.fault === null)) return;
    state.up = isUp;
    state.since = now();
    changed(isUp);
  }
  function fail(why: string): void {
    state.fault = why;
    look();
  }
  function askIn(ms: number): void {
    clearTimeout(asking);
    if (!closed && connected()) asking = setTimeout(() => void ask(), ms).unref();
  }
  /** Everything where it was not usable before, else whether it still is. */
  async function ask(): Promise<void> {
    clearTimeout(asking);
    round += 1;
    const own = round;
    try {
      if (!usable) await tryAll(writer, reader, id);
      await listen();
      const last = found;
      found = await askAgain(writer, id);
      sayWhatChanged(last, found);
      if (clockOffsetMs === undefined || found.uncertaintyMs < GUESS_MS) clockOffsetMs = found.clockOffsetMs;
      const evicted = (found.evicted ?? 0) > (last?.evicted ?? found.evicted ?? 0);
      for (const { inspect } of watches) await inspect?.(evicted);
      if (own !== round) return;
      usable = true;
      if (now() - state.since > patience) patience = ASK_MS;
      look();
    } catch (error) {
      if (own !== round) return;
      usable = false;
      fail(explain(error as Error));
    }
    askIn(usable ? ASK_MS : patience);
  }
  /** A subscription comes back by itself with the connection; one that was refused does not. */
  async function listen(): Promise<void> {
    for (const [channel, heard] of channels) {
      for (const one of heard.filter(({ heard }) => !heard)) {
        await listener.subscribe(channel, one.hear);
        one.heard = true;
      }
    }
  }
  function sayWhatChanged(last: Findings | undefined, next: Findings): void {
    const step = last ? last.clockOffsetMs - next.clockOffsetMs : 0;
    const sure = STEP_MS + next.uncertaintyMs + (last?.uncertaintyMs ?? 0);
    if (Math.abs(step) > sure) say(`Redis’s clock has stepped by ${(step / 1000).toFixed(1)} s`);
    const { evictionPolicy: policy } = next;
    state.warnings = policy === undefined ? [] : [MAY_EVICT(policy)];
    if (policy !== undefined && policy !== last?.evictionPolicy) say(MAY_EVICT(policy));
  }
  function say(text: string): void {
    for (const watch of watches) watch.say?.(text);
  }

  for (const client of clients) {
    client.on('ready', () => {
      if (!connected()) return;
      usable = false;
      void ask();
    });
    client.on('error', (error: Error) => fail(explain(error)));
    client.on('reconnecting', () => fail(state.fault ?? explain(new Error('the connection was lost'))));
    client.connect().catch(() => {});
  }
  return {
    writer,
    reader,
    get up() {
      return state.up;
    },
    get since() {
      return state.since;
    },
    get fault() {
      return state.fault;
    },
    get warnings() {
      return state.warnings;
    },
    get clockOffsetMs() {
      return clockOffsetMs;
    },
    checked(command) {
      command.catch((error: Error) => {
        if (closed || !usable || !(error instanceof ErrorReply) || TAKEN.test(error.message)) return;
        // It has just said that it does everything: not asked again in a loop.
        usable = false;
        round += 1;
        patience = Math.min(patience * 2, ASK_AT_LEAST_MS);
        fail(explain(error));
        askIn(patience);
      });
      return command;
    },
    subscribe(channel, hear) {
      const all = channels.get(channel) ?? [];
      const one = { hear: (message: string) => void readable(hear, message), heard: false };
      channels.set(channel, [...all, one]);
      askIn(0);
      return () => {
        channels.set(channel, channels.get(channel)?.filter((other) => other !== one) ?? []);
        if (one.heard) listener.unsubscribe(channel, one.hear).catch(() => {});
      };
    },
    watch(watch) {
      watches.add(watch);
    },
    close() {
      closed = true;
      clearTimeout(asking);
      for (const client of clients) client.destroy();
    },
  };
}

/** A message of a server of another version may have another form: passed over. */
function readable(hear: (message: string) => void, message: string): void {
  try {
    hear(message);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
}
