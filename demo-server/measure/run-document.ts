/**
 * A run as one JSON document, to keep, to hand on, and to show again without a server. Works in browsers and in Node: the
 * command line prints the same document. Its form is described in run-schema.json; run-reading.ts reads one from outside.
 */
import { RANGES, type RunInfo, type RunLedger, type TechniqueId } from '../protocol.ts';
import { Clock, type ClockEstimate } from './clock.ts';
import type { Trouble } from './lane.ts';
import { COLUMNS, type LaneRecord, type Moment, newRecording, type Recording } from './recording.ts';

export const SCHEMA = 'pushlab-run/1';

/** Who measured a run, when and with what. */
export interface Made {
  /** ISO 8601 in UTC. */
  at: string;
  client: 'browser' | 'node';
  agent: string;
  system: string;
  server: string;
  pushlab: string;
}

/** What one lane left, in columns of equal length; times in ms since the start of the run. */
export interface LaneDocument {
  technique: TechniqueId;
  requests: { start: number[]; end: (number | null)[]; ok: number[] };
  events: { at: number[]; latency: number[]; seq: number[]; request: number[] };
  uplink?: { sentAt: number[]; up: number[]; round: number[] };
  duplicated: number;
  resets: number;
  troubles: Record<string, number>;
  moments?: Moment[];
  failed: string | null;
  done: boolean;
  cutOff?: boolean;
  series: { columns: string[]; seconds: number[]; values: (number | null)[][] };
}

/** The document, `pushlab-run/1`. Every field is described in run-schema.json. */
export interface RunDocument {
  schema: typeof SCHEMA;
  name: string;
  made: Made;
  run: RunInfo;
  measured: {
    zero: number | null;
    over: number | null;
    stopped: boolean;
    isolated: boolean;
    timerStepMs: number | null;
    clock: ClockEstimate | null;
    uncertaintyMs: number;
    hidden: [number, number | null][];
    behindProxy: boolean;
    insideTls?: boolean;
    controlLost: boolean;
    clockUnknown: boolean;
    eventLoopDelayMs?: number | null;
  };
  ledger: RunLedger | null;
  lanes: LaneDocument[];
}

/**
 * A time since `zero`, in ms. Times of today since the epoch stand on a grid of 1/4096 ms in a double, so four decimals
 * bring every one of them back exactly.
 */
const since = (zero: number, time: number): number => Math.round((time - zero) * 1e4) / 1e4;
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** The shortest decimal that is the same single-precision number again: `0.85`, not `0.8500000238418579`. */
function shortest(single: number): number {
  for (let digits = 5; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return short;
  }
  return single;
}

/** Writes a recording down. Throws where there is no run in it yet. */
export function documentOf(recording: Recording, made: Made, name = ''): RunDocument {
  const { info, ledger, clock, conditions, zero, over } = recording;
  if (!info) throw new Error('recording: got one without a run, takes one that the server has made');
  // A run that never started has no zero of its own; its requests are told from the first of them.
  const start = Number.isNaN(zero) ? firstTime(recording) : zero;
  return {
    schema: SCHEMA,
    name,
    made,
    run: info,
    measured: {
      zero: finite(start),
      over: Number.isNaN(over) ? null : since(start, over),
      stopped: recording.takenOver,
      isolated: conditions.isolated,
      timerStepMs: finite(clock.resolutionMs),
      clock: clock.current,
      uncertaintyMs: clock.uncertaintyMs,
      hidden: conditions.hidden.map(({ from, to }) => [since(start, from), finite(since(start, to))]),
      behindProxy: conditions.behindProxy,
      insideTls: conditions.insideTls,
      controlLost: conditions.controlLost,
      clockUnknown: conditions.clockUnknown,
      eventLoopDelayMs: conditions.eventLoopDelayMs,
    },
    ledger,
    lanes: [...recording.lanes.values()].map((lane) => laneDocument(lane, start)),
  };
}

function firstTime({ lanes, over }: Recording): number {
  const starts = [...lanes.values()].flatMap(({ requests }) =>
    requests.length > 0 ? [requests.start[0] ?? over] : [],
  );
  return starts.length > 0 ? Math.min(...starts) : over;
}

