/** How long classes are kept: those that nobody has used for so many days are deleted, at the start and once a day. */
import type { ClassLog, KeptClass } from './log.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Before this program was written no class was used: a clock that says so was wrong, as of a board without a battery. */
const EARLIEST = Date.UTC(2026, 0, 1);

/** Until when a class is kept, in ms since the epoch; null = for ever, or as long as it goes on. */
export function keptUntil(one: KeptClass, days: number | undefined, current: string): number | null {
  return days === undefined || (one.id === current && !one.ended) ? null : one.usedAt + days * DAY_MS;
}

/**
 * Deletes the classes that ended, or were used last, more than `days` ago; never `current` while it goes on. A class whose
 * last use was noted by a clock that was wrong, which is seen by a time to come or one long ago, counts as used now. Resolves
 * with how many there were.
 */
export async function forgetOld(
  log: ClassLog,
  days: number,
  current: string | undefined,
  clock: () => number = Date.now,
): Promise<number> {
  const now = clock();
  if (now < EARLIEST) return 0;
  let deleted = 0;
  for (const { id, usedAt, ended } of await log.list()) {
    if ((id === current && !ended) || usedAt < EARLIEST || usedAt > now + DAY_MS) await log.touch(id);
    else if (now - usedAt > days * DAY_MS) {
      await log.delete(id);
      deleted += 1;
    }
  }
  return deleted;
}

/** Does so now and once a day, and tells the terminal. Resolves with how to stop once the first time is over. */
export async function keepDays(log: ClassLog, days: number, current: () => string | undefined): Promise<() => void> {
  const look = async (): Promise<void> => {
    try {
      const deleted = await forgetOld(log, days, current());
      const what = deleted === 1 ? '1 class that was' : `${deleted} classes that were`;
      if (deleted > 0) process.stderr.write(`pushlab: deleted ${what} not used for ${days} days (--keep-days).\n`);
    } catch (error) {
      process.stderr.write(`pushlab: old classes could not be deleted: ${(error as Error).message}\n`);
    }
  };
  await look();
  const timer = setInterval(look, DAY_MS);
  return () => clearInterval(timer);
}
