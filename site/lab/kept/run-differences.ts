/**
 * Two runs held against each other: which settings differ, and by how much each figure does. Pure: the page words it.
 */

import { GROUPS, type Measure, summaryOf } from '../../../demo-server/measure/measures.ts';
import type { Recording } from '../../../demo-server/measure/recording.ts';
import type { RunSettings, TechniqueId } from '../../../demo-server/protocol.ts';

/** Settings in which two runs differ, by name, in the order of the first. */
export function settingDifferences(a: RunSettings, b: RunSettings): string[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof RunSettings>;
  return [...names].filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]));
}

export interface Difference {
  a: number | string | null;
  b: number | string | null;
  /** b − a; null where one of them is missing or no number. */
  by: number | null;
  /** (b − a) ÷ a; null where that cannot be told. */
  share: number | null;
  /** A latency that differs by no more than both clocks may be off together: it cannot be told from none. */
  unsure: boolean;
}

/** One measure of one technique in both runs. */
export function difference(measure: Measure, technique: TechniqueId, a: Recording, b: Recording): Difference {
  const [left, right] = [a, b].map((recording) => {
    const lane = recording.lanes.get(technique);
    return lane ? measure.value(lane, summaryOf(lane, recording), recording) : null;
  }) as [Difference['a'], Difference['b']];
  const numbers = typeof left === 'number' && typeof right === 'number';
  const by = numbers ? right - left : null;
  const uncertainty = a.clock.uncertaintyMs + b.clock.uncertaintyMs;
  return {
    a: left,
    b: right,
    by,
    share: numbers && left !== 0 ? (right - left) / Math.abs(left) : null,
    unsure: measure.kind === 'ms' && by !== null && by !== 0 && Math.abs(by) <= uncertainty,
  };
}

/** The techniques of either run, those of both first, each once. */
export function lanesOfBoth(a: Recording, b: Recording): TechniqueId[] {
  const both = [...a.lanes.keys()].filter((id) => b.lanes.has(id));
  return [...new Set([...both, ...a.lanes.keys(), ...b.lanes.keys()])];
}

export { GROUPS };
