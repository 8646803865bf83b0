/** A recording as text for a terminal: aligned tables, units in their heads. Pure. */

import { summaryOf } from '../measure/measures.ts';
import { LAST_WORDS_MS, type LaneRecord, missedByCut, type Recording } from '../measure/recording.ts';
import { bytesPerEvent, headBytes, wireBytes } from '../measure/statistics.ts';
import type { RunLedger } from '../protocol.ts';

type Cell = number | string | null | undefined;

/** Shown where there is nothing to tell; never a zero that nobody measured. */
const NOTHING = '–';

/** Rows of cells under heads of two lines (name and unit), the first column to the left, numbers to the right. */
function aligned(heads: readonly [string, string][], rows: readonly Cell[][], digits: readonly number[]): string {
  const written = rows.map((row) => row.map((cell, column) => write(cell, digits[column] ?? 0)));
  const lines = [heads.map(([name]) => name), heads.map(([, unit]) => unit), ...written];
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function write(cell: Cell, digits: number): string {
  if (typeof cell === 'string') return cell;
  if (cell === null || cell === undefined || !Number.isFinite(cell)) return NOTHING;
  return cell.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

interface Column {
  head: [string, string];
  digits?: number;
  of(lane: LaneRecord, recording: Recording): Cell;
}

const LANES: Column[] = [
  { head: ['technique', ''], of: (lane) => lane.technique },
  { head: ['requests', ''], of: ({ ledger }) => ledger?.requests },
  { head: ['connections', ''], of: ({ ledger }) => ledger?.connectionsOpened },
  { head: ['heads', 'B'], of: ({ ledger }) => ledger && headBytes(ledger) },
  { head: ['wire', 'B'], of: ({ ledger }) => ledger && wireBytes(ledger) },
  { head: ['per event', 'B'], digits: 1, of: ({ ledger }) => ledger && bytesPerEvent(ledger) },
  { head: ['p50', 'ms'], digits: 2, of: (lane, all) => summaryOf(lane, all).latency?.p50 },
  { head: ['p95', 'ms'], digits: 2, of: (lane, all) => summaryOf(lane, all).latency?.p95 },
  { head: ['max', 'ms'], digits: 2, of: (lane, all) => summaryOf(lane, all).latency?.max },
  { head: ['age', 'ms'], digits: 0, of: (lane, all) => summaryOf(lane, all).age?.mean },
  { head: ['received', ''], of: (lane, all) => summaryOf(lane, all).integrity.received },
  { head: ['lost', ''], of: (lane, all) => summaryOf(lane, all).integrity.lost },
];

/** Only where the clients send messages, too. */
const MESSAGES: Column[] = [
  { head: ['messages', ''], of: ({ ledger }) => ledger?.uplinkMessages },
  { head: ['bodies', 'B'], of: ({ ledger }) => ledger?.bytes.up.body },
  { head: ['read p50', 'ms'], digits: 2, of: (lane, all) => summaryOf(lane, all).uplink.up?.p50 },
  { head: ['answered p50', 'ms'], digits: 2, of: (lane, all) => summaryOf(lane, all).uplink.round?.p50 },
];

/** The whole report: the settings, a row for each lane, the subscribers, what it cost the server, and what went wrong. */
export function report(recording: Recording, server: string): string {
  const { info, clock, ledger } = recording;
  const lanes = [...recording.lanes.values()];
  const columns = [...LANES, ...((info?.settings.uplinkPerSecond ?? 0) > 0 ? MESSAGES : [])];
  const parts = [
    settingsLine(recording, server),
    aligned(
      columns.map(({ head }) => head),
      lanes.map((lane) => columns.map(({ of }) => of(lane, recording))),
      columns.map(({ digits }) => digits ?? 0),
    ),
    ...subscribers(ledger),
    ...processLine(ledger),
  ];
  const notes = [
    `Latency: from the server's stamp to the client's, ± ${clock.uncertaintyMs.toFixed(3)} ms. Bytes: TCP payload, both directions.`,
    'Age: how old what the reader sees is, on average over time; it counts the wait between two polls.',
    ...(recording.conditions.behindProxy
      ? ['A proxy stands in between: bytes are counted between it and the server.']
      : []),
    ...(info?.faults ?? []).map(
      ({ fault, techniques, at }) =>
        `Fault ${fault} at ${((at - (info?.startsAt ?? at)) / 1000).toFixed(1)} s: ${techniques.join(', ')}.`,
    ),
    ...lanes.flatMap((lane) => cutOff(lane, recording)),
    ...lanes.flatMap((lane) => troubles(lane)),
    ...(ledger?.subscribers?.limits ?? []).map(({ message }) => message),
  ];
  return `${[...parts, notes.join('\n')].join('\n\n')}\n`;
}

function settingsLine({ info }: Recording, server: string): string {
  if (!info) return server;
  const { settings, startsAt, endsAt, state } = info;
  const seconds =
    startsAt !== null && endsAt !== null ? Math.min(settings.durationSeconds, (endsAt - startsAt) / 1000) : 0;
  const length = `${Number(Math.max(0, seconds).toFixed(1))} s${seconds < settings.durationSeconds - 0.1 ? ` of ${settings.durationSeconds}` : ''}`;
  const rate = `${settings.eventsPerSecond} events/s of ${settings.payloadBytes} B, ${settings.arrivals}`;
  return `Run ${info.id} at ${server}: ${length}, ${rate}, seed ${settings.seed}${state === 'finished' ? '' : ', not finished'}`;
}

function subscribers(ledger: RunLedger | null): string[] {
  const told = ledger?.subscribers;
  if (!told) return [];
  const heads: [string, string][] = [
    ['subscribers', ''],
    ['requests', ''],
    ['connections', ''],
    ['wire', 'B'],
    ['p50', 'ms'],
    ['p95', 'ms'],
    ['max', 'ms'],
    ['received', ''],
    ['lost', ''],
  ];
  const rows = Object.entries(told.lanes).map(([id, { ledger: account, latency, received, lost }]) => [
    `${id} × ${told.admitted}`,
    account.requests,
    account.connectionsOpened,
    wireBytes(account),
    latency?.p50,
    latency?.p95,
    latency?.max,
    received,
    lost,
  ]);
  return [aligned(heads, rows, [0, 0, 0, 0, 2, 2, 2, 0, 0])];
}

function processLine(ledger: RunLedger | null): string[] {
  const cost = ledger?.process;
  if (!cost) return [];
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  const own = `Server, all lanes together: ${cost.cpuMs.toFixed(0)} ms of CPU time, ${megabytes(cost.rssBytes)} of memory, late by ${cost.eventLoopDelayMs.toFixed(0)} ms at most.`;
  const other = ledger?.subscribers?.process;
  if (!other) return [own];
  return [
    `${own}\nSubscribers' process: ${other.cpuMs.toFixed(0)} ms, ${megabytes(other.rssBytes)}, late by ${other.eventLoopDelayMs.toFixed(0)} ms at most.`,
  ];
}

function cutOff(lane: LaneRecord, recording: Recording): string[] {
  const missed = missedByCut(lane, recording);
  const seconds = LAST_WORDS_MS / 1000;
  return missed > 0
    ? [
        `${lane.technique} gave no last answer within ${seconds} s of the end: ${missed} of its lost events may have been on their way.`,
      ]
    : [];
}

function troubles(lane: LaneRecord): string[] {
  const counts = Object.entries(lane.troubles).map(([reason, count]) => `${count} × ${reason}`);
  if (lane.resets > 0) counts.push(`${lane.resets} × reset`);
  const lived = counts.length > 0 ? [`${lane.technique}: ${counts.join(', ')}.`] : [];
  return lane.failed === null ? lived : [...lived, `${lane.technique} gave up: ${lane.failed}`];
}
