/** What the class's own runs measured of what a prediction asks. Pure. */

import type { ClassState } from '../log/state.ts';
import { type ClassMeasure, type LaneCounts, type LaneMeasure, type Question, sameQuestion } from '../protocol.ts';

type Figure = (lane: Partial<LaneMeasure>, counts: Partial<LaneCounts>) => number | null | undefined;

/** How each figure that a lesson may ask for is read from a device's result; the names are those of FIGURES in site/components/demo/last-runs.ts. */
export const CLASS_FIGURES: Readonly<Record<string, Figure>> = {
  requests: (_, counts) => counts.requests,
  connectionsOpened: (_, counts) => counts.connectionsOpened,
  connectionsReused: (_, counts) => counts.connectionsReused,
  events: (lane) => lane.received,
  lost: (lane) => lane.lost,
  headBytes: (_, counts) => counts.headBytes,
  headUp: (_, counts) => counts.headUp,
  headDown: (_, counts) => counts.headDown,
  framing: (_, counts) => counts.framing,
  envelope: (_, counts) => counts.envelope,
  payload: (_, counts) => counts.payload,
  redundantPayload: (_, counts) => counts.redundantPayload,
  wireBytes: (_, counts) => counts.wireBytes,
  bytesPerEvent: (_, { wireBytes, eventsSent }) => (wireBytes && eventsSent ? wireBytes / eventsSent : null),
  latencyP50: (lane) => lane.p50,
  latencyP95: (lane) => lane.p95,
  latencyMax: (lane) => lane.max,
};

/** The newest run of the class that is over, was of the prediction's settings, and has its lane; null where there is none. */
export function measuredOf({ runs }: Pick<ClassState, 'runs'>, { predicts }: Question): ClassMeasure | null {
  const figure = predicts && Object.hasOwn(CLASS_FIGURES, predicts.figure) ? CLASS_FIGURES[predicts.figure] : undefined;
  if (!predicts || !figure) return null;
  for (const { id, state, settings, startsAt, results } of [...runs].reverse()) {
    if (state !== 'over' || startsAt === null || !sameQuestion(settings, predicts.settings)) continue;
    const values = [...results.values()]
      .map(({ lanes, counts }) => figure(lanes[predicts.technique] ?? {}, counts[predicts.technique] ?? {}))
      .filter((value) => typeof value === 'number')
      .sort((a, b) => a - b);
    const [low, high, value] = [values[0], values.at(-1), values[Math.ceil(values.length / 2) - 1]];
    if (low === undefined || high === undefined || value === undefined) continue;
    return { run: id, startsAt, devices: values.length, value, low, high };
  }
  return null;
}
