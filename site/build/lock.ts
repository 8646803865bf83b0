/** One build at a time in a folder: a second `npm start` waits for the first one's, and does not write between its files. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** No measure of speed: the longest that SQLite takes, in ms (24 days). */
const FOR_EVER_MS = 2 ** 31 - 1;

/**
 * Takes the folder of a repository for this process until it ends, in whatever way: the lock is the system's, on an empty file
 * in `.astro`. Where another process has it, calls `busy` once, and holds up the whole process until that one has ended.
 * Throws the system's error where the file cannot be written.
 */
export async function buildAlone(root: string, busy: () => void): Promise<void> {
  // Only who builds takes it: Node prints a warning for it in its older versions.
  const { DatabaseSync } = await import('node:sqlite');
  const file = join(root, '.astro/build.lock');
  mkdirSync(join(root, '.astro'), { recursive: true });
  // SQLite's own words for a file that may not be written name neither it nor the reason.
  closeSync(openSync(file, 'a'));
  const lock = new DatabaseSync(file);
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch {
    busy();
    lock.exec(`PRAGMA busy_timeout = ${FOR_EVER_MS}; BEGIN EXCLUSIVE`);
  }
  // Or the garbage collector would close it, and with it the lock.
  process.once('exit', () => lock.close());
}