function laneDocument({ requests, events, uplink, tally, series, ...lane }: LaneRecord, zero: number): LaneDocument {
  const column = (values: ArrayLike<number>, length: number, write: (value: number) => number) =>
    Array.from({ length }, (_, index) => write(values[index] as number));
  const time = (value: number) => since(zero, value);
  const same = (value: number) => value;
  return {
    technique: lane.technique,
    requests: {
      start: column(requests.start, requests.length, time),
      end: column(requests.end, requests.length, time).map(finite),
      ok: column(requests.ok, requests.length, same),
    },
    events: {
      at: column(events.at, events.length, time),
      latency: column(events.latency, events.length, shortest),
      seq: column(events.seq, events.length, same),
      request: column(events.request, events.length, same),
    },
    uplink: {
      sentAt: column(uplink.sentAt, uplink.length, time),
      up: column(uplink.up, uplink.length, shortest),
      round: column(uplink.round, uplink.length, shortest),
    },
    duplicated: tally.duplicated,
    resets: lane.resets,
    troubles: { ...lane.troubles },
    moments: lane.moments.map((moment) => ({ ...moment, at: time(moment.at) })),
    failed: lane.failed,
    done: lane.done,
    cutOff: lane.cutOff,
    series: {
      columns: [...COLUMNS],
      seconds: Array.from({ length: series.length }, (_, index) => series.timeAt(index)),
      values: COLUMNS.map((_, of) => Array.from({ length: series.length }, (_, at) => finite(series.valueAt(at, of)))),
    },
  };
}

/** Settings and accounts that a document of an earlier day does not have yet: off, and none. */
export function withDefaults(document: RunDocument): RunDocument {
  const settings: Record<string, unknown> = { ...document.run.settings };
  for (const [name, range] of Object.entries(RANGES)) settings[name] ??= range.default;
  settings.faults ??= [];
  const run = {
    ...document.run,
    faults: document.run.faults ?? [],
    settings: settings as unknown as RunInfo['settings'],
  };
  const lanes = Object.entries(document.ledger?.lanes ?? {}).map(([id, account]) => [
    id,
    { ...account, cuts: account.cuts ?? [], uplinkMessages: account.uplinkMessages ?? 0 },
  ]);
  const ledger = document.ledger && { ...document.ledger, lanes: Object.fromEntries(lanes) };
  return { ...document, run, ledger };
}

/** The recording that a document was written from, for the same views; it is over, whatever it was. */
export function recordingOf(document: RunDocument): Recording {
  const { measured, run, ledger } = document;
  const zero = measured.zero ?? Number.NaN;
  const clock = new Clock(measured.timerStepMs ?? Number.POSITIVE_INFINITY, measured.isolated);
  clock.current = measured.clock;
  // An older Pushlab left the clock's own step out of it.
  clock.uncertaintyMs = Math.max(measured.uncertaintyMs, measured.timerStepMs ?? 0);
  const recording = newRecording(
    document.lanes.map(({ technique }) => technique),
    clock,
  );
  for (const lane of document.lanes) {
    const record = recording.lanes.get(lane.technique);
    if (record) fillLane(record, lane, zero, ledger);
  }
  const { behindProxy, insideTls = false, controlLost, clockUnknown, eventLoopDelayMs = null } = measured;
  Object.assign(recording.conditions, { behindProxy, insideTls, controlLost, clockUnknown, eventLoopDelayMs });
  recording.conditions.hidden = measured.hidden.map(([from, to]) => ({
    from: zero + from,
    to: to === null ? Number.POSITIVE_INFINITY : zero + to,
  }));
  recording.info = run;
  recording.ledger = ledger;
  recording.zero = run.startsAt === null ? Number.NaN : zero;
  // A document does not go on: without an end of its own, its last event is it.
  const last = Math.max(0, ...document.lanes.map(({ events }) => events.at.at(-1) ?? 0));
  recording.over = zero + (measured.over ?? last);
  recording.takenOver = measured.stopped;
  return recording;
}

function fillLane(record: LaneRecord, lane: LaneDocument, zero: number, ledger: RunLedger | null): void {
  const { requests, events, series } = lane;
  for (const [index, start] of requests.start.entries()) {
    record.requests.begin(zero + start);
    const end = requests.end[index] ?? null;
    if (end !== null) record.requests.finish(index, zero + end, requests.ok[index] === 1);
  }
  for (const [index, at] of events.at.entries()) {
    const seq = events.seq[index] as number;
    if (!record.tally.note(seq)) continue;
    record.events.push(zero + at, events.latency[index] as number, seq, events.request[index] as number);
  }
  for (const [index, sentAt] of (lane.uplink?.sentAt ?? []).entries()) {
    record.uplink.push(zero + sentAt, lane.uplink?.up[index] as number, lane.uplink?.round[index] as number);
  }
  record.tally.duplicated = lane.duplicated;
  const columns = COLUMNS.map((name) => series.values[series.columns.indexOf(name)]);
  for (const [index, seconds] of series.seconds.entries()) {
    record.series.push(
      seconds,
      columns.map((column) => column?.[index] ?? Number.NaN),
    );
  }
  record.ledger = ledger?.lanes[lane.technique] ?? null;
  record.troubles = lane.troubles as Partial<Record<Trouble, number>>;
  record.resets = lane.resets;
  record.moments = (lane.moments ?? []).map((moment) => ({ ...moment, at: zero + moment.at }));
  record.failed = lane.failed;
  record.done = lane.done;
  record.cutOff = lane.cutOff ?? false;
}
