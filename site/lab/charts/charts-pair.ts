/**
 * Charts of two runs on axes of one scale, so that they can be compared by eye. Loaded with the first pair.
 */
import { Chart } from 'chart.js';
import type { ChartKind } from './charts.ts';

export { Charts } from './charts.ts';

type Canvases = ReadonlyMap<ChartKind, HTMLCanvasElement>;

/** Gives every pair of charts of one kind the greater of both ends of each axis. */
export function shareAxes(a: Canvases, b: Canvases): void {
  for (const [kind, canvas] of a) {
    const other = b.get(kind);
    const pair = [Chart.getChart(canvas), other && Chart.getChart(other)].filter((chart) => chart !== undefined);
    if (pair.length < 2) continue;
    for (const axis of ['x', 'y']) {
      const min = Math.min(...pair.map((chart) => chart.scales[axis]?.min ?? 0));
      const max = Math.max(...pair.map((chart) => chart.scales[axis]?.max ?? 1));
      for (const chart of pair) Object.assign(chart.options.scales?.[axis] ?? {}, { min, max });
    }
    for (const chart of pair) chart.update('none');
  }
}
