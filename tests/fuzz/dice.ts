/** What a seed draws: the same seed and conversation give the same bytes on every machine. */
import { seededRandom } from '../../demo-server/feed.ts';

export interface Dice {
  /** A whole number from 0 up to, and without, `below`. */
  below(below: number): number;
  pick<T>(list: readonly T[]): T;
  /** True once in so many times. */
  once(inTimes: number): boolean;
  bytes(length: number): Buffer;
  /** Letters, digits and now and then what is awkward in a name. */
  word(): string;
}

const AWKWARD = [
  '',
  ' ',
  '%00',
  '%',
  '%zz',
  '..',
  '"',
  "'",
  '\\',
  '<b>',
  '\u00e9',
  '\ud83d\ude00',
  '__proto__',
  '-1',
  '1e999',
  'null',
];

/** The dice of one conversation of a seed. */
export function dice(seed: number, conversation: number): Dice {
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(conversation + 1, 0x85ebca6b));
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  return {
    below,
    pick,
    once: (inTimes) => below(inTimes) === 0,
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
    word: () => (below(4) === 0 ? pick(AWKWARD) : below(2 ** 31).toString(36)),
  };
}
