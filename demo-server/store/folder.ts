/** The folder in which classes are kept: one file of SQLite, and a lock that one server at a time holds. */
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { explain, StoreError } from './errors.ts';
import { bringUp, formatOf } from './format.ts';

/** The file's name in the data folder. */
export const FILE = 'classes.sqlite';
const LOCK = 'classes.lock';

/** Node's own SQLite. Throws a StoreError where this Node has none. */
export async function openSqlite(): Promise<typeof import('node:sqlite')> {
  return import('node:sqlite').catch(() => {
    throw new StoreError(
      `Node ${process.versions.node} has no node:sqlite, which keeps the class. It takes Node 22.13 or newer.`,
    );
  });
}

/**
 * Makes a folder, and those above it, for this user alone where they are not there. Throws as the file system does. Node's own
 * `recursive` goes round for ever where that answers ENOENT although the folder above is there, as /proc does.
 */
export function makeFolder(dir: string): void {
  const isThere = () => statSync(dir, { throwIfNoEntry: false })?.isDirectory();
  if (isThere()) return;
  if (dirname(dir) !== dir) makeFolder(dirname(dir));
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!isThere()) throw error;
  }
}

/**
 * Takes the folder for this process until it calls what is returned, or ends in whatever way: the lock is the system's, on an
 * empty file beside the classes, so that others may still read those. Throws a StoreError where another process has it.
 */
export async function lockFolder(dir: string): Promise<() => void> {
  const sqlite = await openSqlite();
  try {
    makeFolder(dir);
    const lock = new sqlite.DatabaseSync(join(dir, LOCK));
    chmodSync(join(dir, LOCK), 0o600);
    lock.exec('BEGIN EXCLUSIVE');
    return () => lock.close();
  } catch (error) {
    throw explain(error as Error, join(dir, FILE));
  }
}

/**
 * Opens the file of classes in a folder that this process has locked, in this version's format. Readable by its owner
 * only. Throws a StoreError.
 */
export async function openClasses(dir: string): Promise<DatabaseSync> {
  const sqlite = await openSqlite();
  const file = join(dir, FILE);
  let database: DatabaseSync | undefined;
  try {
    database = new sqlite.DatabaseSync(file);
    // What is not ours is not touched.
    formatOf(database, file);
    chmodSync(file, 0o600);
    // With WAL a commit survives kill -9 as it is; to wait for the disk as well would hold up the lanes that are measured
    // in this very process. What is deleted is overwritten: no nickname stays in free pages.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;');
    bringUp(database, file);
    const { quick_check: checked } = database.prepare('PRAGMA quick_check(1)').get() ?? {};
    if (checked !== 'ok') throw new Error(`quick_check: ${checked}`);
    return database;
  } catch (error) {
    database?.close();
    throw explain(error as Error, file);
  }
}
