/** How long classes are kept: those that nobody has used for so many days are deleted, at the start and once a day. */
import type { ClassLog, KeptClass } from './log.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Before this program was written no class was used: a clock that says so was wrong, as of a board without a battery. */
const EARLIEST = Date.UTC(2026, 0, 1);
/** So long after the newest use of any class a clock is doubted at the start, and nothing deleted until the next day or start. */
const DOUBTED_MS = 366 * DAY_MS;

/** The newest use is so long ago that the clock may be far ahead; `newest` in ms since the epoch. */
export class ClockDoubted extends Error {
  readonly newest: number;

  constructor(newest: number) {
    super('this clock is more than a year ahead of the newest use of a class');
    this.newest = newest;
  }
}

/** Until when a class is kept, in ms since the epoch; null = for ever, or as long as it goes on. */
export function keptUntil(one: KeptClass, days: number | undefined, current: string): number | null {
  return days === undefined || (one.id === current && !one.ended) ? null : one.usedAt + days * DAY_MS;
}

/**
 * Deletes the classes that ended, or were used last, more than `days` ago; never `current` while it goes on. A class whose
 * last use was noted by a clock that was wrong, which is seen by a time to come or one long ago, counts as used now. Resolves
 * with how many there were. Rejects with ClockDoubted, and deletes nothing, at a start (`current` is undefined) where every
 * class was last used more than a year ago: then the clock is as likely to be wrong, and what it would delete is all that there is.
 */
export async function forgetOld(
  log: ClassLog,
  days: number,
  current: string | undefined,
  clock: () => number = Date.now,
): Promise<number> {
  const now = clock();
  if (now < EARLIEST) return 0;
  const classes = await log.list();
  const newest = Math.max(...classes.map(({ usedAt }) => usedAt));
  const atStart = current === undefined;
  if (atStart && newest >= EARLIEST && now - newest > Math.max(DOUBTED_MS, days * DAY_MS))
    throw new ClockDoubted(newest);
  let deleted = 0;
  for (const { id, usedAt, ended } of classes) {
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
      if (error instanceof ClockDoubted) return void process.stderr.write(`pushlab: ${doubt(error, days)}\n`);
      process.stderr.write(`pushlab: old classes could not be deleted: ${(error as Error).message}\n`);
    }
  };
  await look();
  const timer = setInterval(look, DAY_MS);
  return () => clearInterval(timer);
}

function doubt({ newest }: ClockDoubted, days: number): string {
  const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
  return `deleted no class (--keep-days ${days}): by this machine's clock it is ${day(Date.now())}, and the newest use of a class was on ${day(newest)}, more than a year before. Set the clock if it is wrong; if it is right, they are deleted in a day, or at the next start after a class was used.`;
}
