/**
 * Latency as a distribution, on a logarithmic axis: for each lane how often which latency occurred, or the share of events
 * that had arrived by then.
 */

import type { Spread } from '../../../demo-server/measure/statistics.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { DASHES } from '../../kit/marks.ts';
import { laneLabel, laneMark, round, svg } from '../../kit/svg.ts';
import { type Axis, logarithmicEnds, place, ticksOf } from './axis.ts';
import { edgeOf, type LatencyHistogram } from './latency-histogram.ts';

export interface DistributionLane {
  technique: TechniqueId;
  histogram: LatencyHistogram;
  /** Marked on the lane's row; null while there is none. */
  latency: Spread | null;
}

export interface DistributionOptions {
  width: number;
  cumulative: boolean;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
}

const AXIS = 20;

/** Draws the lanes into `picture`; nothing where no event has arrived. */
export function drawDistribution(
  picture: SVGSVGElement,
  lanes: readonly DistributionLane[],
  options: DistributionOptions,
): void {
  const { width, cumulative, format } = options;
  const beside = width >= 560 && !cumulative;
  const row = beside ? 36 : 52;
  const height = cumulative ? 350 : AXIS + lanes.length * row + 4;
  picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
  picture.setAttribute('height', String(height));
  const ranges = lanes.flatMap(({ histogram }) => histogram.range() ?? []);
  if (ranges.length === 0) {
    picture.replaceChildren();
    return;
  }
  const least = edgeOf(Math.min(...ranges.map(({ first }) => first)));
  const most = edgeOf(Math.max(...ranges.map(({ last }) => last)) + 1);
  const [from, to] = logarithmicEnds(least, most);
  const x: Axis = { from, to, start: beside ? 180 : cumulative ? 44 : 4, end: width - 24, logarithmic: true };
  const parts: SVGElement[] = [];
  for (const tick of ticksOf(x, 62)) {
    const at = Math.round(place(x, tick));
    parts.push(svg('line', { class: 'grid', x1: at, x2: at, y1: AXIS, y2: height }));
    parts.push(svg('text', { class: 'tick', x: at, y: 12, 'text-anchor': 'middle' }, format.ms(tick)));
  }
  parts.push(...(cumulative ? lines(lanes, x, width, height, options) : rows(lanes, x, beside, row, options)));
  picture.replaceChildren(...parts);
}

/** A row for each lane, scaled to its own highest bar: what is compared is where the bars stand, not how many there are. */
function rows(
  lanes: readonly DistributionLane[],
  x: Axis,
  beside: boolean,
  row: number,
  { names, format }: DistributionOptions,
): SVGElement[] {
  return lanes.map(({ technique, histogram, latency }, index) => {
    const bottom = AXIS + (index + 1) * row - 2;
    const group = svg('g', { 'data-technique': technique });
    group.append(laneLabel(technique, names[technique], 0, beside ? bottom - 12 : bottom - 40));
    group.append(svg('line', { class: 'base', x1: x.start, x2: x.end, y1: bottom, y2: bottom }));
    const { counts } = histogram;
    const highest = Math.max(...counts);
    let path = '';
    for (let bin = 0; highest > 0 && bin < counts.length; bin++) {
      const count = counts[bin] as number;
      if (count === 0) continue;
      const [left, right] = [round(place(x, edgeOf(bin))), round(place(x, edgeOf(bin + 1)))];
      const top = round(bottom - Math.max(1.5, (count / highest) * 26));
      path += `M${left} ${bottom}V${top}H${round(Math.max(left + 1, right - 0.5))}V${bottom}Z`;
    }
    group.append(svg('path', { class: 'bars', d: path }));
    for (const key of latency ? (['p50', 'p95', 'max'] as const) : []) {
      const value = (latency as Spread)[key];
      const at = place(x, value);
      const title = svg('title', {}, `${names[technique]} ${key}: ${format.ms(value)}`);
      group.append(svg('path', { class: `at ${key}`, d: `M${round(at)} ${bottom + 1}v-30` }, title));
    }
    return group;
  });
}

/** A line for each lane: the share of its events that took no longer. Exact at the bins' edges, straight between them. */
function lines(
  lanes: readonly DistributionLane[],
  x: Axis,
  width: number,
  height: number,
  { names, format }: DistributionOptions,
): SVGElement[] {
  const y: Axis = { from: 0, to: 100, start: height - 6, end: AXIS + 8, logarithmic: false };
  const parts: SVGElement[] = [];
  for (const share of [0, 25, 50, 75, 95, 100]) {
    const at = Math.round(place(y, share)) + 0.5;
    parts.push(
      svg('line', {
        class: share === 50 || share === 95 ? 'grid strong' : 'grid',
        x1: x.start,
        x2: width,
        y1: at,
        y2: at,
      }),
    );
    parts.push(
      svg(
        'text',
        { class: 'tick', x: x.start - 6, y: at, 'text-anchor': 'end', 'dominant-baseline': 'central' },
        `${format.count(share)}\u00a0%`,
      ),
    );
  }
  for (const { technique, histogram } of lanes) {
    const range = histogram.range();
    if (!range) continue;
    let [path, sum] = [`M${round(place(x, edgeOf(range.first)))} ${round(place(y, 0))}`, 0];
    let middle: [number, number] | null = null;
    for (let bin = range.first; bin <= range.last; bin++) {
      sum += histogram.counts[bin] as number;
      const point: [number, number] = [
        round(place(x, edgeOf(bin + 1))),
        round(place(y, (sum / histogram.total) * 100)),
      ];
      path += `L${point[0]} ${point[1]}`;
      if (sum * 2 >= histogram.total) middle ??= point;
    }
    path += `H${x.end}`;
    const line = svg('path', { class: 'line', d: path, 'stroke-dasharray': DASHES[technique].join(' ') || undefined });
    const group = svg('g', { 'data-technique': technique }, svg('title', {}, names[technique]), line);
    // Its mark where half of them had come, so that the lines are told apart without colour.
    if (middle) group.append(laneMark(technique, middle[0], middle[1]));
    parts.push(group);
  }
  return parts;
}
