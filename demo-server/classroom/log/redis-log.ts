/**
 * The log of classes in Redis, so that several servers serve one class: a stream for each class, in which every change
 * stands under its seq. Two servers that append at once cannot both have a seq; the later one reads on and tries again.
 * What a class of this server has read stays here as well: a Redis that comes back empty is given it again.
 */
import { createLink, type Link } from '../../shared/link.ts';
import { runKeys } from '../../shared/runs.ts';
import { type ClassLog, summary } from './log.ts';
import { type RedisClasses, redisClasses } from './redis-classes.ts';
import { CLASSES, checkFormat, DELETED, deletedKey, nameKey, streamKey, USED, USED_AT } from './redis-keys.ts';
import { type RedisUses, redisUses } from './redis-uses.ts';
import type { Change, LoggedChange } from './state.ts';

/** How long a server that was cut off is told that a class was deleted (ms). */
const DELETED_MS = 24 * 60 * 60_000;
/** How long the start waits for Redis (ms), and an append for the seqs that others take. */
const PATIENCE_MS = 5000;
const TRIES = 50;

/** Connects to the Redis at `url`; rejects where it is not there. `clock` in ms since the epoch. */
export async function redisLog(url: string, clock: () => number = Date.now): Promise<ClassLog> {
  const watchers = new Set<() => void>();
  /** What is new has to come behind what an emptied Redis is given again. */
  let restored: Promise<unknown> = Promise.resolve();
  const there = Promise.withResolvers<void>();
  const link = createLink(url, (up) => {
    if (up) {
      there.resolve();
      restored = classes.giveAllBack();
    }
    for (const changed of watchers) changed();
  });
  const uses = redisUses(link, clock);
  const classes = redisClasses(link, uses, clock);
  const close = (): void => {
    classes.close();
    link.close();
  };
  const late = setTimeout(() => there.reject(new Error(link.fault ?? 'no Redis answers at REDIS_URL')), PATIENCE_MS);
  try {
    await there.promise;
    await checkFormat(link);
  } catch (error) {
    close();
    throw error;
  } finally {
    clearTimeout(late);
  }
  link.subscribe(DELETED, classes.forget);
  link.watch({ inspect: classes.restoreLost });

  const log: ClassLog = {
    kind: 'redis',
    get up() {
      return link.up === true;
    },
    claim: (name, id) => claim(link, log, name, id),
    list: () => uses.list(classes.readAll),
    read: classes.readAll,
    follow: classes.follow,
    async append(id, change) {
      await restored;
      return append(link, { classes, uses }, id, change, clock);
    },
    watch(changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    share(id, hear) {
      const channel = `${streamKey(id)}:parts`;
      return {
        tell: (text) => void link.checked(link.writer.publish(channel, text)).catch(() => {}),
        close: link.subscribe(channel, hear),
      };
    },
    touch: uses.touch,
    async delete(id) {
      await remove(link, id, await classes.readAll(id));
      classes.forget(id);
    },
    close: async () => close(),
  };
  return log;
}

async function claim(link: Link, log: ClassLog, name: string, id: string): Promise<string> {
  const kept = (await log.list()).filter((one) => one.name === name && !one.ended).at(-1);
  if (kept) return kept.id;
  const expiration = { type: 'PX', value: PATIENCE_MS } as const;
  // In two steps: both at once is for Redis 7.
  if (await link.writer.set(nameKey(name), id, { condition: 'NX', expiration })) return id;
  return (await link.writer.get(nameKey(name))) ?? id;
}

async function append(
  link: Link,
  { classes, uses }: { classes: RedisClasses; uses: RedisUses },
  id: string,
  change: Change,
  clock: () => number,
): Promise<LoggedChange> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const logged = { seq: classes.countOf(id) + 1, at: clock(), change };
    try {
      if (logged.seq === 1) await uses.enroll(id, logged.at);
      await classes.put(id, logged);
    } catch (error) {
      if (!link.up) throw new Error(link.fault ?? 'Redis has gone');
      if (!String(error).includes('equal or smaller')) throw error;
      await classes.readOn(id);
      continue;
    }
    await uses.useSometimes(id);
    return logged;
  }
  throw new Error(`${TRIES} times another server was faster`);
}

/** Takes a class away, with the runs of its devices, and says so to the other servers. */
async function remove(link: Link, id: string, changes: readonly LoggedChange[]): Promise<void> {
  const runs = changes.flatMap(({ change }) => (change.type === 'result' ? change.result.run : []));
  const { name } = summary(id, changes, 0);
  await link.writer
    .multi()
    .set(deletedKey(id), '', { expiration: { type: 'PX', value: DELETED_MS } })
    .del([streamKey(id), nameKey(name), ...[id, ...runs].flatMap(runKeys)])
    .zRem(CLASSES, id)
    .zRem(USED, id)
    .hDel(USED_AT, id)
    .publish(DELETED, id)
    .exec();
}
