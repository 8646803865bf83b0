/** What a backup and a restore have in common: a copy that is whole or not there, and what stands in it. */
import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openSqlite } from './folder.ts';
import { formatOf } from './format.ts';

/** What stands in a file of classes. */
export interface Contents {
  classes: number;
  changes: number;
  /** Of the newest change, in ms since the epoch; null where there is none. */
  newest: number | null;
}

function contentsOf(database: DatabaseSync): Contents {
  const row = database
    .prepare('SELECT count(DISTINCT class) AS classes, count(*) AS changes, max(at) AS newest FROM changes')
    .get();
  return {
    classes: Number(row?.classes),
    changes: Number(row?.changes),
    newest: row?.newest === null ? null : Number(row?.newest),
  };
}

/** The contents as words: "2 classes, 31 changes, the newest of 2026-11-28T09:12:44.120Z". */
export function inWords({ classes, changes, newest }: Contents): string {
  const count = (n: number, one: string, more: string) => `${n} ${n === 1 ? one : more}`;
  const last = newest === null ? '' : `, the newest of ${new Date(newest).toISOString()}`;
  return `${count(classes, 'class', 'classes')}, ${count(changes, 'change', 'changes')}${last}`;
}

/**
 * Copies the classes in file `from`, as they are at one moment, to file `to`, which is not there or whole at any time, also
 * after a power cut. A server may write to `from` meanwhile. Checks every page of the copy. Resolves with what stands
 * in it; rejects with what SQLite or the file system says, or with a StoreError.
 */
export async function copyClasses(from: string, to: string): Promise<Contents> {
  const sqlite = await openSqlite();
  const part = `${to}.part`;
  rmSync(part, { force: true });
  const source = new sqlite.DatabaseSync(from, { readOnly: true });
  try {
    formatOf(source, from);
    source.prepare('VACUUM INTO ?').run(part);
    chmodSync(part, 0o600);
    const copy = new sqlite.DatabaseSync(part, { readOnly: true });
    try {
      const { integrity_check: checked } = copy.prepare('PRAGMA integrity_check(1)').get() ?? {};
      if (checked !== 'ok') throw new Error(`integrity_check: ${checked}`);
      const contents = contentsOf(copy);
      toDisk(part);
      renameSync(part, to);
      toDisk(dirname(to));
      return contents;
    } finally {
      copy.close();
    }
  } finally {
    source.close();
    rmSync(part, { force: true });
  }
}

/** Waits until a file or the names in a folder are on the disk. */
export function toDisk(path: string): void {
  // Windows opens no folder, and keeps the names in it by itself.
  if (process.platform === 'win32') return;
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
