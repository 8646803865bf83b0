/**
 * Where the changes of a class are kept, in order. The one seam of the classroom: in memory, in SQLite, and wherever
 * several servers can hear the same log.
 */
import type { Change, LoggedChange } from './state.ts';

/** A class that the log holds. */
export interface KeptClass {
  id: string;
  name: string;
  /** ms since the epoch. */
  openedAt: number;
  /** When something was last added to it, to a minute, or it was gone on with; ms since the epoch. */
  usedAt: number;
  ended: boolean;
  changes: number;
}

export interface ClassLog {
  readonly kind: 'memory' | 'sqlite' | 'redis';
  /** All classes in it; the one that was used last is the last, by a count and not by the clock, which may have stepped. */
  list(): Promise<KeptClass[]>;
  /** What has happened in a class so far, oldest first; empty for one that nothing is known of. */
  read(id: string): Promise<LoggedChange[]>;
  /** Tells each change of a class as it is appended, by this server or another, in order, and that it was deleted. Returns how to stop. */
  follow(id: string, hear: (change: LoggedChange) => void, deleted?: () => void): () => void;
  /** Resolves once the change is kept, and told to those who follow; rejects when it cannot be kept. */
  append(id: string, change: Change): Promise<LoggedChange>;
  /** The id of the class of that name that has not ended, or else `id`: only where several servers may ask at once. */
  claim?(name: string, id: string): Promise<string>;
  /** A way to tell the other servers of a class what is not kept: only where there are any. `hear` is told what others tell. */
  share?(id: string, hear: (text: string) => void): { tell(text: string): void; close(): void };
  /** Whether changes can be kept now; absent where they always can. */
  readonly up?: boolean;
  /** Calls back whenever that has changed. Returns how to stop. */
  watch?(changed: () => void): () => void;
  /** Notes a class as used now, without making it the last: its time alone changes. */
  touch(id: string): Promise<void>;
  /** Forgets a class altogether. */
  delete(id: string): Promise<void>;
  close(): Promise<void>;
}

interface Follower {
  hear: (change: LoggedChange) => void;
  deleted: (() => void) | undefined;
}

/** Those who follow a class. */
export class Followers {
  readonly #byClass = new Map<string, Set<Follower>>();

  follow(id: string, hear: Follower['hear'], deleted?: () => void): () => void {
    const followers = this.#byClass.get(id) ?? new Set();
    const follower = { hear, deleted };
    this.#byClass.set(id, followers.add(follower));
    return () => void followers.delete(follower);
  }

  tell(id: string, change: LoggedChange): void {
    for (const { hear } of [...(this.#byClass.get(id) ?? [])]) hear(change);
  }

  forget(id: string): void {
    for (const { deleted } of [...(this.#byClass.get(id) ?? [])]) deleted?.();
  }
}

/** A log that is gone with the process. `clock` in ms since the epoch. */
export function memoryLog(clock: () => number = Date.now): ClassLog {
  const classes = new Map<string, LoggedChange[]>();
  const used = new Map<string, number>();
  const followers = new Followers();
  return {
    kind: 'memory',
    list: async () => [...used].map(([id, at]) => summary(id, classes.get(id) ?? [], at)),
    read: async (id) => [...(classes.get(id) ?? [])],
    follow: (id, hear, deleted) => followers.follow(id, hear, deleted),
    async append(id, change) {
      const changes = classes.get(id) ?? [];
      classes.set(id, changes);
      const logged = { seq: changes.length + 1, at: clock(), change };
      changes.push(logged);
      // A map has its keys in the order in which they were added.
      used.delete(id);
      used.set(id, clock());
      followers.tell(id, logged);
      return logged;
    },
    touch: async (id) => void used.set(id, clock()),
    async delete(id) {
      classes.delete(id);
      used.delete(id);
      followers.forget(id);
    },
    close: async () => {},
  };
}

/** What a list tells of a class that was used last at `usedAt`. */
export function summary(id: string, changes: readonly LoggedChange[], usedAt: number): KeptClass {
  const opened = changes.find(({ change }) => change.type === 'opened');
  return {
    id,
    name: opened?.change.type === 'opened' ? opened.change.name : '',
    openedAt: opened?.at ?? 0,
    usedAt,
    ended: changes.some(({ change }) => change.type === 'ended'),
    changes: changes.length,
  };
}
