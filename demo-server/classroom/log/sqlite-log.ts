/** The log of classes in one SQLite file, by Node's own `node:sqlite`. A change is on disk before anybody is told of it. */
import { join } from 'node:path';
import { explain } from '../../store/errors.ts';
import { FILE, lockFolder, openClasses } from '../../store/folder.ts';
import { type ClassLog, Followers } from './log.ts';
import type { Change, LoggedChange } from './state.ts';

/** A class that goes on is noted as used so often at the most (ms). */
const USED_MS = 60_000;
/** What was deleted is looked for in the write-ahead log again so often (ms), while a backup still reads it. */
const AGAIN_MS = 5000;

/**
 * Opens (or makes) the log in folder `dir`, readable by its owner only. Throws a StoreError where Node has no SQLite, the
 * folder cannot be written, another server has it, or the file is damaged or of a newer version. `clock` in ms since the
 * epoch.
 */
export async function sqliteLog(dir: string, clock: () => number = Date.now): Promise<ClassLog> {
  const file = join(dir, FILE);
  // Two servers with one class would each tell half of it.
  const unlock = await lockFolder(dir);
  const database = await openClasses(dir).catch((error) => {
    unlock();
    throw error;
  });

  const last = database.prepare('SELECT coalesce(max(seq), 0) AS seq FROM changes WHERE class = ?');
  const insert = database.prepare('INSERT INTO changes (class, seq, at, change) VALUES (?, ?, ?, ?)');
  const select = database.prepare('SELECT seq, at, change FROM changes WHERE class = ? ORDER BY seq');
  // Not by reading every change of every class: a list is asked for while a class measures.
  const classes = database.prepare(`
    SELECT class AS id, min(changes.at) AS openedAt, count(*) AS changes,
      max(CASE WHEN seq = 1 THEN change END) AS opened, max(change = '{"type":"ended"}') AS ended,
      coalesce(max(recent.n), 0) AS n, coalesce(max(recent.at), max(changes.at)) AS usedAt
    FROM changes LEFT JOIN recent USING (class) GROUP BY class ORDER BY n, openedAt`);
  const use = database.prepare(`
    INSERT OR REPLACE INTO recent VALUES (?, (SELECT coalesce(max(n), 0) + 1 FROM recent), ?)`);
  const retime = database.prepare(`
    INSERT INTO recent VALUES (?, 0, ?) ON CONFLICT (class) DO UPDATE SET at = excluded.at`);
  const unuse = database.prepare('DELETE FROM recent WHERE class = ?');
  const remove = database.prepare('DELETE FROM changes WHERE class = ?');
  const followers = new Followers();
  let used = { id: '', at: 0 };
  let cleaning: NodeJS.Timeout | undefined;

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

  function noteUse(id: string, at: number): void {
    try {
      use.run(id, at);
      used = { id, at };
    } catch {
      // A change that is kept is kept; when the class was used is noted with one of the next.
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
    list: async () =>
      classes.all().map(({ id, openedAt, changes, opened, ended, usedAt }) => ({
        id: String(id),
        name: nameIn(String(opened)),
        openedAt: Number(openedAt),
        usedAt: Number(usedAt),
        ended: ended === 1,
        changes: Number(changes),
      })),
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

/** The name in a class's first change; none where somebody has written another one there. */
function nameIn(opened: string): string {
  try {
    const change = JSON.parse(opened) as Change;
    return change.type === 'opened' ? change.name : '';
  } catch {
    return '';
  }
}
