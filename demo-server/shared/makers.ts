/**
 * At any time one server makes the events of a run; they stand in a stream of the run's own, each under its seq. Who makes
 * them says so again and again. A maker that has said nothing for a while by the clock of another server is gone, and that
 * one goes on: by its own clock, as Redis's may step.
 */
import { type Feed, RING_EVENTS } from '../feed.ts';
import type { PushEvent } from '../protocol.ts';
import type { Run } from '../runs/run.ts';
import type { Link } from './link.ts';
import { KEPT_MS } from './log.ts';

export const eventsKey = (run: string): string => `pushlab:run:${run}:events`;
export const makerKey = (run: string): string => `pushlab:run:${run}:maker`;
/** How long the maker of a run may be silent (ms) before another server goes on, and how often that is looked at. */
const HOLD_MS = 1500;
export const LOOK_MS = 300;
/** When the name of the last maker leaves Redis (ms): only so that it does not stay for good. */
const NAME_MS = 60_000;

/** Takes the making of a run, or keeps it, or takes it from who is gone (ARGV[3] is the last that it said). Gives '' or what the maker has said. In one step, or two could take it at once. */
const HOLD = `local who = redis.call('GET', KEYS[1])
if who and who ~= ARGV[3] and string.sub(who, 1, #ARGV[1]) ~= ARGV[1] then return who end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[4])
return ''`;
const LET_GO = `local who = redis.call('GET', KEYS[1])
if who and string.sub(who, 1, #ARGV[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

export type Messages = { id: string; message: Record<string, string> }[];

export interface Makers {
  /** Decides for each run who makes its events now. */
  settle(runs: readonly Run[]): Promise<void>;
  /** Puts an event that was made here where the others read. */
  made(run: string, event: PushEvent): void;
  /** Reads what a run's stream has and this server has not. */
  catchUp(run: Run): Promise<void>;
  /** Holds nothing any more, as where Redis is gone or has lost what it held: all that is known is put there with the next settling. */
  forget(): void;
  /** So that another server need not wait until it misses this one. */
  letGo(): Promise<void>;
}

/** Takes events of a run's stream. */
export function take(feed: Feed, messages: Messages): void {
  for (const { id, message } of messages)
    feed.take({ seq: Number.parseInt(id, 10), sentAt: Number(message.sentAt), data: message.data as string });
}

/** `server` is this server's name among the others. */
export function shareMaking(link: Link, server: string): Makers {
  const held = new Set<string>();
  /** What the makers of runs have said last, and when that was new here (by the steady clock). */
  const said = new Map<string, { words: string; at: number }>();
  let beat = 0;
  let settling = false;

  async function put(run: string, { seq, sentAt, data }: PushEvent): Promise<void> {
    const TRIM = { strategy: 'MAXLEN', strategyModifier: '~', threshold: RING_EVENTS } as const;
    // Its seq is its id, and ids have to rise: an event that another server has put there already is refused.
    // With each event anew: a stream that is not there yet has no end that could be set.
    await Promise.all([
      link.checked(link.writer.xAdd(eventsKey(run), `${seq}-0`, { sentAt: String(sentAt), data }, { TRIM })),
      link.checked(link.writer.pExpire(eventsKey(run), KEPT_MS)),
    ]);
  }

  async function catchUp(run: Run): Promise<void> {
    // Behind `seq-0`; an interval that is open, `(seq-0`, is for Redis 6.2.
    const next = `${run.feed.lastSeq}-1`;
    take(run.feed, (await link.checked(link.writer.xRange(eventsKey(run.id), next, '+'))) ?? []);
  }

  /** Puts what is known into the stream of a run; where Redis has lost its beginning, the whole of it in one step. */
  async function putKnown({ id, feed }: Run): Promise<void> {
    const key = eventsKey(id);
    const [[oldest], [newest]] = await Promise.all([
      link.checked(link.writer.xRange(key, '-', '+', { COUNT: 1 })).then((found) => found ?? []),
      link.checked(link.writer.xRevRange(key, '+', '-', { COUNT: 1 })).then((found) => found ?? []),
    ]);
    const known = feed.latest(RING_EVENTS);
    const [first] = known;
    if (!first) return;
    if (oldest && newest && seqOf(oldest.id) <= first.seq) {
      for (const event of known) if (event.seq > seqOf(newest.id)) await put(id, event);
      return;
    }
    const all = link.writer.multi().del(key);
    for (const { seq, sentAt, data } of known) all.xAdd(key, `${seq}-0`, { sentAt: String(sentAt), data });
    await link.checked(all.pExpire(key, KEPT_MS).exec());
  }

  /** The last words of a maker that is gone; '' while it is not, or nobody is known. */
  function lastWords(run: string): string {
    const last = said.get(run);
    return last && performance.now() - last.at >= HOLD_MS ? last.words : '';
  }

  async function settleOne(run: Run): Promise<void> {
    // What is made before Redis was found would be other events under the same seqs as those of the others.
    if (link.up === undefined) return;
    if (!link.up) return run.make(true);
    try {
      beat += 1;
      const words = [`${server} `, `${server} ${beat}`, lastWords(run.id), String(NAME_MS)];
      const other = String(await link.checked(link.writer.eval(HOLD, { keys: [makerKey(run.id)], arguments: words })));
      if (other !== '') {
        if (said.get(run.id)?.words !== other) said.set(run.id, { words: other, at: performance.now() });
        held.delete(run.id);
        return run.make(false);
      }
      said.delete(run.id);
      if (held.has(run.id)) return;
      await catchUp(run);
      await putKnown(run);
      held.add(run.id);
      run.make(true);
    } catch {
      if (!link.up) run.make(true);
    }
  }

  return {
    async settle(runs) {
      if (settling) return;
      settling = true;
      try {
        for (const run of runs) {
          if (run.hosted) continue;
          if (run.state !== 'finished') await settleOne(run);
          else held.delete(run.id);
        }
        const going = new Set(runs.filter(({ state }) => state !== 'finished').map(({ id }) => id));
        for (const id of said.keys()) if (!going.has(id)) said.delete(id);
      } finally {
        settling = false;
      }
    },
    made(run, event) {
      put(run, event).catch(() => {});
    },
    catchUp,
    forget: () => held.clear(),
    async letGo() {
      const going = [...held].map((run) =>
        link.writer.eval(LET_GO, { keys: [makerKey(run)], arguments: [`${server} `] }),
      );
      await Promise.allSettled(going);
    },
  };
}

const seqOf = (id: string): number => Number.parseInt(id, 10);
