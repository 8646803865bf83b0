/**
 * What happens to runs, in one Redis stream that every server follows. Nothing that is told is lost: it waits here until
 * Redis has taken it, and is told again where Redis has lost it.
 */
import { randomBytes } from 'node:crypto';
import { now } from '../feed.ts';
import type { RunChange } from '../runs/run.ts';
import type { Runs } from '../runs/runs.ts';
import type { Link } from './link.ts';

export const LOG = 'pushlab:log';
/** What is older than any run that may still be asked for (ms) is not read. */
export const KEPT_MS = 60 * 60_000;
/** Entries of the log at the most, some 150 bytes each: an hour of classes with a run a minute on each of a hundred devices. */
const LOG_ENTRIES = 20_000;
/** Made by whoever finds none: where it is another one, Redis was emptied, however many have written since. */
const MEMORY = 'pushlab:memory';
/** Changes that may wait for Redis: as many as it would keep. */
const UNTOLD = LOG_ENTRIES;
/** How long a request may wait for the log (ms), unless Redis goes before: then it is answered by what is known here. */
const CATCH_UP_MS = 5000;

export interface ChangeLog {
  /** The id behind which the log is to be read; undefined until Redis was asked. */
  readonly id: string | undefined;
  tell(run: string, change: RunChange): void;
  /** Tells all that is known of runs, as where Redis has nothing of it. */
  tellAll(): void;
  /** Redis has come (`true`), so that what waits is told; or it has gone, and nobody need wait for it. */
  linkChanged(up: boolean): void;
  /** Resolves when all that was to be told stands in Redis; at once while it is away. */
  told(): Promise<void>;
  /** An entry of the log has come. */
  read(id: string, entry: Record<string, string>): Promise<void>;
  /** Whether what stands in Redis is less than what was read: then the log is read from its start, and everything told again. */
  inspect(): Promise<boolean>;
  /** Resolves when all that the others had told by now is known here; at once while Redis is away. */
  caughtUp(): Promise<void>;
}

interface Untold {
  n: number;
  run: string;
  change: RunChange;
}

/** `server` is this server's name among the others; `finishing` is called before a run that ended elsewhere ends here. */
export function changeLog(
  link: Link,
  server: string,
  {
    runs,
    finishing,
    say,
  }: { runs: () => Runs | undefined; finishing: (run: string) => Promise<void>; say: (text: string) => void },
): ChangeLog {
  let untold: Untold[] = [];
  let count = 0;
  let flushing = false;
  let id: string | undefined;
  /** The newest entry that surely was in the log: read from it, or put into it. */
  let mark: string | undefined;
  /** How far each server's own count was read: what came twice, as after an answer that was lost, happens once. */
  const heard = new Map<string, number>();
  let memory: string | undefined;
  let tellers: (() => void)[] = [];
  let waiters: { id: string; known(): void }[] = [];

  function add(run: string, change: RunChange): void {
    count += 1;
    untold.push({ n: count, run, change });
  }

  async function flush(): Promise<void> {
    if (flushing) return;
    flushing = true;
    const TRIM = { strategy: 'MAXLEN', strategyModifier: '~', threshold: LOG_ENTRIES } as const;
    try {
      for (let next = untold[0]; next && link.up; next = untold[0]) {
        const entry = { server, n: String(next.n), run: next.run, change: JSON.stringify(next.change) };
        const told = await link.checked(link.writer.xAdd(LOG, '*', entry, { TRIM }));
        mark = newer(mark, String(told));
        untold.splice(untold.indexOf(next), 1);
      }
    } catch {
      // It stays the next; the link says when Redis takes it.
    } finally {
      flushing = false;
      for (const go of tellers) go();
      tellers = [];
    }
  }

  function tellAll(): void {
    const waiting = untold;
    untold = [];
    for (const run of runs()?.list() ?? []) for (const change of run.changes()) add(run.id, change);
    // Behind the others, under numbers of their own: a number is read once.
    for (const one of waiting) {
      count += 1;
      one.n = count;
    }
    untold.push(...waiting);
    void flush();
  }

  function apply(run: string, from: string | undefined, json: string): void {
    try {
      runs()?.apply(run, JSON.parse(json) as RunChange);
    } catch {
      say(`server ${from} has told something of run ${run} that this version does not understand; it is passed over`);
    }
  }

  return {
    get id() {
      return id;
    },
    tell(run, change) {
      if (untold.length >= UNTOLD) {
        untold = [];
        tellAll();
      }
      add(run, change);
      void flush();
    },
    tellAll,
    linkChanged(up) {
      if (up) return void flush();
      for (const { known } of waiters) known();
      waiters = [];
    },
    async told() {
      if (flushing) await new Promise<void>((resolve) => tellers.push(resolve));
    },
    async read(entryId, { server: from = '', n, run = '', change = '' }) {
      const already = n !== undefined && Number(n) <= (heard.get(from) ?? 0);
      if (from !== server && !already) {
        // All of its events before its end.
        if (change.includes('"finished"')) await finishing(run);
        apply(run, from, change);
      }
      if (n !== undefined && !already) heard.set(from, Number(n));
      id = entryId;
      mark = newer(mark, entryId);
      waiters = waiters.filter((waiter) => !reached(entryId, waiter.id) || waiter.known());
    },
    async inspect() {
      // By Redis's clock, as the ids are.
      id ??= `${Math.max(0, Math.floor(now() - (link.clockOffsetMs ?? 0)) - KEPT_MS)}-0`;
      const known = memory;
      await link.checked(link.writer.set(MEMORY, randomBytes(6).toString('hex'), { condition: 'NX' }));
      memory = String(await link.checked(link.writer.get(MEMORY)));
      const there = mark && ((await link.checked(link.writer.xRange(LOG, mark, mark))) ?? []).length > 0;
      if ((known === undefined || known === memory) && there !== false) return false;
      id = '0-0';
      mark = undefined;
      return true;
    },
    async caughtUp() {
      if (!link.up || id === undefined) return;
      const newest = await link.checked(link.writer.xRevRange(LOG, '+', '-', { COUNT: 1 })).catch(() => null);
      const last = newest?.[0]?.id;
      if (last === undefined || reached(id, last)) return;
      await new Promise<void>((resolve) => {
        const patience = setTimeout(resolve, CATCH_UP_MS);
        waiters.push({ id: last, known: () => void resolve(clearTimeout(patience)) });
      });
    },
  };
}

/** Whether the id of a stream's entry (`<ms>-<n>`) is as new as another. */
function reached(id: string, other: string): boolean {
  const [[ms = 0, n = 0], [otherMs = 0, otherN = 0]] = [id.split('-').map(Number), other.split('-').map(Number)];
  return ms > otherMs || (ms === otherMs && n >= otherN);
}

function newer(id: string | undefined, other: string): string {
  return id !== undefined && reached(id, other) ? id : other;
}
