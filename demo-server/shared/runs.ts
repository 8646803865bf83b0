/**
 * Several servers behind one address that serve the same runs. What happens to a run stands in one Redis stream that every
 * server follows; its events stand in a stream of its own, each under its seq. At any time one server makes the events of
 * a run. When it is gone another one goes on; while Redis is away every server makes them itself, and as the seed gives
 * both the same payloads, a seq means the same event everywhere.
 *
 * The servers' clocks have to agree (NTP): `sentAt` is the maker's.
 */
import { randomBytes } from 'node:crypto';
import { RING_EVENTS } from '../feed.ts';
import type { PushEvent } from '../protocol.ts';
import type { Run, RunChange } from '../run.ts';
import type { Runs } from '../runs.ts';
import { ledgersKey } from './ledgers.ts';
import { BLOCK_MS, createLink, type Link } from './link.ts';

export interface SharedRuns {
  readonly link: Link;
  /** This server's name among the others. */
  readonly server: string;
  /** Tells the others what has happened to a run here. */
  changed(run: string, change: RunChange): void;
  /** Tells the others of an event that was made here. */
  made(run: string, event: PushEvent): void;
  /** Begins to follow the others. */
  follow(runs: Runs): void;
  /** Resolves when all that the others had told by now is known here; at once while Redis is away. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

const LOG = 'pushlab:log';
const eventsKey = (run: string): string => `pushlab:run:${run}:events`;
const makerKey = (run: string): string => `pushlab:run:${run}:maker`;
/** All that Redis may hold of a run. */
export const runKeys = (run: string): string[] => [eventsKey(run), makerKey(run), ledgersKey(run)];
/** What is older than any run that may still be asked for (ms) is not read; a run's events leave Redis so long after its last one. */
const KEPT_MS = 60 * 60_000;
/** Entries of the log at the most, some 150 bytes each: an hour of classes with a run a minute on each of a hundred devices. */
const LOG_ENTRIES = 20_000;
/** How long the maker of a run may be silent (ms) before another server goes on, and how often that is looked at. */
const HOLD_MS = 1500;
const LOOK_MS = 300;
/** How long a request may wait for the log (ms): behind a dead Redis it is answered by what is known here. */
const CATCH_UP_MS = 1000;

/** Takes the making of a run, or keeps it; 0 where another server has it. In one step, or two could take it at once. */
const HOLD = `local who = redis.call('GET', KEYS[1])
if who and who ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;
const LET_GO = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** `linkChanged` is called whenever Redis has come (`true`) or gone. */
export function shareRuns(url: string, linkChanged: (up: boolean) => void): SharedRuns {
  const server = randomBytes(6).toString('hex');
  const held = new Set<string>();
  const link = createLink(url, (up) => {
    // Also for what happened while it was away, and for a Redis that came back empty.
    if (up) void tellAll();
    else held.clear();
    void settleMakers();
    linkChanged(up);
  });
  let runs: Runs | undefined;
  let logId = `${Date.now() - KEPT_MS}-0`;
  let logWaiters: { id: string; known(): void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let settling = false;
  let closed = false;

  function append(run: string, change: RunChange): void {
    const TRIM = { strategy: 'MAXLEN', strategyModifier: '~', threshold: LOG_ENTRIES } as const;
    link.writer.xAdd(LOG, '*', { server, run, change: JSON.stringify(change) }, { TRIM }).catch(() => {});
  }

  async function put(run: string, { seq, sentAt, data }: PushEvent): Promise<void> {
    const TRIM = { strategy: 'MAXLEN', strategyModifier: '~', threshold: RING_EVENTS } as const;
    // Its seq is its id, and ids have to rise: an event that another server has put there already is refused.
    // With each event anew: a stream that is not there yet has no end that could be set.
    await Promise.all([
      link.writer.xAdd(eventsKey(run), `${seq}-0`, { sentAt: String(sentAt), data }, { TRIM }),
      link.writer.pExpire(eventsKey(run), KEPT_MS),
    ]);
  }

  async function tellAll(): Promise<void> {
    for (const run of runs?.list() ?? []) {
      if (run.state === 'finished') continue;
      for (const change of run.changes()) append(run.id, change);
    }
  }

  // ------------------------------------------------------------------------------------------- following others

  async function followLog(): Promise<void> {
    while (!closed && runs) {
      if (!link.up) {
        await new Promise((later) => setTimeout(later, LOOK_MS).unref());
        continue;
      }
      const going = runs.list().filter((run) => run.state === 'running' && !run.hosted);
      const keys = [
        { key: LOG, id: logId },
        ...going.map((run) => ({ key: eventsKey(run.id), id: `${run.feed.lastSeq}-0` })),
      ];
      try {
        for (const { name, messages } of (await link.reader.xRead(keys, { BLOCK: BLOCK_MS, COUNT: 500 })) ?? []) {
          if (name === LOG) for (const { id, message } of messages) await readChange(id, message);
          else read(going.find((run) => eventsKey(run.id) === name) as Run, messages);
        }
      } catch {
        // Redis has gone, and the link says when it is back; or it is there and refuses, as while it still loads.
        await new Promise((later) => setTimeout(later, LOOK_MS).unref());
      }
    }
  }

  async function readChange(
    id: string,
    { server: from, run = '', change = '' }: Record<string, string>,
  ): Promise<void> {
    const told = JSON.parse(change) as RunChange;
    const known = runs?.list().find((other) => other.id === run);
    // All of its events before its end.
    if (told.type === 'finished' && known && from !== server) await catchUp(known);
    if (from !== server) runs?.apply(run, told);
    logId = id;
    logWaiters = logWaiters.filter((waiter) => !reached(logId, waiter.id) || waiter.known());
    void settleMakers();
  }

  async function catchUp(run: Run): Promise<void> {
    read(run, (await link.writer.xRange(eventsKey(run.id), `(${run.feed.lastSeq}-0`, '+')) ?? []);
  }

  type Messages = { id: string; message: Record<string, string> }[];
  function read({ feed }: Run, messages: Messages): void {
    for (const { id, message } of messages) {
      feed.take({ seq: Number.parseInt(id, 10), sentAt: Number(message.sentAt), data: message.data as string });
    }
  }

  // --------------------------------------------------------------------------------------------- making events

  async function settleMakers(): Promise<void> {
    if (settling || closed || !runs) return;
    settling = true;
    try {
      for (const run of runs.list()) {
        if (run.hosted) continue;
        if (run.state === 'finished') held.delete(run.id);
        else await settle(run);
      }
    } finally {
      settling = false;
    }
  }

  async function settle(run: Run): Promise<void> {
    // What is made before Redis was found would be other events under the same seqs as those of the others.
    if (link.up === undefined) return;
    if (!link.up) return run.make(true);
    try {
      const mine = await link.writer.eval(HOLD, { keys: [makerKey(run.id)], arguments: [server, String(HOLD_MS)] });
      if (mine !== 1) {
        held.delete(run.id);
        return run.make(false);
      }
      if (held.has(run.id)) return;
      const key = eventsKey(run.id);
      await catchUp(run);
      const newest = (await link.writer.xRevRange(key, '+', '-', { COUNT: 1 })) ?? [];
      const known = Number.parseInt(newest[0]?.id ?? '0', 10);
      for (const event of run.feed.latest(RING_EVENTS)) if (event.seq > known) await put(run.id, event);
      held.add(run.id);
      run.make(true);
    } catch {
      if (!link.up) run.make(true);
    }
  }

  return {
    link,
    server,
    changed(run, change) {
      append(run, change);
      void settleMakers();
    },
    made(run, event) {
      put(run, event).catch(() => {});
    },
    follow(all) {
      runs = all;
      timer = setInterval(() => void settleMakers(), LOOK_MS);
      void tellAll();
      void settleMakers();
      void followLog();
    },
    async caughtUp() {
      if (!link.up) return;
      const newest = await link.writer.xRevRange(LOG, '+', '-', { COUNT: 1 }).catch(() => null);
      const id = newest?.[0]?.id;
      if (id === undefined || reached(logId, id)) return;
      await new Promise<void>((resolve) => {
        const patience = setTimeout(resolve, CATCH_UP_MS);
        logWaiters.push({ id, known: () => void resolve(clearTimeout(patience)) });
      });
    },
    async close() {
      closed = true;
      clearInterval(timer);
      // So that another server need not wait until the hold has run out.
      const letGo = [...held].map((run) => link.writer.eval(LET_GO, { keys: [makerKey(run)], arguments: [server] }));
      await Promise.allSettled(letGo);
      link.close();
    },
  };
}

/** Whether the id of a stream's entry (`<ms>-<n>`) is as new as another. */
function reached(id: string, other: string): boolean {
  const [[ms = 0, n = 0], [otherMs = 0, otherN = 0]] = [id.split('-').map(Number), other.split('-').map(Number)];
  return ms > otherMs || (ms === otherMs && n >= otherN);
}
