/** How long classes are kept: those that nobody has used for so many days are deleted, at the start and once a day. */
import type { ClassLog, KeptClass } from './log.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Before this program was written no class was used: a clock that says so was wrong, as of a board without a battery. */
const EARLIEST = Date.UTC(2026, 0, 1);
/** Where no class was used for so long, time may not have passed: a clock may have leapt. */
const LEAP_MS = 366 * DAY_MS;

/** Until when a class is kept, in ms since the epoch; null = for ever, or as long as it goes on. */
export function keptUntil(one: KeptClass, days: number | undefined, current: string): number | null {
  return days === undefined || (one.id === current && !one.ended) ? null : one.usedAt + days * DAY_MS;
}

/** What became of the classes: how many were deleted, and the newest use before a leap of the clock (ms since the epoch), if any. */
export interface Forgotten {
  deleted: number;
  beforeLeap: number | null;
}

/**
 * Deletes the classes that ended, or were used last, more than `days` ago; never `current` while it goes on. Time is what the
 * uses of all classes and this look at them attest. A class whose last use was noted by a clock that was wrong, which is seen
 * by a time to come or one long ago, counts as used now, and so do all that were used before a leap of more than a year: a
 * clock that is far ahead, even if a class was used under it, must not delete what it alone takes for old.
 */
export async function forgetOld(
  log: ClassLog,
  days: number,
  current: string | undefined,
  clock: () => number = Date.now,
): Promise<Forgotten> {
  const now = clock();
  if (now < EARLIEST) return { deleted: 0, beforeLeap: null };
  const classes = await log.list();
  const isWrong = (usedAt: number): boolean => usedAt < EARLIEST || usedAt > now + DAY_MS;
  // A server that looks every day deletes a class before this, so what it keeps for longer than a year makes no leap.
  const beforeLeap = leapIn([...classes.map(({ usedAt }) => usedAt).filter((at) => !isWrong(at)), now], days);
  let deleted = 0;
  for (const { id, usedAt, ended } of classes) {
    const goesOn = id === current && !ended;
    if (goesOn || isWrong(usedAt) || (beforeLeap !== null && usedAt <= beforeLeap)) await log.touch(id);
    else if (now - usedAt > days * DAY_MS) {
      await log.delete(id);
      deleted += 1;
    }
  }
  return { deleted, beforeLeap };
}

/** The newest of these times (ms since the epoch) that a leap follows; null where none does. */
function leapIn(times: readonly number[], days: number): number | null {
  const leap = Math.max(LEAP_MS, (days + 2) * DAY_MS);
  const newestFirst = [...times].sort((a, b) => b - a);
  return newestFirst.find((at, n) => n > 0 && (newestFirst[n - 1] as number) - at > leap) ?? null;
}

/** Does so now and once a day, and tells the terminal. Resolves with how to stop once the first time is over. */
export async function keepDays(log: ClassLog, days: number, current: () => string | undefined): Promise<() => void> {
  const look = async (): Promise<void> => {
    try {
      const { deleted, beforeLeap } = await forgetOld(log, days, current());
      const what = deleted === 1 ? '1 class that was' : `${deleted} classes that were`;
      if (deleted > 0) process.stderr.write(`pushlab: deleted ${what} not used for ${days} days (--keep-days).\n`);
      if (beforeLeap !== null) process.stderr.write(`pushlab: ${leapt(beforeLeap, days)}\n`);
    } catch (error) {
      process.stderr.write(`pushlab: old classes could not be deleted: ${(error as Error).message}\n`);
    }
  };
  await look();
  const timer = setInterval(look, DAY_MS);
  return () => clearInterval(timer);
}

function leapt(before: number, days: number): string {
  const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
  return `by this machine's clock it is ${day(Date.now())}, and no class was used for more than a year after ${day(before)}: the clock may be wrong, so the classes of that time count as used today (--keep-days ${days}). Set the clock if it is wrong.`;
}
