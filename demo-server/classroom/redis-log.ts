/**
 * The log of classes in Redis, so that several servers serve one class: a stream for each class, in which every change
 * stands under its seq. Two servers that append at once cannot both have a seq; the later one reads on and tries again.
 * What a class of this server has read stays here as well: a Redis that comes back empty is given it again.
 */
import { BLOCK_MS, createLink } from '../shared/link.ts';
import { runKeys } from '../shared/runs.ts';
import { StoreError } from '../store/errors.ts';
import { VERSION } from '../version.ts';
import { type ClassLog, Followers, summary } from './log.ts';
import type { Change, LoggedChange } from './state.ts';

/** The classes that there are, by the ms in which they were first appended to. */
const CLASSES = 'pushlab:classes';
/** By a count of uses, so that no clock decides which was the last; the count; and when that was, in ms since the epoch. */
const USED = 'pushlab:classes-used';
const USES = 'pushlab:classes-uses';
const USED_AT = 'pushlab:classes-used-at';
/** A class that goes on is noted as used so often at the most (ms). */
const USED_MS = 60_000;
/**
 * In which format the classes' keys are, as {"format", "version"}. Without it they are in format 1: the stream of each class
 * and CLASSES, as Pushlab wrote them before December 2026. Format 2 has the keys of uses beside them.
 */
const FORMAT_KEY = 'pushlab:classes-format';
const FORMAT = 2;
const streamKey = (id: string): string => `pushlab:class:${id}`;
const nameKey = (name: string): string => `pushlab:class-called:${name}`;
/** Told of each class that is deleted, and where that stands for a server that was cut off: it must not give it back. */
const DELETED = 'pushlab:class-deleted';
const deletedKey = (id: string): string => `${DELETED}:${id}`;
const DELETED_MS = 24 * 60 * 60_000;
interface Format {
  format: number;
  version?: string;
}
/** How long the start waits for Redis (ms), and an append for the seqs that others take. */
const PATIENCE_MS = 5000;
const TRIES = 50;

/** Writes the changes 1 … n of a class anew, with what another server has written behind them, where fewer stand there. In one step. */
const RESTORE = `local n = #ARGV / 2
local there = redis.call('XRANGE', KEYS[1], '-', '+')
local last = #there > 0 and tonumber(string.match(there[#there][1], '^%d+')) or 0
if #there == math.max(n, last) then return 0 end
redis.call('DEL', KEYS[1])
for seq = 1, n do redis.call('XADD', KEYS[1], seq .. '-0', 'at', ARGV[2 * seq - 1], 'change', ARGV[2 * seq]) end
for _, entry in ipairs(there) do
  if tonumber(string.match(entry[1], '^%d+')) > n then redis.call('XADD', KEYS[1], entry[1], unpack(entry[2])) end
end
return 1`;

