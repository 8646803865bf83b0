/**
 * The clock of a class run: whom it waits for and how long, when it starts, when it is over. Each server of a class has
 * one; what the log has is right for all of them.
 */
import { now } from '../../feed.ts';
import type { Runs } from '../../runs/runs.ts';
import type { Ledger } from '../../wire/ledger.ts';
import type { ClassRecord } from '../log/record.ts';
import type { Change } from '../log/state.ts';
import { runOf } from '../seats/pictures.ts';
import { readSettings } from '../seats/read.ts';
import { type DeviceRuns, deviceRuns } from './class-run.ts';

/** From the word to start until the first possible event: time for the word to reach a phone on bad wifi. */
const START_LEAD_MS = 1500;
/** When for so long no further device has got ready, the others are not waited for; they start when they come. */
const PATIENCE_MS = 12_000;
/** Nor are they so long after the call, even if one gets ready now and then. */
const LONGEST_PATIENCE_MS = 45_000;
/** After the end of a run a device has so long to tell its result. */
const LAST_RESULTS_MS = 15_000;
/** What could not be done because nobody is ready, or nothing can be kept, is tried again so often (ms). */
const AGAIN_MS = 1000;

/** Who is here, on this server or another: the socket's room tells it. */
export interface Present {
  /** The seats that are connected. */
  online: () => ReadonlySet<string>;
  /** The seats that are ready for a class run. */
  readyFor: (run: string) => ReadonlySet<string>;
  /** The run of each device in a class run. */
  runsFor: (run: string) => ReadonlyMap<string, string>;
}

export interface RunClock {
  /** The runs of this server's devices in the newest class run; null where there is none. */
  readonly devices: DeviceRuns | null;
  /** The seats that a class run waits for: those that are here, or were when it was called. */
  readonly awaited: ReadonlySet<string>;
  /** Starts the class run once all who are here, or were when it was called, are ready; with `anyway`, with those who are. Without any it waits on. */
  startIfReady(anyway: boolean): Promise<void> | undefined;
  endRun(): Promise<void> | undefined;
  /** Ends the class run where its time is over and every device that took part has told its result. */
  endRunIfAllTold(): void;
  /** Goes on with the class run that the log had when this server was started. */
  goOn(): Promise<void>;
  close(): void;
}

/** Follows the class from now on. `present` is asked anew each time. */
export function runClock(record: ClassRecord, present: Present, runs: Runs, ledger: Ledger): RunClock {
  let devices: DeviceRuns | null = null;
  let timer: NodeJS.Timeout | undefined;
  let seenReady = 0;
  /** Who was here when the run was called: that leads them to the lab's page, and on the way they are not connected. */
  let called: ReadonlySet<string> = new Set();
  /** By this server's steady clock: the log's is that of the wall, and may be set meanwhile. */
  let calledAt = 0;

  record.watch((logged) => {
    if (logged) follow(logged.change);
    if (record.erased) devices = null;
  });

  /** What a change means for the devices' runs, on each server that hears it. */
  function follow(change: Change): void {
    if (change.type === 'run-called') {
      stopDevices();
      devices = deviceRuns(change.run, runs, ledger);
      seenReady = 0;
      called = new Set(present.online());
      calledAt = now();
      wait(PATIENCE_MS, () => startIfReady(true));
    }
    // Of two servers that start it at once, the one that the log has first is right for both.
    const { startsAt, endsAt } = runOf(record.state) ?? {};
    if (change.type === 'run-started' && devices?.id === change.run && startsAt && endsAt) {
      devices.start(startsAt);
      wait(endsAt - now() + LAST_RESULTS_MS, () => endRun());
    }
    if ((change.type === 'run-over' && devices?.id === change.run) || change.type === 'ended') {
      clearTimeout(timer);
      stopDevices();
    }
  }
  function stopDevices(): void {
    devices?.stop(present.runsFor(devices.id));
  }
  function wait(ms: number, then: () => void): void {
    clearTimeout(timer);
    timer = setTimeout(then, Math.max(0, ms));
  }
  function awaited(): Set<string> {
    return new Set([...called, ...present.online()].filter((seat) => !record.state.seats.get(seat)?.removed));
  }
  function startIfReady(anyway: boolean): Promise<void> | undefined {
    const run = runOf(record.state);
    if (run?.state !== 'called' || !devices) return undefined;
    const ready = present.readyFor(run.id);
    if (ready.size === 0) {
      if (anyway) wait(AGAIN_MS, () => startIfReady(true));
      return undefined;
    }
    const missing = [...awaited()].some((seat) => !ready.has(seat));
    if (missing && !anyway) {
      // While they come, one after the other as a bad wifi lets them, the others are worth the wait.
      const patience = Math.min(PATIENCE_MS, calledAt + LONGEST_PATIENCE_MS - now());
      if (ready.size > seenReady) wait(patience, () => startIfReady(true));
      seenReady = ready.size;
      return undefined;
    }
    clearTimeout(timer);
    const startsAt = now() + START_LEAD_MS;
    const endsAt = startsAt + readSettings(run.settings).durationSeconds * 1000;
    return record
      .write({ type: 'run-started', run: run.id, startsAt, endsAt })
      .catch(() => wait(AGAIN_MS, () => startIfReady(true)));
  }
  function endRun(): Promise<void> | undefined {
    const run = runOf(record.state);
    if (!run || run.state === 'over') return undefined;
    return record.write({ type: 'run-over', run: run.id }).catch(() => wait(AGAIN_MS, endRun));
  }

  return {
    get devices() {
      return devices;
    },
    get awaited() {
      return awaited();
    },
    startIfReady,
    endRun,
    endRunIfAllTold() {
      const run = runOf(record.state);
      if (run?.state !== 'running' || !devices || now() < (run.endsAt ?? 0)) return;
      if ([...present.readyFor(run.id)].every((seat) => run.results.has(seat))) void endRun();
    },
    async goOn() {
      const newest = runOf(record.state);
      if (!newest) return;
      // The devices' runs went with the server that carried them; where there are several, another one may carry them still.
      if (record.log.kind !== 'redis') return endRun();
      const { id: run, settings, state, startsAt, endsAt } = newest;
      follow({ type: 'run-called', run, settings });
      if (startsAt !== null && endsAt !== null) follow({ type: 'run-started', run, startsAt, endsAt });
      if (state === 'over') follow({ type: 'run-over', run });
    },
    close: () => clearTimeout(timer),
  };
}
