/** The log of classes in one SQLite file, by Node's own `node:sqlite`. A change is on disk before anybody is told of it. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ClassLog, Followers, summary } from './log.ts';
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

/** Why the data folder cannot be used, in a sentence for the terminal. */
export class StoreError extends Error {}

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
  } catch (error) {
    const { message } = error as Error;
    const locked = /locked/.test(message);
    throw new StoreError(
      locked
        ? `the classes in ${file} are open in another server: stop that one, or choose another folder with --data-dir.`
        : `the classes cannot be kept in ${file} (${message}): choose another folder with --data-dir.`,
    );
  }

  const last = database.prepare('SELECT coalesce(max(seq), 0) AS seq FROM changes WHERE class = ?');
  const insert = database.prepare('INSERT INTO changes (class, seq, at, change) VALUES (?, ?, ?, ?)');
  const select = database.prepare('SELECT seq, at, change FROM changes WHERE class = ? ORDER BY seq');
  const ids = database.prepare('SELECT class, min(at) AS first FROM changes GROUP BY class ORDER BY first');
  const remove = database.prepare('DELETE FROM changes WHERE class = ?');
  const followers = new Followers();

  const read = (id: string): LoggedChange[] =>
    select.all(id).map(({ seq, at, change }) => ({
      seq: Number(seq),
      at: Number(at),
      change: JSON.parse(String(change)) as Change,
    }));

  return {
    kind: 'sqlite',
    list: async () => ids.all().map((row) => summary(String(row.class), read(String(row.class)))),
    read: async (id) => read(id),
    follow: (id, hear, deleted) => followers.follow(id, hear, deleted),
    async append(id, change) {
      const logged = { seq: Number(last.get(id)?.seq) + 1, at: clock(), change };
      insert.run(id, logged.seq, logged.at, JSON.stringify(change));
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