/** Connects to the Redis at `url`; rejects where it is not there. `clock` in ms since the epoch. */
export async function redisLog(url: string, clock: () => number = Date.now): Promise<ClassLog> {
  const watchers = new Set<() => void>();
  const known = new Map<string, LoggedChange[]>();
  /** What is new has to come behind what an emptied Redis is given again. */
  let restored: Promise<unknown> = Promise.resolve();
  const there = Promise.withResolvers<void>();
  const link = createLink(url, (up) => {
    if (up) there.resolve();
    if (up) restored = Promise.all([...known.keys()].map((id) => giveBack(id).catch(() => {})));
    for (const changed of watchers) changed();
  });
  const followed = new Set<string>();
  const followers = new Followers();
  let closed = false;

  const late = setTimeout(() => there.reject(new Error(link.fault ?? 'no Redis answers at REDIS_URL')), PATIENCE_MS);
  try {
    await there.promise;
  } catch (error) {
    link.close();
    throw error;
  } finally {
    clearTimeout(late);
  }
  try {
    await checkFormat();
  } catch (error) {
    link.close();
    throw error;
  }

  /** Says which format this is, where nothing is said; refuses a newer one. */
  async function checkFormat(): Promise<void> {
    const own = JSON.stringify({ format: FORMAT, version: VERSION });
    const { format, version } = JSON.parse(
      (await link.checked(link.writer.get(FORMAT_KEY))) ?? '{"format":1}',
    ) as Format;
    if (format > FORMAT)
      throw new StoreError(
        `the classes in this Redis were written by Pushlab ${version} in format ${format}, and Pushlab ${VERSION} reads formats up to ${FORMAT}: start that version on each server, or give REDIS_URL another Redis.`,
      );
    if (format < FORMAT) await link.checked(link.writer.set(FORMAT_KEY, own));
  }

  link.subscribe(DELETED, forget);
  link.watch({ inspect: restoreLost });

  function forget(id: string): void {
    if (!known.delete(id)) return;
    followed.delete(id);
    followers.forget(id);
  }

  function changesOf(id: string): LoggedChange[] {
    const changes = known.get(id) ?? [];
    known.set(id, changes);
    return changes;
  }

  type Entries = { id: string; message: Record<string, string> }[];
  const read = ({ id, message }: Entries[number]): LoggedChange => ({
    seq: Number.parseInt(id, 10),
    at: Number(message.at),
    change: JSON.parse(message.change as string) as Change,
  });
  /** Takes what is new in entries of the stream, in order, and tells those who follow. */
  function take(id: string, entries: Entries): void {
    const changes = changesOf(id);
    for (const entry of entries) {
      const logged = read(entry);
      if (logged.seq !== changes.length + 1) continue;
      changes.push(logged);
      followers.tell(id, logged);
    }
  }

  async function readOn(id: string): Promise<LoggedChange[]> {
    const changes = changesOf(id);
    // Behind `seq-0`; an interval that is open, `(seq-0`, is for Redis 6.2.
    take(id, (await link.checked(link.writer.xRange(streamKey(id), `${changes.length}-1`, '+'))) ?? []);
    return changes;
  }

  /** A class that this server has not opened is read and not remembered. */
  async function readAll(id: string): Promise<LoggedChange[]> {
    if (known.has(id)) return [...(await readOn(id))];
    return ((await link.checked(link.writer.xRange(streamKey(id), '-', '+'))) ?? []).map(read);
  }

  async function put(id: string, { seq, at, change }: LoggedChange): Promise<void> {
    const entry = { at: String(at), change: JSON.stringify(change) };
    await link.checked(link.writer.xAdd(streamKey(id), `${seq}-0`, entry));
  }

  async function giveBack(id: string): Promise<void> {
    if ((await link.checked(link.writer.exists(deletedKey(id)))) > 0) return forget(id);
    const changes = changesOf(id);
    if ((await enroll(id, changes[0]?.at ?? clock())) > 0 && changes.length > 0) {
      await checkFormat();
      await use(id);
    }
    const all = changes.flatMap(({ at, change }) => [String(at), JSON.stringify(change)]);
    await link.checked(link.writer.eval(RESTORE, { keys: [streamKey(id)], arguments: all }));
    await readOn(id);
  }

  /** A Redis that was emptied, has removed keys or was replaced by one that was behind has less of a class than was read of it. */
  async function restoreLost(): Promise<void> {
    for (const [id, { length }] of known)
      if (length > 0 && (await link.checked(link.writer.xLen(streamKey(id)))) < length) await giveBack(id);
  }

  let used = { id: '', at: 0 };
  async function use(id: string): Promise<void> {
    used = { id, at: clock() };
    const score = await link.checked(link.writer.incr(USES));
    await link.checked(link.writer.zAdd(USED, { score, value: id }));
    await link.checked(link.writer.hSet(USED_AT, id, String(used.at)));
  }

  const enroll = (id: string, at: number) =>
    link.checked(link.writer.zAdd(CLASSES, { score: at, value: id }, { condition: 'NX' }));

  const newest = (): number => [...followed].reduce((sum, id) => sum + changesOf(id).length, 0);

  async function followAll(): Promise<void> {
    while (!closed) {
      if (!link.up || followed.size === 0) {
        await new Promise((later) => setTimeout(later, 100).unref());
        continue;
      }
      const keys = [...followed].map((id) => ({ key: streamKey(id), id: `${changesOf(id).length}-0` }));
      try {
        const news = (await link.checked(link.reader.xRead(keys, { BLOCK: BLOCK_MS }))) ?? [];
        const before = newest();
        for (const { name, messages } of news)
          take([...followed].find((id) => streamKey(id) === name) as string, messages);
        // Behind a gap nothing can be taken until it is filled, and Redis would give it again at once.
        if (news.length > 0 && newest() === before) await new Promise((later) => setTimeout(later, 100).unref());
      } catch {
        // Redis has gone, and the link says when it is back; or it is there and refuses, as while it still loads.
        await new Promise((later) => setTimeout(later, 100).unref());
      }
    }
  }
  void followAll();

  const log: ClassLog = {
    kind: 'redis',
    get up() {
      return link.up === true;
    },
    async claim(name, id) {
      const kept = (await log.list()).filter((one) => one.name === name && !one.ended).at(-1);
      if (kept) return kept.id;
      const expiration = { type: 'PX', value: PATIENCE_MS } as const;
      // In two steps: both at once is for Redis 7.
      if (await link.writer.set(nameKey(name), id, { condition: 'NX', expiration })) return id;
      return (await link.writer.get(nameKey(name))) ?? id;
    },
    async list() {
      const ids = await link.checked(link.writer.zRange(CLASSES, 0, -1));
      const order = await link.checked(link.writer.zRange(USED, 0, -1));
      const at = await link.checked(link.writer.hGetAll(USED_AT));
      // Those that no count knows are of an older version, and come first.
      ids.sort((one, other) => order.indexOf(one) - order.indexOf(other));
      return Promise.all(
        ids.map(async (id) => {
          const changes = await readAll(id);
          return summary(id, changes, Number(at[id] ?? changes.at(-1)?.at ?? 0));
        }),
      );
    },
    read: readAll,
    follow(id, hear, deleted) {
      changesOf(id);
      followed.add(id);
      return followers.follow(id, hear, deleted);
    },
    async append(id, change) {
      await restored;
      for (let tries = 0; tries < TRIES; tries += 1) {
        const logged = { seq: changesOf(id).length + 1, at: clock(), change };
        try {
          if (logged.seq === 1) await enroll(id, logged.at);
          await put(id, logged);
        } catch (error) {
          if (!link.up) throw new Error(link.fault ?? 'Redis has gone');
          if (!String(error).includes('equal or smaller')) throw error;
          await readOn(id);
          continue;
        }
        take(id, [{ id: `${logged.seq}-0`, message: { at: String(logged.at), change: JSON.stringify(change) } }]);
        // What is kept is kept; when that was is of less weight.
        if (used.id !== id || Math.abs(clock() - used.at) > USED_MS) await use(id).catch(() => {});
        return logged;
      }
      throw new Error(`${TRIES} times another server was faster`);
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
    touch: async (id) => void (await link.checked(link.writer.hSet(USED_AT, id, String(clock())))),
    async delete(id) {
      const changes = await readAll(id);
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
      forget(id);
    },
    async close() {
      closed = true;
      link.close();
    },
  };
  return log;
}
