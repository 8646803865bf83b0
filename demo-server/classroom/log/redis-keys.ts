/** The keys of classes in Redis, and the format that they are in. */
import type { Link } from '../../shared/link.ts';
import { StoreError } from '../../store/errors.ts';
import { VERSION } from '../../version.ts';

/** The classes that there are, by the ms in which they were first appended to. */
export const CLASSES = 'pushlab:classes';
/** By a count of uses, so that no clock decides which was the last; the count; and when that was, in ms since the epoch. */
export const USED = 'pushlab:classes-used';
export const USES = 'pushlab:classes-uses';
export const USED_AT = 'pushlab:classes-used-at';
/** Told of each class that is deleted, and where that stands for a server that was cut off: it must not give it back. */
export const DELETED = 'pushlab:class-deleted';
export const deletedKey = (id: string): string => `${DELETED}:${id}`;
export const streamKey = (id: string): string => `pushlab:class:${id}`;
export const nameKey = (name: string): string => `pushlab:class-called:${name}`;

/**
 * In which format the classes' keys are, as {"format", "version"}. Without it they are in format 1: the stream of each class
 * and CLASSES, as Pushlab wrote them before December 2026. Format 2 has the keys of uses beside them.
 */
const FORMAT_KEY = 'pushlab:classes-format';
const FORMAT = 2;
interface Format {
  format: number;
  version?: string;
}

/** Says which format this is, where nothing is said. Throws a StoreError for a newer one. */
export async function checkFormat(link: Link): Promise<void> {
  const own = JSON.stringify({ format: FORMAT, version: VERSION });
  const { format, version } = JSON.parse((await link.checked(link.writer.get(FORMAT_KEY))) ?? '{"format":1}') as Format;
  if (format > FORMAT)
    throw new StoreError(
      `the classes in this Redis were written by Pushlab ${version} in format ${format}, and Pushlab ${VERSION} reads formats up to ${FORMAT}: start that version on each server, or give REDIS_URL another Redis.`,
    );
  if (format < FORMAT) await link.checked(link.writer.set(FORMAT_KEY, own));
}
