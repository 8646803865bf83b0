/**
 * A cost curve as a picture: a line for each technique through its measured points, and a ring where two of them cross.
 */
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import { DASHES } from '../../kit/marks.ts';
import { laneMark, round, svg } from '../../kit/svg.ts';
import { type Axis, logarithmicEnds, place, ticksOf } from '../charts/axis.ts';
import type { Crossing, Curve } from './crossings.ts';

export interface CurvePlot {
  xs: readonly number[];
  curves: readonly Curve<TechniqueId>[];
  crossings: readonly Crossing<TechniqueId>[];
  /** The ends of the x axis: what was planned, so that points come into a picture that stays where it is. */
  range: { from: number; to: number; logarithmic: boolean };
  width: number;
  /** Name of a value on the x axis and on the y axis, with its unit. */
  writeX(value: number): string;
  writeY(value: number): string;
  /** What stands in the tip of a point and of a crossing. */
  pointInWords(technique: TechniqueId, x: number, y: number): string;
  crossingInWords(crossing: Crossing<TechniqueId>): string;
}

const [HEIGHT, LEFT, BOTTOM, TOP] = [320, 64, 28, 14];

/** Draws the plot; without a point only its x axis. */
export function drawCurves(picture: SVGSVGElement, plot: CurvePlot): void {
  const { xs, curves, width, range, writeX, writeY } = plot;
  picture.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
  picture.setAttribute('height', String(HEIGHT));
  const x: Axis = { ...range, start: LEFT, end: width - 20 };
  const values = curves.flatMap(({ values }) => values.filter((value): value is number => value !== null && value > 0));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [from, to] = values.length > 0 ? logarithmicEnds(least, most) : [1, 10];
  const y: Axis = { from, to, start: HEIGHT - BOTTOM, end: TOP, logarithmic: true };
  const parts: SVGElement[] = [];
  for (const tick of ticksOf(x, 64)) {
    const at = Math.round(place(x, tick));
    parts.push(svg('line', { class: 'grid', x1: at, x2: at, y1: TOP, y2: HEIGHT - BOTTOM }));
    parts.push(svg('text', { class: 'tick', x: at, y: HEIGHT - 8, 'text-anchor': 'middle' }, writeX(tick)));
  }
  for (const tick of values.length > 0 ? ticksOf(y, 44) : []) {
    const at = Math.round(place(y, tick));
    parts.push(svg('line', { class: 'grid', x1: LEFT, x2: width - 20, y1: at, y2: at }));
    parts.push(
      svg(
        'text',
        { class: 'tick', x: LEFT - 8, y: at, 'text-anchor': 'end', 'dominant-baseline': 'central' },
        writeY(tick),
      ),
    );
  }
  parts.push(svg('line', { class: 'base', x1: LEFT, x2: width - 20, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }));
  for (const { id, values } of curves) {
    const group = svg('g', { 'data-technique': id });
    let path = '';
    const marks: SVGElement[] = [];
    values.forEach((value, index) => {
      if (value === null || !(value > 0)) return;
      const at = xs[index] as number;
      const [px, py] = [place(x, at), place(y, value)];
      path += `${path === '' ? 'M' : 'L'}${round(px)} ${round(py)}`;
      const mark = laneMark(id, px, py);
      mark.append(svg('title', {}, plot.pointInWords(id, at, value)));
      marks.push(mark);
    });
    const dash = DASHES[id].join(' ') || undefined;
    if (path !== '') group.append(svg('path', { class: 'line', d: path, 'stroke-dasharray': dash }), ...marks);
    parts.push(group);
  }
  for (const crossing of plot.crossings) {
    const [px, py] = [round(place(x, crossing.x)), round(place(y, crossing.y))];
    const foot = svg('path', { class: 'foot-line', d: `M${px} ${py + 9}V${HEIGHT - BOTTOM}` });
    const ring = svg(
      'circle',
      { class: 'ring', cx: px, cy: py, r: 9 },
      svg('title', {}, plot.crossingInWords(crossing)),
    );
    parts.push(svg('g', { class: 'crossing' }, foot, ring));
  }
  picture.replaceChildren(...parts);
}
