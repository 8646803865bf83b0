/**
 * Every figure of a lane that the lab tells, in the order of its table. Pure: the page words and formats them.
 */
import type { LaneLedger } from '../../demo-server/protocol.ts';
import type { LaneRecord, Recording } from './recording.ts';
import { bytesPerEvent, type Integrity, type Spread, spread } from './statistics.ts';

export type MeasureKind = 'count' | 'bytes' | 'bytesEach' | 'ms' | 'uncertainty' | 'text';

/** One row of the table. `value` is null while there is nothing to tell. */
export interface Measure {
  key: string;
  kind: MeasureKind;
  value(lane: LaneRecord, summary: Summary, recording: Recording): number | string | null;
}

/** Figures that cost more than a look: latencies sorted, gaps counted. */
export interface Summary {
  latency: Spread | null;
  integrity: Integrity;
}

const summaries = new WeakMap<LaneRecord, { length: number; over: boolean; summary: Summary }>();

/** A lane's summary; computed anew only when events have come since, or the run has ended. */
export function summaryOf(lane: LaneRecord, recording: Recording): Summary {
  const over = recording.info?.state === 'finished' && !Number.isNaN(recording.over) && lane.done;
  const length = lane.tally.received + lane.tally.duplicated;
  const known = summaries.get(lane);
  if (known && known.length === length && known.over === over) return known.summary;
  const summary = {
    latency: spread(lane.events.latencies()),
    integrity: over ? lane.tally.integrity(recording.info?.lastSeq) : lane.tally.integrity(),
  };
  summaries.set(lane, { length, over, summary });
  return summary;
}

const fromLedger =
  (pick: (ledger: LaneLedger) => number | string | null): Measure['value'] =>
  (lane) =>
    lane.ledger ? pick(lane.ledger) : null;
const count = (key: string, pick: (ledger: LaneLedger) => number): Measure => ({
  key,
  kind: 'count',
  value: fromLedger(pick),
});
const bytes = (key: string, pick: (ledger: LaneLedger) => number): Measure => ({
  key,
  kind: 'bytes',
  value: fromLedger(pick),
});
const latency = (key: 'p50' | 'p95' | 'max'): Measure => ({
  key,
  kind: 'ms',
  value: (_, summary) => summary.latency?.[key] ?? null,
});
const integrity = (key: keyof Integrity): Measure => ({
  key,
  kind: 'count',
  value: (_, summary) => summary.integrity[key],
});

/** The rows of the table in groups; the page's words are under `lab.group.<key>` and `lab.measure.<key>`. */
export const GROUPS: readonly { key: string; measures: readonly Measure[] }[] = [
  {
    key: 'exchanges',
    measures: [
      count('requests', (l) => l.requests),
      count('responses', (l) => l.responses),
      count('connectionsOpened', (l) => l.connectionsOpened),
      count('connectionsReused', (l) => l.connectionsReused),
    ],
  },
  {
    key: 'wire',
    measures: [
      bytes('wireBytesUp', (l) => l.wireBytesUp),
      bytes('wireBytesDown', (l) => l.wireBytesDown),
      { key: 'bytesPerEvent', kind: 'bytesEach', value: fromLedger(bytesPerEvent) },
      bytes('headUp', (l) => l.bytes.up.head),
      bytes('headDown', (l) => l.bytes.down.head),
      bytes('framing', (l) => l.bytes.up.framing + l.bytes.down.framing),
      bytes('bodyUp', (l) => l.bytes.up.body),
      bytes('envelope', (l) => l.bytes.down.envelope),
      bytes('payload', (l) => l.bytes.down.payload),
      bytes('redundantPayload', (l) => l.bytes.down.redundantPayload),
      bytes('unaccounted', (l) => l.unaccountedBytes),
    ],
  },
  {
    key: 'latency',
    measures: [
      latency('p50'),
      latency('p95'),
      latency('max'),
      {
        key: 'uncertainty',
        kind: 'uncertainty',
        value: (_, __, { clock }) => (clock.current ? clock.uncertaintyMs : null),
      },
    ],
  },
  {
    key: 'integrity',
    measures: [
      integrity('received'),
      integrity('lost'),
      integrity('duplicated'),
      integrity('outOfOrder'),
      {
        key: 'cuts',
        kind: 'text',
        value: fromLedger((l) => (l.cuts ?? []).map((cut) => `${cut.count} × ${cut.reason}`).join('; ') || 0),
      },
    ],
  },
];
