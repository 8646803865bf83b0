/**
 * What this server has read of each class in Redis, in which every change stands in a stream under its seq. It follows what
 * others write, and gives it all to a Redis that comes back with less.
 */
import { BLOCK_MS } from '../../shared/client.ts';
import type { Link } from '../../shared/link.ts';
import { Followers } from './log.ts';
import { checkFormat, deletedKey, streamKey } from './redis-keys.ts';
import type { RedisUses } from './redis-uses.ts';
import type { Change, LoggedChange } from './state.ts';

/** How long it waits (ms) where Redis has nothing to wait for. */
const LATER_MS = 100;

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

export interface RedisClasses {
  /** How many changes of a class were read; from now on they are remembered. */
  countOf(id: string): number;
  /** Reads what is new in a class. */
  readOn(id: string): Promise<LoggedChange[]>;
  /** Reads a class; one that this server has not opened is not remembered. */
  readAll(id: string): Promise<LoggedChange[]>;
  /** Writes a change under its seq; rejects where another server has that. Resolves once it is told to those who follow. */
  put(id: string, change: LoggedChange): Promise<void>;
  follow(id: string, hear: (change: LoggedChange) => void, deleted?: () => void): () => void;
  /** Forgets a class that is deleted. */
  forget(id: string): void;
  /** Gives every class back to a Redis that has come back; what fails is tried when it comes the next time. */
  giveAllBack(): Promise<unknown>;
  /** Gives back those of which Redis has lost something. */
  restoreLost(): Promise<void>;
  close(): void;
}

type Entries = { id: string; message: Record<string, string> }[];

const changeIn = ({ id, message }: Entries[number]): LoggedChange => ({
  seq: Number.parseInt(id, 10),
  at: Number(message.at),
  change: JSON.parse(message.change as string) as Change,
});
const later = (): Promise<void> => new Promise((go) => setTimeout(go, LATER_MS).unref());

/** Reads and follows the classes of a Redis. `clock` in ms since the epoch. */
export function redisClasses(link: Link, uses: RedisUses, clock: () => number): RedisClasses {
  const known = new Map<string, LoggedChange[]>();
  const followed = new Set<string>();
  const followers = new Followers();
  let closed = false;

  function changesOf(id: string): LoggedChange[] {
    const changes = known.get(id) ?? [];
    known.set(id, changes);
    return changes;
  }
  /** Takes what is new, in order, and tells those who follow. */
  function take(id: string, news: readonly LoggedChange[]): void {
    const changes = changesOf(id);
    for (const logged of news) {
      if (logged.seq !== changes.length + 1) continue;
      changes.push(logged);
      followers.tell(id, logged);
    }
  }
  async function readOn(id: string): Promise<LoggedChange[]> {
    const changes = changesOf(id);
    // Behind `seq-0`; an interval that is open, `(seq-0`, is for Redis 6.2.
    const news = await link.checked(link.writer.xRange(streamKey(id), `${changes.length}-1`, '+'));
    take(id, (news ?? []).map(changeIn));
    return changes;
  }
  function forget(id: string): void {
    if (!known.delete(id)) return;
    followed.delete(id);
    followers.forget(id);
  }
  async function giveBack(id: string): Promise<void> {
    if ((await link.checked(link.writer.exists(deletedKey(id)))) > 0) return forget(id);
    const changes = changesOf(id);
    if ((await uses.enroll(id, changes[0]?.at ?? clock())) > 0 && changes.length > 0) {
      await checkFormat(link);
      await uses.use(id);
    }
    const all = changes.flatMap(({ at, change }) => [String(at), JSON.stringify(change)]);
    await link.checked(link.writer.eval(RESTORE, { keys: [streamKey(id)], arguments: all }));
    await readOn(id);
  }
  const count = (): number => [...followed].reduce((sum, id) => sum + changesOf(id).length, 0);
  async function readNews(): Promise<void> {
    const keys = [...followed].map((id) => ({ key: streamKey(id), id: `${changesOf(id).length}-0` }));
    const news = (await link.checked(link.reader.xRead(keys, { BLOCK: BLOCK_MS }))) ?? [];
    const before = count();
    for (const { name, messages } of news)
      take([...followed].find((id) => streamKey(id) === name) as string, messages.map(changeIn));
    // Behind a gap nothing can be taken until it is filled, and Redis would give it again at once.
    if (news.length > 0 && count() === before) await later();
  }
  async function followAll(): Promise<void> {
    while (!closed) {
      // Redis has gone, and the link says when it is back; or it is there and refuses, as while it still loads.
      if (!link.up || followed.size === 0) await later();
      else await readNews().catch(later);
    }
  }
  void followAll();

  return {
    countOf: (id) => changesOf(id).length,
    readOn,
    async readAll(id) {
      if (known.has(id)) return [...(await readOn(id))];
      return ((await link.checked(link.writer.xRange(streamKey(id), '-', '+'))) ?? []).map(changeIn);
    },
    async put(id, logged) {
      const entry = { at: String(logged.at), change: JSON.stringify(logged.change) };
      await link.checked(link.writer.xAdd(streamKey(id), `${logged.seq}-0`, entry));
      // As every other server reads it.
      take(id, [changeIn({ id: `${logged.seq}-0`, message: entry })]);
    },
    follow(id, hear, deleted) {
      changesOf(id);
      followed.add(id);
      return followers.follow(id, hear, deleted);
    },
    forget,
    giveAllBack: () => Promise.all([...known.keys()].map((id) => giveBack(id).catch(() => {}))),
    async restoreLost() {
      for (const [id, { length }] of known)
        if (length > 0 && (await link.checked(link.writer.xLen(streamKey(id)))) < length) await giveBack(id);
    },
    close() {
      closed = true;
    },
  };
}
