/** The log of classes in one SQLite file, by Node's own `node:sqlite`. A change is on disk before anybody is told of it. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ClassLog, Followers } from './log.ts';
import type { Change, LoggedChange } from './state.ts';

/** The file's name in the data folder. */
export const FILE = 'classes.sqlite';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS changes (
    class TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at REAL NOT NULL,
    change TEXT NOT NULL,
    PRIMARY KEY (class, seq)
  ) WITHOUT ROWID, STRICT;
`;

/** Why the classes cannot be kept, in a sentence for the terminal. */
export class StoreError extends Error {}

/** What SQLite or the file system says, as: what is wrong, where, what to do. */
function explain(error: Error, file: string): StoreError {
  const message = error.message.replace(/\s+/g, ' ');
  const elsewhere = 'choose another folder with --data-dir';
  if (/locked/.test(message))
    return new StoreError(`the classes in ${file} are open in another server: stop that one, or ${elsewhere}.`);
  if (/malformed|not a database|quick_check|JSON/.test(message))
    return new StoreError(
      `the file ${file} is damaged (${message}): put a copy back, or move it away with the files beside it that begin with its name, or ${elsewhere}.`,
    );
  if (/full|disk I\/O|ENOSPC/.test(message))
    return new StoreError(
      `the classes cannot be written to ${file} (${message}): make room on the disk, or ${elsewhere}.`,
    );
  if (/readonly|EACCES|EROFS|EPERM|unable to open/.test(message))
    return new StoreError(
      `the classes cannot be kept in ${file} (${message}): give this user the right to write there, or ${elsewhere}.`,
    );
  return new StoreError(`the classes cannot be kept in ${file} (${message}): ${elsewhere}.`);
}

/**
 * Opens (or makes) the log in folder `dir`, readable by its owner only. Throws a StoreError where Node has no SQLite, the
 * folder cannot be written, or another server has it. `clock` in ms since the epoch.
 */
export async function sqliteLog(dir: string, clock: () => number = Date.now): Promise<ClassLog> {
  const sqlite = await import('node:sqlite').catch(() => {
    throw new StoreError(
      `Node ${process.versions.node} has no node:sqlite, which keeps the class. It takes Node 22.13 or newer.`,
    );
  });
  const file = join(dir, FILE);
  let database: InstanceType<typeof sqlite.DatabaseSync>;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    database = new sqlite.DatabaseSync(file);
    chmodSync(file, 0o600);
    // Exclusive: two servers with one class would each tell half of it. With WAL a commit survives kill -9 as it is; to
    // wait for the disk as well would hold up the lanes that are measured in this very process.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    database.exec(SCHEMA);
    database.exec('BEGIN IMMEDIATE; COMMIT;');
    const { quick_check: checked } = database.prepare('PRAGMA quick_check(1)').get() ?? {};
    if (checked !== 'ok') throw new Error(`quick_check: ${checked}`);
  } catch (error) {
    throw explain(error as Error, file);
  }

  const last = database.prepare('SELECT coalesce(max(seq), 0) AS seq FROM changes WHERE class = ?');
  const insert = database.prepare('INSERT INTO changes (class, seq, at, change) VALUES (?, ?, ?, ?)');
  const select = database.prepare('SELECT seq, at, change FROM changes WHERE class = ? ORDER BY seq');
  // Not by reading every change of every class: a list is asked for while a class measures.
  const classes = database.prepare(`
    SELECT class AS id, min(at) AS openedAt, count(*) AS changes,
      max(CASE WHEN seq = 1 THEN change END) AS opened, max(change = '{"type":"ended"}') AS ended
    FROM changes GROUP BY class ORDER BY openedAt`);
  const remove = database.prepare('DELETE FROM changes WHERE class = ?');
  const followers = new Followers();

  /** Does it, and says in words for a terminal why it could not. */
  function attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw explain(error as Error, file);
    }
  }
  const read = (id: string): LoggedChange[] =>
    select.all(id).map(({ seq, at, change }) => ({
      seq: Number(seq),
      at: Number(at),
      change: JSON.parse(String(change)) as Change,
    }));

  return {
    kind: 'sqlite',
    list: async () =>
      classes.all().map(({ id, openedAt, changes, opened, ended }) => ({
        id: String(id),
        name: nameIn(String(opened)),
        openedAt: Number(openedAt),
        ended: ended === 1,
        changes: Number(changes),
      })),
    read: async (id) => attempt(() => read(id)),
    follow: (id, hear, deleted) => followers.follow(id, hear, deleted),
    async append(id, change) {
      const logged = { seq: Number(last.get(id)?.seq) + 1, at: clock(), change };
      attempt(() => insert.run(id, logged.seq, logged.at, JSON.stringify(change)));
      followers.tell(id, logged);
      return logged;
    },
    async delete(id) {
      remove.run(id);
      // Deleted means deleted: no nickname stays in the free pages of the file or in its log.
      database.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE);');
      followers.forget(id);
    },
    close: async () => database.close(),
  };
}

/** The name in a class's first change; none where somebody has written another one there. */
function nameIn(opened: string): string {
  try {
    const change = JSON.parse(opened) as Change;
    return change.type === 'opened' ? change.name : '';
  } catch {
    return '';
  }
}
