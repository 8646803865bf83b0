/** All runs of this server: made by its readers, told by another server, or carried by a class. */
import { randomBytes, randomInt } from 'node:crypto';
import { now } from '../feed.ts';
import { checkSettings, OPEN_RUN, RANGES, type RunSettings, TECHNIQUES } from '../protocol.ts';
import { badInput, RefusalError } from '../refusal.ts';
import type { Ledger } from '../wire/ledger.ts';
import { createRun, type ListedRun, type Run, type RunChange, type Sharing } from './run.ts';

export interface Runs {
  /**
   * Settings from outside → a run that is ready. Refuses bad settings (400) and too many runs, of all (503) or of
   * `address` (429), where that is given.
   */
  create(input: unknown, address?: string): Run;
  /** Somebody is connected to the run, until what this returns is called. */
  enter(id: string): () => void;
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

/** A ready run to which nobody has been connected for so long (ms) makes room where there is none left. */
const LEFT_ALONE_MS = 60_000;
/** Finished runs kept at the most; their ledgers and transcripts are what costs memory. */
const FINISHED_KEPT = 200;

export interface RunsOptions {
  ledger: Ledger;
  runsAtOnce: number;
  /** Of one address; as many as of all unless given. */
  runsPerAddress?: number;
  /** In ms; the server's own unless given. */
  clock?: () => number;
  ringEvents?: number | undefined;
  /** Told of every new run, the open one included; `here` = it was made on this server and not told by another. */
  opened?: (run: Run, here: boolean) => void;
  sharing?: Sharing | undefined;
}

/** The runs of one server, with the open one, which has started. */
export function createRuns({
  ledger,
  runsAtOnce,
  runsPerAddress = runsAtOnce,
  clock = now,
  ringEvents,
  opened,
  sharing,
}: RunsOptions): Runs {
  const runs = new Map<string, ListedRun>();
  /** Who made each run that was made here, how many are connected to it, and since when nobody is. */
  const use = new Map<string, { address: string | undefined; connected: number; alone: number }>();
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
      forgotten() {
        runs.delete(id);
        use.delete(id);
      },
    });
    runs.set(id, run);
    opened?.(run, createdAt === undefined);
    return run;
  }

  /** The runs that are ready or running, and those of them that this address has made. */
  function busy(address: string | undefined): { all: ListedRun[]; own: ListedRun[] } {
    const all = [...runs.values()].filter((run) => run.state !== 'finished' && run.id !== OPEN_RUN);
    return { all, own: all.filter(({ id }) => address !== undefined && use.get(id)?.address === address) };
  }
  /** Forgets ready runs that were left alone, the oldest first, where there is no room for one more. */
  function makeRoom(address: string | undefined): void {
    // Where several servers serve a run, its readers may be at another one.
    if (sharing) return;
    const abandoned = ({ id, state }: ListedRun): boolean => {
      const { connected, alone } = use.get(id) ?? { connected: 1, alone: 0 };
      return state === 'ready' && connected === 0 && clock() - alone >= LEFT_ALONE_MS;
    };
    const { all, own } = busy(address);
    if (own.length >= runsPerAddress) own.find(abandoned)?.forget();
    else if (all.length >= runsAtOnce) all.find(abandoned)?.forget();
  }

  return {
    create(input, address) {
      const checked = checkSettings(input);
      if ('faults' in checked) throw badInput('bad-setting', 'Cannot make this run', checked.faults);
      makeRoom(address);
      const { all, own } = busy(address);
      if (all.length >= runsAtOnce)
        throw new RefusalError(
          503,
          'too-many-runs',
          `This server carries ${runsAtOnce} runs at once and ${all.length} are going on. Try again when one has ended.`,
        );
      if (own.length >= runsPerAddress)
        throw new RefusalError(
          429,
          'too-many-runs',
          `Address ${address} has ${own.length} runs here that are ready or running, and may have ${runsPerAddress}. Stop some, or try again when one has ended.`,
        );
      const { seed = drawSeed(), ...rest } = checked.settings;
      const run = add(randomBytes(6).toString('hex'), { ...rest, seed });
      use.set(run.id, { address, connected: 0, alone: clock() });
      for (const change of run.changes()) sharing?.changed(run.id, change);
      return run;
    },
    enter(id) {
      const one = use.get(id);
      if (!one) return () => {};
      one.connected += 1;
      return () => {
        one.connected -= 1;
        one.alone = clock();
      };
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
