/**
 * Runs the points of a cost curve one after the other, each as a real run, and keeps what each lane of it came to.
 */

import { summaryOf } from '../../../demo-server/measure/measures.ts';
import type { Recording } from '../../../demo-server/measure/recording.ts';
import { bytesPerEvent } from '../../../demo-server/measure/statistics.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import { demoServer } from '../../kit/server-address.ts';
import { runComparison } from '../run/comparison.ts';
import { receivers } from '../run/stage.ts';
import { type CurvePlan, EXTRA_SECONDS, missing, settingsAt } from './curve-plan.ts';

/** What one lane came to at one point. */
export interface LanePoint {
  /** Wire bytes for each event, both ways; null where no event came. */
  bytes: number | null;
  /** Mean age of what its reader saw, in ms. */
  age: number | null;
  lost: number;
  /** Why the lane gave up; null where it did not. */
  failed: string | null;
}

/** One measured point. */
export interface CurvePoint {
  value: number;
  run: string;
  lanes: ReadonlyMap<TechniqueId, LanePoint>;
  /** How far latencies, and so ages, may be off, in ms; NaN where nobody knows. */
  uncertaintyMs: number;
  /** The tab was hidden for part of it, or what was counted lies behind a proxy. */
  hidden: boolean;
  proxied: boolean;
}

export interface CurveRunOptions {
  plan: CurvePlan;
  /** Points that are there already: their values are not run again. */
  done: readonly CurvePoint[];
  signal: AbortSignal;
  stop: AbortSignal;
  takeOver: boolean;
  /** A point begins: its value, and when it will be over at the soonest, in s from now. */
  begin(value: number, seconds: number): void;
  finish(point: CurvePoint): void;
}

/** Runs what is missing. Resolves when all is measured or `stop` was asked for; rejects as runComparison does. */
export async function runCurve({ plan, done, signal, stop, takeOver, begin, finish }: CurveRunOptions): Promise<void> {
  let asked = takeOver;
  for (const value of missing(plan, done)) {
    if (stop.aborted || signal.aborted) return;
    const settings = settingsAt(plan, value);
    begin(value, settings.durationSeconds + EXTRA_SECONDS);
    const recording = await runComparison({
      server: demoServer(),
      settings,
      receivers,
      signal,
      stop,
      takeOver: asked,
      tell: () => {},
    });
    // Only the first has to make another tab give way.
    asked = false;
    // Half a point is none: it would stand for another length of run than its neighbours.
    if (stop.aborted || recording.takenOver) return;
    finish(pointOf(value, recording));
  }
}

/** What a finished run came to. */
function pointOf(value: number, recording: Recording): CurvePoint {
  const lanes = new Map<TechniqueId, LanePoint>();
  for (const [id, lane] of recording.lanes) {
    const { age, integrity } = summaryOf(lane, recording);
    const bytes = lane.ledger ? bytesPerEvent(lane.ledger) : null;
    // Without a single event there is nothing to be of an age.
    lanes.set(id, {
      bytes,
      age: lane.events.length > 0 ? (age?.mean ?? null) : null,
      lost: integrity.lost,
      failed: lane.failed,
    });
  }
  const { conditions, clock, info } = recording;
  return {
    value,
    run: info?.id ?? '',
    lanes,
    uncertaintyMs: conditions.clockUnknown ? Number.NaN : clock.uncertaintyMs,
    hidden: conditions.hidden.length > 0,
    proxied: conditions.behindProxy,
  };
}
