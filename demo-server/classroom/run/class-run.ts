/**
 * The class run as this server carries it: which device's run belongs to which seat, when all of them start, what they
 * cost. The devices make and read their runs as any reader does; here they are only started together and added up.
 */
import { now } from '../../feed.ts';
import { OPEN_RUN, type TechniqueId } from '../../protocol.ts';
import type { Run } from '../../runs/run.ts';
import type { Runs } from '../../runs/runs.ts';
import type { Ledger } from '../../wire/ledger.ts';
import type { ClassCosts, DeviceResult, LaneCounts, SeatResult } from '../protocol.ts';
import { CONNECT_BEFORE_MS, laneCounts } from '../protocol.ts';
import { ClassRefused } from '../seats/refused.ts';
import { sumCounts } from './tally.ts';

/** The runs of the devices in one class run. */
export interface DeviceRuns {
  readonly id: string;
  /** The seats that are ready here, or further, each with its device's run. */
  readonly seats: ReadonlyMap<string, string>;
  /** What seats have told while their runs go on. */
  readonly interim: Map<string, SeatResult>;
  /** Ties the run `run` to a seat; refuses one that is not there or is `known` to belong to somebody else. */
  ready(seat: string, run: string, known: ReadonlyMap<string, string>): void;
  /** Starts all that are ready, at `startsAt` (ms since the epoch), and from now on each that gets ready. */
  start(startsAt: number): void;
  /** Ends all that are `known` at once, on whichever server their devices got ready. */
  stop(known: ReadonlyMap<string, string>): void;
  /** What the devices of the runs that are `known` have cost together so far, on all servers; null before the start. */
  costs(known: ReadonlyMap<string, string>): ClassCosts | null;
}

/** The run of that id if a device can have made it; not the open one, not the feed of a class. */
function deviceRun(runs: Runs, id: string): Run | undefined {
  const run = runs.find(id);
  return run?.id === OPEN_RUN || run?.hosted ? undefined : run;
}

export function deviceRuns(id: string, runs: Runs, ledger: Ledger): DeviceRuns {
  const seats = new Map<string, string>();
  let startsAt: number | null = null;
  const held: ClassCosts['held'] = {};

  /** A stream costs a server the connection that it keeps, which no count of requests shows. */
  function countOpen(alive: readonly Run[]): void {
    const now: ClassCosts['held'] = {};
    // Behind its end a run still has connections: idle ones, and those of the last question whether there is more.
    for (const { id } of alive.filter(({ state }) => state === 'running')) {
      for (const [technique, { openConnections }] of Object.entries(ledger.read(id).lanes))
        now[technique as TechniqueId] = (now[technique as TechniqueId] ?? 0) + openConnections;
    }
    for (const [technique, open] of Object.entries(now) as [TechniqueId, number][])
      held[technique] = Math.max(held[technique] ?? 0, open);
  }
  function begin(run: Run | undefined): void {
    if (startsAt !== null && run?.state === 'ready') run.start(startsAt);
  }

  return {
    id,
    seats,
    interim: new Map(),
    ready(seat, runId, known) {
      const run = deviceRun(runs, runId);
      if (!run || !isFree(runId, seat, known)) throw notYours('Ready');
      seats.set(seat, runId);
      begin(run);
    },
    start(at) {
      startsAt = at;
      for (const run of seats.values()) begin(runs.find(run));
    },
    stop(known) {
      for (const run of new Set([...seats.values(), ...known.values()])) deviceRun(runs, run)?.finish();
    },
    costs(known) {
      if (startsAt === null) return null;
      // A run whose device has changed servers is known to both: the ledger of each has all of it, so it counts once.
      const alive = [...new Set(known.values())].flatMap((run) => deviceRun(runs, run) ?? []);
      const lasted = alive.map((run) => Math.min(now(), run.info().endsAt ?? now()) - (run.info().startsAt ?? now()));
      const seconds = Math.max(0, CONNECT_BEFORE_MS + Math.max(0, ...lasted)) / 1000;
      countOpen(alive);
      return {
        run: id,
        devices: alive.length,
        seconds,
        lanes: sumCounts(alive.map((run) => countsOf(run.id, ledger))),
        held: { ...held },
      };
    },
  };
}

/**
 * A device's result of its run `run` with what was counted for it. The run may be forgotten here, when the device comes
 * back late or the server was started anew: then only what the device measured itself is known. Refuses the run of another.
 */
export function seatResult(
  { seat, run, result, final }: { seat: string; run: string; result: DeviceResult; final: boolean },
  techniques: readonly TechniqueId[],
  known: ReadonlyMap<string, string>,
  { runs, ledger }: { runs: Runs; ledger: Ledger },
): SeatResult {
  if (!isFree(run, seat, known)) throw notYours('A result');
  const lanes: DeviceResult['lanes'] = {};
  for (const technique of techniques) {
    const lane = result.lanes[technique];
    if (lane) lanes[technique] = lane;
  }
  return { ...result, lanes, run, counts: deviceRun(runs, run) ? countsOf(run, ledger) : {}, final };
}

function countsOf(run: string, ledger: Ledger): Partial<Record<TechniqueId, LaneCounts>> {
  const counts: Partial<Record<TechniqueId, LaneCounts>> = {};
  for (const [technique, lane] of Object.entries(ledger.read(run).lanes)) {
    counts[technique as TechniqueId] = laneCounts(lane);
  }
  return counts;
}

/** Whether no other seat has this run. */
function isFree(run: string, seat: string, known: ReadonlyMap<string, string>): boolean {
  return [...known].every(([other, its]) => its !== run || other === seat);
}

function notYours(what: string): ClassRefused {
  return new ClassRefused('bad-message', `${what} takes the id of a run that this device has made itself.`);
}
