/**
 * The record of one class: what the log has of it, and the only way to add to it. What is true of a class is what the log
 * gives back, from this server or another; what could not be kept has not happened.
 */
import { type Bucket, bucket } from '../seats/bucket.ts';
import { ClassRefused } from '../seats/refused.ts';
import type { ClassLog } from './log.ts';
import { type Change, type ClassState, type LoggedChange, NO_CLASS, reduce } from './state.ts';

/** Answers, results and names of one seat that are kept: so many at once, then so many a second. Nobody has more to say in earnest. */
const KEPT_AT_ONCE = 20;
const KEPT_PER_SECOND = 0.5;

export interface ClassRecord {
  readonly id: string;
  readonly log: ClassLog;
  readonly state: ClassState;
  /** Whether a change can be kept now, as far as is known. */
  readonly keeps: boolean;
  /** Whether the class was deleted: then nothing can be added to it any more. */
  readonly erased: boolean;
  /** Resolves once the change is kept and in the state; refused where it cannot be kept. */
  write(change: Change): Promise<void>;
  /** The same for what a seat adds; refused where it adds too much: what is kept for good could fill the disk. */
  writeFor(seat: string, change: Change): Promise<void>;
  /**
   * Calls back after each change, with the change; undefined where only something that is not kept has changed. Who asked
   * first is told first. Returns how to stop.
   */
  watch(changed: (change: LoggedChange | undefined) => void): () => void;
  /** Something has changed that is not kept. */
  tell(): void;
  close(): void;
}

/** Reads the class `id` of the log and follows it. */
export async function openRecord(log: ClassLog, id: string): Promise<ClassRecord> {
  let state = NO_CLASS;
  const watchers = new Set<(change: LoggedChange | undefined) => void>();
  const buckets = new Map<string, Bucket>();
  let failing = false;
  let erased = false;

  function tell(change?: LoggedChange): void {
    for (const changed of [...watchers]) changed(change);
  }
  async function write(change: Change): Promise<void> {
    if (erased) throw new ClassRefused('ended', 'This class was deleted.');
    const failed = await log.append(id, change).then(
      () => null,
      (error: Error) => error,
    );
    // Told once: a class that waits asks every other second.
    if (failed && !failing) process.stderr.write(`pushlab: the class cannot be kept: ${failed.message}\n`);
    if (failing !== (failed !== null)) {
      failing = failed !== null;
      tell();
    }
    if (failed) throw new ClassRefused('store-lost', 'The server cannot save the class at the moment. Try again soon.');
  }
  /** What is left of a class that was deleted, here or on another server: that it has ended, and who may see so. */
  function forget(): void {
    const { name, openedAt, seq, tokenHashes } = state;
    state = { ...NO_CLASS, name, openedAt, seq, tokenHashes, ended: true };
    erased = true;
    tell();
  }

  for (const change of await log.read(id)) state = reduce(state, change);
  const unfollow = log.follow(
    id,
    (change) => {
      if (erased) return;
      state = reduce(state, change);
      if (change.change.type === 'removed') buckets.delete(change.change.seat);
      tell(change);
    },
    forget,
  );
  const unwatch = log.watch?.(() => {
    if (log.up) failing = false;
    tell();
  });

  return {
    id,
    log,
    get state() {
      return state;
    },
    get keeps() {
      return log.up !== false && !failing;
    },
    get erased() {
      return erased;
    },
    write,
    async writeFor(seat, change) {
      const own = buckets.get(seat) ?? bucket(KEPT_AT_ONCE, KEPT_PER_SECOND);
      buckets.set(seat, own);
      if (own.take()) return write(change);
      throw new ClassRefused('too-fast', `A seat may change what is kept ${KEPT_AT_ONCE} times at once.`);
    },
    watch(changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    tell: () => tell(),
    close() {
      unfollow();
      unwatch?.();
      watchers.clear();
    },
  };
}
