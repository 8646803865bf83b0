/**
 * What one picture of a run shows, as lines of numbers: one for each mark of it, values bare, units in the head. Pure.
 */

import { COLUMNS, type Column, type LaneRecord, type Recording } from '../../../demo-server/measure/recording.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import { CLASSES } from '../charts/byte-bars.ts';
import { edgeOf, LatencyHistogram } from '../charts/latency-histogram.ts';
import { LatencyWindows, windowSeconds } from '../charts/latency-windows.ts';

type Cell = string | number;
type Rows = (lane: LaneRecord) => Cell[][];

const micro = (ms: number) => Math.round(ms * 1000) / 1000;
const times = (length: number, row: (n: number) => Cell[]) => Array.from({ length }, (_, n) => row(n));

/** The data of the picture `name` (timeline, or a chart's name) of these lanes, a head first. */
export function chartLines(recording: Recording, name: string, lanes: readonly TechniqueId[]): Cell[][] {
  const shown = [...recording.lanes.values()].filter(({ technique }) => lanes.includes(technique));
  const [head, rows] = partOf(name, recording);
  return [['technique', ...head], ...shown.flatMap((lane) => rows(lane).map((row) => [lane.technique, ...row]))];
}

function partOf(name: string, { info, zero, over }: Recording): [head: string[], rows: Rows] {
  // The bars; its dots are the file of events. An end that is empty: still open when the run was over.
  if (name === 'timeline') {
    const since = (time: number) => (Number.isFinite(time) ? micro(time - zero) : '');
    return [
      ['request', 'start_ms', 'end_ms', 'ok'],
      ({ requests: { length, start, end, ok } }) =>
        times(length, (n) => [n + 1, since(start[n] as number), since(end[n] as number), ok[n] as number]),
    ];
  }
  if (name === 'bytes') {
    return [['class', 'bytes'], ({ ledger }) => (ledger ? CLASSES.map(({ key, bytes }) => [key, bytes(ledger)]) : [])];
  }
  if (name === 'latency') {
    const length = windowSeconds(info?.settings ?? { eventsPerSecond: 1, durationSeconds: 60 });
    return [
      ['seconds', 'p50_ms', 'p95_ms', 'max_ms'],
      ({ events }) => {
        const course = new LatencyWindows(length);
        course.update(events, zero, over);
        return course.windows.map(({ seconds, p50, p95, max }) => [seconds, ...[p50, p95, max].map(micro)]);
      },
    ];
  }
  if (name === 'distribution') {
    return [
      ['over_ms', 'up_to_ms', 'events'],
      ({ events }) => {
        const histogram = new LatencyHistogram();
        histogram.update(events);
        const { first = 0, last = -1 } = histogram.range() ?? {};
        return times(last - first + 1, (n) => [
          micro(edgeOf(first + n)),
          micro(edgeOf(first + n + 1)),
          histogram.counts[first + n] as number,
        ]);
      },
    ];
  }
  // A cumulative figure of the ledger over the run.
  const column = COLUMNS.indexOf(name as Column);
  return [
    ['seconds', name],
    ({ series }) => times(series.length, (n) => [micro(series.timeAt(n)), series.valueAt(n, column)]),
  ];
}
