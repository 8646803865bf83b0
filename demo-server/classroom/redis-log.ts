/**
 * The log of classes in Redis, so that several servers serve one class: a stream for each class, in which every change
 * stands under its seq. Two servers that append at once cannot both have a seq; the later one reads on and tries again.
 * What was read stays here as well: a Redis that comes back empty is given it again.
 */
import { BLOCK_MS, createLink } from '../shared/link.ts';
import { type ClassLog, Followers, summary } from './log.ts';
import type { Change, LoggedChange } from './state.ts';

/** The classes that there are, by the ms in which they were first appended to. */
const CLASSES = 'pushlab:classes';
const streamKey = (id: string): string => `pushlab:class:${id}`;
const nameKey = (name: string): string => `pushlab:class-called:${name}`;
/** How long the start waits for Redis (ms), and an append for the seqs that others take. */
const PATIENCE_MS = 5000;
const TRIES = 50;

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

  const late = setTimeout(() => there.reject(new Error('no Redis answers at REDIS_URL')), PATIENCE_MS);
  try {
    await there.promise;
  } catch (error) {
    link.close();
    throw error;
  } finally {
    clearTimeout(late);
  }

  function changesOf(id: string): LoggedChange[] {
    const changes = known.get(id) ?? [];
    known.set(id, changes);
    return changes;
  }

  type Entries = { id: string; message: Record<string, string> }[];
  /** Takes what is new in entries of the stream, in order, and tells those who follow. */
  function take(id: string, entries: Entries): void {
    const changes = changesOf(id);
    for (const { id: entry, message } of entries) {
      const seq = Number.parseInt(entry, 10);
      if (seq !== changes.length + 1) continue;
      const logged = { seq, at: Number(message.at), change: JSON.parse(message.change as string) as Change };
      changes.push(logged);
      followers.tell(id, logged);
    }
  }

  async function readOn(id: string): Promise<LoggedChange[]> {
    const changes = changesOf(id);
    take(id, (await link.writer.xRange(streamKey(id), `(${changes.length}-0`, '+')) ?? []);
    return changes;
  }

  async function put(id: string, { seq, at, change }: LoggedChange): Promise<void> {
    await link.writer.xAdd(streamKey(id), `${seq}-0`, { at: String(at), change: JSON.stringify(change) });
  }

  async function giveBack(id: string): Promise<void> {
    const changes = changesOf(id);
    const newest = (await link.writer.xRevRange(streamKey(id), '+', '-', { COUNT: 1 })) ?? [];
    const last = Number.parseInt(newest[0]?.id ?? '0', 10);
    if (last === 0) await enroll(id, changes[0]?.at ?? clock());
    // What another server has put there meanwhile is refused.
    for (const change of changes.slice(last)) await put(id, change).catch(() => {});
    await readOn(id);
  }

  const enroll = (id: string, at: number) => link.writer.zAdd(CLASSES, { score: at, value: id }, { condition: 'NX' });

  async function followAll(): Promise<void> {
    while (!closed) {
      if (!link.up || followed.size === 0) {
        await new Promise((later) => setTimeout(later, 100).unref());
        continue;
      }
      const keys = [...followed].map((id) => ({ key: streamKey(id), id: `${changesOf(id).length}-0` }));
      try {
        for (const { name, messages } of (await link.reader.xRead(keys, { BLOCK: BLOCK_MS })) ?? [])
          take([...followed].find((id) => streamKey(id) === name) as string, messages);
      } catch {
        // Redis has gone: the link says when it is back.
      }
    }
  }
  void followAll();

  const log: ClassLog = {
    kind: 'redis',
    get up() {
      return link.up;
    },
    async claim(name, id) {
      const kept = (await log.list()).filter((one) => one.name === name && !one.ended).at(-1);
      if (kept) return kept.id;
      const expiration = { type: 'PX', value: PATIENCE_MS } as const;
      return (await link.writer.set(nameKey(name), id, { condition: 'NX', expiration, GET: true })) ?? id;
    },
    async list() {
      const ids = await link.writer.zRange(CLASSES, 0, -1);
      return Promise.all(ids.map(async (id) => summary(id, await readOn(id))));
    },
    read: async (id) => [...(await readOn(id))],
    follow(id, hear) {
      followed.add(id);
      return followers.follow(id, hear);
    },
    async append(id, change) {
      await restored;
      for (let tries = 0; tries < TRIES; tries += 1) {
        const logged = { seq: changesOf(id).length + 1, at: clock(), change };
        try {
          if (logged.seq === 1) await enroll(id, logged.at);
          await put(id, logged);
        } catch (error) {
          if (!link.up || !String(error).includes('equal or smaller')) throw error;
          await readOn(id);
          continue;
        }
        take(id, [{ id: `${logged.seq}-0`, message: { at: String(logged.at), change: JSON.stringify(change) } }]);
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
      link.listener.subscribe(channel, hear).catch(() => {});
      return {
        tell: (text) => void link.writer.publish(channel, text).catch(() => {}),
        close: () => void link.listener.unsubscribe(channel, hear).catch(() => {}),
      };
    },
    async delete(id) {
      followed.delete(id);
      known.delete(id);
      await link.writer.multi().del(streamKey(id)).zRem(CLASSES, id).exec();
    },
    async close() {
      closed = true;
      link.close();
    },
  };
  return log;
}
