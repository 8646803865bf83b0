/**
 * The format of the file of classes, which stands in it: what this version reads, and what it makes of an older one.
 *
 * 1: the table `changes` alone, without a number of its format (Pushlab before December 2026).
 * 2: also `recent`, in which order and when classes were last used, and `meta`, with the version that wrote last.
 */
import type { DatabaseSync } from 'node:sqlite';
import { VERSION } from '../version.ts';
import { StoreError } from './errors.ts';

/** The newest format that this version reads, and the one that it writes. */
export const FORMAT = 2;
/** "Push" in ASCII: by this SQLite files are told apart. */
const APPLICATION_ID = 0x50757368;

const CHANGES = `
  CREATE TABLE IF NOT EXISTS changes (
    class TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at REAL NOT NULL,
    change TEXT NOT NULL,
    PRIMARY KEY (class, seq)
  ) WITHOUT ROWID, STRICT;`;
/** `n` counts up with each class that goes on, so that no clock decides which was the last; `at` in ms since the epoch. */
const RECENT = `
  CREATE TABLE recent (class TEXT PRIMARY KEY, n INTEGER NOT NULL, at REAL NOT NULL) WITHOUT ROWID, STRICT;
  INSERT INTO recent
    SELECT class, row_number() OVER (ORDER BY max(at)), max(at) FROM changes GROUP BY class;`;
const META = 'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;';

const pragma = (database: DatabaseSync, name: string): number =>
  Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);

/** The format of an open file; 0 where it is empty. Throws a StoreError for a newer format, or where something else is in it. */
export function formatOf(database: DatabaseSync, file: string): number {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const has = (name: string) => tables.some((table) => table.name === name);
  const [id, format] = [pragma(database, 'application_id'), pragma(database, 'user_version')];
  if (id === 0 && format === 0 && tables.length === 0) return 0;
  if (id !== APPLICATION_ID && !(id === 0 && format === 0 && has('changes')))
    throw new StoreError(
      `the file ${file} is an SQLite database of another program: choose another folder with --data-dir, or another file.`,
    );
  if (format <= FORMAT) return id === APPLICATION_ID ? format : 1;
  const by = has('meta') ? database.prepare("SELECT value FROM meta WHERE key = 'written-by'").get()?.value : undefined;
  throw new StoreError(
    `the classes in ${file} were written by ${by ? `Pushlab ${by}` : 'a newer Pushlab'} in format ${format}, and Pushlab ${VERSION} reads formats up to ${FORMAT}: start that version again, or choose another folder with --data-dir.`,
  );
}

/** Brings an open file to this version's format, all of it or nothing. */
export function bringUp(database: DatabaseSync, file: string): void {
  const format = formatOf(database, file);
  database.exec('BEGIN IMMEDIATE');
  try {
    if (format < 1) database.exec(CHANGES);
    if (format < 2) database.exec(RECENT + META);
    database.prepare("INSERT OR REPLACE INTO meta VALUES ('written-by', ?)").run(VERSION);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT}; COMMIT;`);
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
