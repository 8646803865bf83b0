/**
 * The class run as this server carries it: which device's run belongs to which seat, when all of them start, what they
 * cost. The devices make and read their runs as any reader does; here they are only started together and added up.
 */
import { now } from '../feed.ts';
import { OPEN_RUN, type TechniqueId } from '../protocol.ts';
import type { Run, Runs } from '../runs.ts';
import type { Ledger } from '../wire/ledger.ts';
import type { ClassCosts, DeviceResult, LaneCounts, SeatResult } from './protocol.ts';
import { CONNECT_BEFORE_MS, laneCounts } from './protocol.ts';
import { ClassRefused } from './refused.ts';
import { sumCounts } from './tally.ts';

/** From the word to start until the first possible event: time for the word to reach a phone on bad wifi. */
export const START_LEAD_MS = 1500;
/** Devices that are not ready so long after the call are not waited for; they start when they come. */
export const PATIENCE_MS = 12_000;
/** After the end of a run a device has so long to tell its result. */
export const LAST_RESULTS_MS = 15_000;

/** The runs of the devices in one class run. */
export interface DeviceRuns {
  readonly id: string;
  /** Seats that are ready or further. */
  readonly seats: ReadonlySet<string>;
  /** What seats have told while their runs go on. */
  readonly interim: ReadonlyMap<string, SeatResult>;
  /** Ties the run `run` to a seat; refuses one that is not there or belongs to somebody else. */
  ready(seat: string, run: string): void;
  /** Starts all that are ready, at `startsAt` (ms since the epoch), and from now on each that gets ready. */
  start(startsAt: number): void;
  /** Ends them all at once. */
  stop(): void;
  /** A device's result with what the server counted for it; kept as interim unless it is final. */
  result(seat: string, result: DeviceResult, final: boolean): SeatResult;
  /** What all devices together have cost so far; null before the start. */
  costs(): ClassCosts | null;
}

export function deviceRuns(id: string, runs: Runs, ledger: Ledger): DeviceRuns {
  const bySeat = new Map<string, Run>();
  const seats = new Set<string>();
  const interim = new Map<string, SeatResult>();
  let startsAt: number | null = null;

  function countsOf(run: Run): Partial<Record<TechniqueId, LaneCounts>> {
    const counts: Partial<Record<TechniqueId, LaneCounts>> = {};
    for (const [technique, lane] of Object.entries(ledger.read(run.id).lanes)) {
      counts[technique as TechniqueId] = laneCounts(lane);
    }
    return counts;
  }
  function begin(run: Run): void {
    if (startsAt !== null && run.state === 'ready') run.start(startsAt);
  }

  return {
    id,
    seats,
    interim,
    ready(seat, runId) {
      const run = runs.find(runId);
      const owner = [...bySeat].find(([, other]) => other.id === runId)?.[0] ?? seat;
      if (!run || run.id === OPEN_RUN || owner !== seat) {
        throw new ClassRefused(
          'bad-message',
          'Ready takes the id of a run that this device has made and not yet told.',
        );
      }
      bySeat.set(seat, run);
      seats.add(seat);
      begin(run);
    },
    start(at) {
      startsAt = at;
      for (const run of bySeat.values()) begin(run);
    },
    stop() {
      for (const run of bySeat.values()) run.finish();
    },
    result(seat, device, final) {
      const run = bySeat.get(seat);
      if (!run) throw new ClassRefused('bad-message', 'A result takes a run that this device was ready with.');
      // Its run may be forgotten here when a device comes back late: then only what it measured itself is known.
      const counts = runs.find(run.id) ? countsOf(run) : {};
      const lanes: DeviceResult['lanes'] = {};
      for (const technique of run.settings.techniques) {
        const lane = device.lanes[technique];
        if (lane) lanes[technique] = lane;
      }
      const result = { ...device, lanes, run: run.id, counts, final };
      interim.set(seat, result);
      return result;
    },
    costs() {
      if (startsAt === null) return null;
      const alive = [...bySeat.values()].filter((run) => runs.find(run.id));
      const lasted = alive.map((run) => Math.min(now(), run.info().endsAt ?? now()) - (run.info().startsAt ?? now()));
      const seconds = Math.max(0, CONNECT_BEFORE_MS + Math.max(0, ...lasted)) / 1000;
      return { run: id, devices: alive.length, seconds, lanes: sumCounts(alive.map(countsOf)) };
    },
  };
}
