/** Puts a copy of all classes back in place of what a folder holds, which is kept beside it. */
import { existsSync, linkSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { copyClasses, inWords, toDisk } from './copy.ts';
import { explain, StoreError } from './errors.ts';
import { FILE, lockFolder, openSqlite } from './folder.ts';

/** Puts the copy `from` back into folder `dir`. Resolves with a sentence on what was done; rejects with a StoreError. */
export async function restore(dir: string, from: string): Promise<string> {
  if (!existsSync(from)) throw new StoreError(`there is no ${from}: --from takes a file that npm run backup has made.`);
  const unlock = await lockFolder(dir);
  const file = join(dir, FILE);
  try {
    // First the copy, whole and checked, and only then anything of what is there is touched.
    const fresh = `${file}.restored`;
    const contents = await copyClasses(from, fresh).catch((error: Error) => {
      throw explainCopy(error, from, file);
    });
    const before = await setAside(file);
    renameSync(fresh, file);
    toDisk(dir);
    return `Restored from ${from}: ${inWords(contents)}.${before ? ` What was there is in ${before}.` : ''}`;
  } catch (error) {
    throw explain(error as Error, file);
  } finally {
    unlock();
  }
}

function explainCopy(error: Error, from: string, file: string): Error {
  if (error instanceof StoreError) return error;
  if (/malformed|not a database|integrity_check/.test(error.message))
    return new StoreError(`${from} is no whole copy of classes (${error.message}): nothing was changed.`);
  return explain(error, file);
}

/**
 * Gives what the folder holds another name, and leaves it under its own until the copy takes its place. A log that belongs
 * to the old file goes along: SQLite would play it into the new one. Returns the other name; undefined where nothing was.
 */
async function setAside(file: string): Promise<string | undefined> {
  if (!existsSync(file)) return undefined;
  await takeIn(file);
  const before = `${file}.before-restore-${new Date().toISOString().replaceAll(':', '-')}`;
  for (const end of ['-wal', '-shm']) if (existsSync(file + end)) renameSync(file + end, before + end);
  try {
    linkSync(file, before);
  } catch {
    // A file system without a second name for a file, as on a USB stick: for a moment it has none.
    renameSync(file, before);
  }
  return before;
}

/** Takes the write-ahead log into the file, which ends the log. One that is damaged is left as it is. */
async function takeIn(file: string): Promise<void> {
  const sqlite = await openSqlite();
  try {
    const database = new sqlite.DatabaseSync(file);
    try {
      // Also a server of an older version holds it, which knows nothing of the folder's lock.
      database.exec('BEGIN IMMEDIATE; COMMIT; PRAGMA wal_checkpoint(TRUNCATE);');
    } finally {
      database.close();
    }
  } catch (error) {
    if (/locked/.test((error as Error).message)) throw error;
  }
}
