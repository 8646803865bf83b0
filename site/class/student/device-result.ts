/** What this device has measured of its run, as it is sent to the class. What the run cost is counted by the server. */
import {
  type DeviceResult,
  LATENCY_BINS,
  type LaneMeasure,
  latencyBin,
} from '../../../demo-server/classroom/protocol.ts';
import { summaryOf } from '../../../demo-server/measure/measures.ts';
import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';

/** What was measured so far. `startedAt`: when the page saw the start, in ms since the epoch by the server's clock. */
export function resultOf(recording: Recording, startedAt: number | null): DeviceResult {
  const { lanes, clock, conditions } = recording;
  return {
    lanes: Object.fromEntries([...lanes.values()].map((lane) => [lane.technique, measureOf(lane, recording)])),
    conditions: {
      isolated: conditions.isolated,
      resolutionMs: clock.resolutionMs,
      uncertaintyMs: clock.current ? clock.uncertaintyMs : null,
      hidden: conditions.hidden.length > 0,
      eventLoopDelayMs: conditions.eventLoopDelayMs,
    },
    startedAt,
  };
}

function measureOf(lane: LaneRecord, recording: Recording): LaneMeasure {
  const { latency, integrity } = summaryOf(lane, recording);
  const bins = new Array<number>(LATENCY_BINS.length + 1).fill(0);
  // Without an estimate of the clock's offset a latency means nothing.
  const known = recording.clock.current !== null;
  if (known) for (const ms of lane.events.latencies()) bins[latencyBin(ms)] = (bins[latencyBin(ms)] ?? 0) + 1;
  const of = (name: 'p50' | 'p95' | 'max') => (known ? (latency?.[name] ?? null) : null);
  return {
    received: integrity.received,
    lost: integrity.lost,
    p50: of('p50'),
    p95: of('p95'),
    max: of('max'),
    bins,
  };
}
