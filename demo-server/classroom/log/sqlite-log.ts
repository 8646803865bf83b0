/** The log of classes in one SQLite file, by Node's own `node:sqlite`. A change is on disk before any follower gets it. */
import { join } from 'node:path';
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { explain } from '../../store/errors.ts';
import { FILE, lockFolder, openClasses } from '../../store/folder.ts';
import { type ClassLog, Followers, type KeptClass } from './log.ts';
import type { Change, LoggedChange } from './state.ts';

/** The least time (ms) between two notes that a class is in use. */
const USED_MS = 60_000;
/** The interval (ms) at which the write-ahead log is emptied again, while a backup still reads it. */
const AGAIN_MS = 5000;

/**
 * Opens (or makes) the log in folder `dir`, readable by its owner only. Throws a StoreError where Node has no SQLite, the
 * folder cannot be written, another server has it, or the file is damaged or of a newer version. `clock` in ms since the
 * epoch.
 */
export async function sqliteLog(dir: string, clock: () => number = Date.now): Promise<ClassLog> {
  const file = join(dir, FILE);
  // Two servers with one class would each show half of it.
  const unlock = await lockFolder(dir);
  const database = await openClasses(dir).catch((error) => {
    unlock();
    throw error;
  });

  const { last, insert, select, classes, use, retime, unuse, remove } = statementsOf(database);
  const followers = new Followers();
  let used = { id: '', at: 0 };
  let cleaning: NodeJS.Timeout | undefined;

  /** Calls `action`; an error of SQLite's becomes one in words for a terminal. */
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

  function noteUse(id: string, at: number): void {
    try {
      use.run(id, at);
      used = { id, at };
    } catch {
      // The change is kept all the same; the time of use is noted with a later one.
    }
  }
  /** Empties the write-ahead log; a backup that reads holds it up for a moment. */
  function clean(): void {
    clearTimeout(cleaning);
    const { busy } = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() ?? {};
    if (busy) cleaning = setTimeout(clean, AGAIN_MS);
  }

  return {
    kind: 'sqlite',
    list: async () => classes.all().map(listed),
    read: async (id) => attempt(() => read(id)),
    follow: (id, hear, deleted) => followers.follow(id, hear, deleted),
    async append(id, change) {
      const logged = { seq: Number(last.get(id)?.seq) + 1, at: clock(), change };
      attempt(() => insert.run(id, logged.seq, logged.at, JSON.stringify(change)));
      if (used.id !== id || Math.abs(logged.at - used.at) > USED_MS) noteUse(id, logged.at);
      followers.tell(id, logged);
      return logged;
    },
    touch: async (id) => void attempt(() => retime.run(id, clock())),
    async delete(id) {
      attempt(() => {
        remove.run(id);
        unuse.run(id);
        // Deleted means deleted: no nickname stays in the file's log either.
        clean();
      });
      used = { id: '', at: 0 };
      followers.forget(id);
    },
    async close() {
      clearTimeout(cleaning);
      database.close();
      unlock();
    },
  };
}

/** All that is asked of the file. */
function statementsOf(database: DatabaseSync) {
  return {
    last: database.prepare('SELECT coalesce(max(seq), 0) AS seq FROM changes WHERE class = ?'),
    insert: database.prepare('INSERT INTO changes (class, seq, at, change) VALUES (?, ?, ?, ?)'),
    select: database.prepare('SELECT seq, at, change FROM changes WHERE class = ? ORDER BY seq'),
    // Not by reading every change of every class: a list is asked for while a class measures.
    classes: database.prepare(`
      SELECT class AS id, min(changes.at) AS openedAt, count(*) AS changes,
        max(CASE WHEN seq = 1 THEN change END) AS opened, max(change = '{"type":"ended"}') AS ended,
        coalesce(max(recent.n), 0) AS n, coalesce(max(recent.at), max(changes.at)) AS usedAt
      FROM changes LEFT JOIN recent USING (class) GROUP BY class ORDER BY n, openedAt`),
    use: database.prepare('INSERT OR REPLACE INTO recent VALUES (?, (SELECT coalesce(max(n), 0) + 1 FROM recent), ?)'),
    retime: database.prepare('INSERT INTO recent VALUES (?, 0, ?) ON CONFLICT (class) DO UPDATE SET at = excluded.at'),
    unuse: database.prepare('DELETE FROM recent WHERE class = ?'),
    remove: database.prepare('DELETE FROM changes WHERE class = ?'),
  };
}

/** A class in the list, from its row. */
function listed({ id, openedAt, changes, opened, ended, usedAt }: Record<string, SQLOutputValue>): KeptClass {
  return {
    id: String(id),
    name: nameIn(String(opened)),
    openedAt: Number(openedAt),
    usedAt: Number(usedAt),
    ended: ended === 1,
    changes: Number(changes),
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
