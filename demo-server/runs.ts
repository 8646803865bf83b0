/** All runs of this server: made by its readers, told by another server, or carried by a class. */
import { randomBytes, randomInt } from 'node:crypto';
import { now } from './feed.ts';
import { checkSettings, OPEN_RUN, RANGES, type RunSettings, TECHNIQUES } from './protocol.ts';
import { badInput, RefusalError } from './refusal.ts';
import { createRun, type ListedRun, type Run, type RunChange, type Sharing } from './run.ts';
import type { Ledger } from './wire/ledger.ts';

export interface Runs {
  /** Settings from outside → a run that is ready. Refuses bad settings (400) and too many runs (503). */
  create(input: unknown): Run;
  /** The run of that id, the open one for undefined; refuses an unknown id with 404. */
  get(id: string | undefined): Run;
  /** The same, undefined for an id that is unknown. */
  find(id: string): Run | undefined;
  /** Puts a run among them that somebody else carries, for good: the feed of a class. */
  host(run: Run): void;
  /** Every run that is known here, the open one first. */
  list(): Run[];
  /** What another server has told of a run; what is known already changes nothing. */
  apply(id: string, change: RunChange): void;
  /** Whether the other servers can be reached has changed: everybody who watches a run is told. */
  sharingChanged(): void;
  close(): void;
}

/** Finished runs kept at the most; their ledgers and transcripts are what costs memory. */
const FINISHED_KEPT = 200;

export interface RunsOptions {
  ledger: Ledger;
  runsAtOnce: number;
  ringEvents?: number | undefined;
  /** Told of every new run, the open one included; `here` = it was made on this server and not told by another. */
  opened?: (run: Run, here: boolean) => void;
  sharing?: Sharing | undefined;
}

/** The runs of one server, with the open one, which has started. */
export function createRuns({ ledger, runsAtOnce, ringEvents, opened, sharing }: RunsOptions): Runs {
  const runs = new Map<string, ListedRun>();
  const open = add(OPEN_RUN, openSettings());
  open.start();

  function openSettings(): RunSettings {
    const checked = checkSettings({});
    if ('faults' in checked) throw new Error('the default settings do not pass their own check');
    // One open feed for all servers of an address: a reader that changes servers goes on with its cursor.
    const seed = sharing ? 0 : drawSeed();
    return { ...checked.settings, techniques: [...TECHNIQUES], eventsPerSecond: 1, seed };
  }

  /** `createdAt`, where another server has made it, in ms since the epoch. */
  function add(id: string, settings: RunSettings, createdAt?: number): ListedRun {
    const run = createRun(id, settings, {
      createdAt: createdAt ?? now(),
      ledger,
      ringEvents,
      sharing,
      finished() {
        const finished = [...runs.values()].filter(({ state }) => state === 'finished');
        if (finished.length > FINISHED_KEPT) finished[0]?.forget();
      },
      forgotten: () => runs.delete(id),
    });
    runs.set(id, run);
    opened?.(run, createdAt === undefined);
    return run;
  }

  return {
    create(input) {
      const checked = checkSettings(input);
      if ('faults' in checked) throw badInput('bad-setting', 'Cannot make this run', checked.faults);
      const busy = [...runs.values()].filter((run) => run.state !== 'finished' && run.id !== OPEN_RUN).length;
      if (busy >= runsAtOnce) {
        throw new RefusalError(
          503,
          'too-many-runs',
          `This server carries ${runsAtOnce} runs at once and ${busy} are going on. Try again when one has ended.`,
        );
      }
      const { seed = drawSeed(), ...rest } = checked.settings;
      const run = add(randomBytes(6).toString('hex'), { ...rest, seed });
      for (const change of run.changes()) sharing?.changed(run.id, change);
      return run;
    },
    get(id = OPEN_RUN) {
      const run = runs.get(id);
      if (run) return run;
      throw new RefusalError(
        404,
        'unknown-run',
        `There is no run ${JSON.stringify(id)} here: it was never made, or it ended a while ago and was forgotten. Make one with POST /runs.`,
      );
    },
    find: (id) => runs.get(id),
    host(run) {
      const hosted = { ...run, apply() {}, sharingChanged() {}, close: run.feed.end, forget() {} };
      // Spread would read its settings once; they change with the technique that is picked.
      Object.defineProperty(hosted, 'settings', { get: () => run.settings });
      runs.set(run.id, hosted);
      opened?.(run, false);
    },
    list: () => [...runs.values()],
    apply(id, change) {
      if (change.type !== 'created') runs.get(id)?.apply(change);
      else if (!runs.has(id)) add(id, change.settings, change.createdAt);
    },
    sharingChanged() {
      for (const run of runs.values()) run.sharingChanged();
    },
    close() {
      for (const run of runs.values()) run.close('closing');
      runs.clear();
    },
  };
}

function drawSeed(): number {
  return randomInt(RANGES.seed.max + 1);
}
