/**
 * Every figure of a lane that the lab tells, in the order of its table. Pure: the page words and formats them.
 */
import type { LaneLedger } from '../protocol.ts';
import { type Age, ageOf } from './age.ts';
import { pageTime } from './clock.ts';
import type { LaneRecord, Recording } from './recording.ts';
import { breaksOf, faultBreaks, type Recovery, recoveryOf } from './recovery.ts';
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
  /** Age of what the reader sees, from the start of the run to the end of its feed, or until now. */
  age: Age | null;
  recovery: Recovery;
  /** Messages towards the server: until it had read them, and until the answer was here; in ms. */
  uplink: { up: Spread | null; round: Spread | null };
  /** From the start of the run to the lane's first event in ms; null while there is none. */
  firstEvent: number | null;
}

const summaries = new WeakMap<LaneRecord, { at: number; over: boolean; summary: Summary }>();

/** A lane's summary. While the run goes on it is computed anew once a second at most, and more rarely the more there is. */
export function summaryOf(lane: LaneRecord, recording: Recording): Summary {
  const over = recording.info?.state === 'finished' && !Number.isNaN(recording.over) && lane.done;
  const now = pageTime();
  const known = summaries.get(lane);
  // A lane of 100 000 events takes 30 ms to sort: that is not to happen more than once in 5 s.
  const pause = Math.max(900, lane.events.length / 20);
  const goesOn = Number.isNaN(recording.over);
  if (known && known.over === over && (over || (goesOn && now - known.at < pause))) return known.summary;
  const summary = summarize(lane, recording, over, now);
  summaries.set(lane, { at: now, over, summary });
  return summary;
}

function summarize(lane: LaneRecord, recording: Recording, over: boolean, now: number): Summary {
  const { events, requests, tally, technique, uplink } = lane;
  const { zero, info, clock } = recording;
  const feedEnd = Math.min(now, info?.endsAt == null ? now : clock.toPage(info.endsAt));
  // The server ends its streams with the feed: what closes at that moment, as far as the clocks agree on it, is no loss.
  const breaks = breaksOf(technique, requests, zero, feedEnd - clock.uncertaintyMs - 1);
  const begun = (info?.faults ?? []).filter(({ techniques }) => techniques.includes(technique));
  breaks.push(...faultBreaks(begun.map(({ at }) => clock.toPage(at))));
  const missing = over && (info?.lastSeq ?? 0) > tally.highest;
  return {
    latency: spread(events.latencies()),
    integrity: over ? tally.integrity(info?.lastSeq) : tally.integrity(),
    age: ageOf(events, zero, feedEnd),
    recovery: recoveryOf(breaks, events, missing),
    uplink: {
      up: spread(uplink.up.subarray(0, uplink.length)),
      round: spread(uplink.round.subarray(0, uplink.length)),
    },
    firstEvent: events.length > 0 ? (events.at[0] as number) - zero : null,
  };
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

const age = (key: 'ageMean' | 'ageP95' | 'ageMax', pick: keyof Age): Measure => ({
  key,
  kind: 'ms',
  value: (_, summary) => summary.age?.[pick] ?? null,
});
const recovery = (key: 'recoveryP50' | 'recoveryMax', pick: 'p50' | 'max'): Measure => ({
  key,
  kind: 'ms',
  value: (_, summary) => summary.recovery.spread?.[pick] ?? null,
});

const uplink = (key: string, way: 'up' | 'round', pick: 'p50' | 'p95'): Measure => ({
  key,
  kind: 'ms',
  value: (_, summary) => summary.uplink[way]?.[pick] ?? null,
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
    key: 'uplink',
    measures: [
      count('uplinkMessages', (l) => l.uplinkMessages ?? 0),
      { key: 'uplinkAnswered', kind: 'count', value: (lane) => lane.uplink.length },
      uplink('uplinkUpP50', 'up', 'p50'),
      uplink('uplinkUpP95', 'up', 'p95'),
      uplink('uplinkRoundP50', 'round', 'p50'),
      uplink('uplinkRoundP95', 'round', 'p95'),
    ],
  },
  {
    key: 'age',
    measures: [
      { key: 'firstEvent', kind: 'ms', value: (_, summary) => summary.firstEvent },
      age('ageMean', 'mean'),
      age('ageP95', 'p95'),
      age('ageMax', 'max'),
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
  {
    key: 'recovery',
    measures: [
      { key: 'breaks', kind: 'count', value: (_, { recovery }) => (recovery.spread?.count ?? 0) + recovery.never },
      recovery('recoveryP50', 'p50'),
      recovery('recoveryMax', 'max'),
      { key: 'neverRecovered', kind: 'count', value: (_, { recovery }) => recovery.never },
    ],
  },
  {
    key: 'server',
    measures: [{ key: 'openConnections', kind: 'count', value: fromLedger((l) => l.openConnections ?? null) }],
  },
];
