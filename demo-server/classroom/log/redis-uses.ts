/** Which classes Redis has, and when each was used last. */
import type { Link } from '../../shared/link.ts';
import { type KeptClass, summary } from './log.ts';
import { CLASSES, USED, USED_AT, USES } from './redis-keys.ts';
import type { LoggedChange } from './state.ts';

/** A class that goes on is noted as used so often at the most (ms). */
const USED_MS = 60_000;

export interface RedisUses {
  /** Adds a class to those that there are; resolves with 1, or with 0 where it was one. `at` in ms since the epoch. */
  enroll(id: string, at: number): Promise<number>;
  /** Notes a class as used now, and as the last that was. */
  use(id: string): Promise<void>;
  /** The same, unless it was noted a moment ago; a fault of Redis is passed over. */
  useSometimes(id: string): Promise<void>;
  /** Notes the time alone. */
  touch(id: string): Promise<void>;
  /** All classes, the one that was used last at the end. */
  list(readAll: (id: string) => Promise<LoggedChange[]>): Promise<KeptClass[]>;
}

/** Keeps count of uses. `clock` in ms since the epoch. */
export function redisUses(link: Link, clock: () => number): RedisUses {
  let used = { id: '', at: 0 };
  async function use(id: string): Promise<void> {
    used = { id, at: clock() };
    const score = await link.checked(link.writer.incr(USES));
    await link.checked(link.writer.zAdd(USED, { score, value: id }));
    await link.checked(link.writer.hSet(USED_AT, id, String(used.at)));
  }
  return {
    enroll: (id, at) => link.checked(link.writer.zAdd(CLASSES, { score: at, value: id }, { condition: 'NX' })),
    use,
    async useSometimes(id) {
      // What is kept is kept; when that was is of less weight.
      if (used.id !== id || Math.abs(clock() - used.at) > USED_MS) await use(id).catch(() => {});
    },
    touch: async (id) => void (await link.checked(link.writer.hSet(USED_AT, id, String(clock())))),
    async list(readAll) {
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
  };
}
