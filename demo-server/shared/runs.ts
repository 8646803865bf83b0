/**
 * Several servers behind one address that serve the same runs: what happens to a run (log.ts) and its events (makers.ts)
 * stand in Redis, and every server follows both. While Redis is away every server makes the events of its runs itself, and
 * as the seed gives all the same payloads, a seq means the same event everywhere.
 *
 * The servers' clocks have to agree (NTP): `sentAt` is the maker's.
 */
import type { PushEvent } from '../protocol.ts';
import type { Run, RunChange } from '../runs/run.ts';
import type { Runs } from '../runs/runs.ts';
import { BLOCK_MS } from './client.ts';
import { ledgersKey } from './ledgers.ts';
import type { Link } from './link.ts';
import { changeLog, LOG } from './log.ts';
import { eventsKey, LOOK_MS, makerKey, shareMaking, take } from './makers.ts';

export interface SharedRuns {
  /** Tells the others what has happened to a run here. */
  changed(run: string, change: RunChange): void;
  /** Tells the others of an event that was made here. */
  made(run: string, event: PushEvent): void;
  /** Begins to follow the others. */
  follow(runs: Runs): void;
  /** Redis has come (`true`) or gone. */
  linkChanged(up: boolean): void;
  /** Resolves when all that was to be told stands in Redis; at once while it is away. */
  told(): Promise<void>;
  /** Resolves when all that the others had told by now is known here; at once while Redis is away. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

/** All that Redis may hold of a run. */
export const runKeys = (run: string): string[] => [eventsKey(run), makerKey(run), ledgersKey(run)];

const LOST =
  'Redis has lost what the servers had told each other, as after a restart without its data, a failover or FLUSHALL; all of it is told again.';
const EVICTED = 'Redis has removed keys, as its memory is full; what the servers had told each other is told again.';

/** `server` is this server's name among the others; `lost` is called where Redis has nothing of what was told, `say` with a line for the terminal. */
export function shareRuns(link: Link, server: string, lost: () => void, say: (text: string) => void): SharedRuns {
  const making = shareMaking(link, server);
  const log = changeLog(link, server, {
    runs: () => runs,
    async finishing(id) {
      const run = runs?.find(id);
      if (run) await making.catchUp(run);
    },
    say,
  });
  let runs: Runs | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  link.watch({
    async inspect(evicted) {
      const emptied = await log.inspect();
      if (!emptied && !evicted) return;
      say(emptied ? LOST : EVICTED);
      making.forget();
      log.tellAll();
      lost();
    },
  });

  async function followLog(): Promise<void> {
    const later = () => new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref());
    while (!closed && runs) {
      if (!link.up || log.id === undefined) {
        await later();
        continue;
      }
      const going = runs.list().filter((run) => run.state === 'running' && !run.hosted);
      const keys = [
        { key: LOG, id: log.id },
        ...going.map((run) => ({ key: eventsKey(run.id), id: `${run.feed.lastSeq}-0` })),
      ];
      try {
        const read = await link.checked(link.reader.xRead(keys, { BLOCK: BLOCK_MS, COUNT: 500 }));
        for (const { name, messages } of read ?? []) {
          if (name !== LOG) take((going.find((run) => eventsKey(run.id) === name) as Run).feed, messages);
          else for (const { id, message } of messages) await log.read(id, message);
        }
        void settle();
      } catch {
        // Redis has gone, and the link says when it is back.
        await later();
      }
    }
  }

  async function settle(): Promise<void> {
    if (!closed && runs) await making.settle(runs.list());
  }

  return {
    changed(run, change) {
      log.tell(run, change);
      void settle();
    },
    made: making.made,
    follow(all) {
      runs = all;
      timer = setInterval(() => void settle(), LOOK_MS);
      void settle();
      void followLog();
    },
    linkChanged(up) {
      log.linkChanged(up);
      if (!up) making.forget();
      void settle();
    },
    told: log.told,
    caughtUp: log.caughtUp,
    async close() {
      closed = true;
      clearInterval(timer);
      await making.letGo();
    },
  };
}
