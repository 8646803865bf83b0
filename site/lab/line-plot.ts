/**
 * Lines over the time of a run, with their axes: one picture of the lab's charts. Pure but for the elements that it makes.
 */
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { type Axis, logarithmicEnds, place, ticksOf } from './axis.ts';
import { dashOf } from './look.ts';
import { laneMark, round, svg } from './svg.ts';

/** One line, or points that no line joins. Seconds ascend; `values` in the unit of the y axis. */
export interface PlotLine {
  technique: TechniqueId;
  look: 'line' | 'dotted' | 'points';
  seconds: readonly number[];
  values: readonly number[];
}

/** The ends of both axes. */
export interface Ends {
  seconds: number;
  from: number;
  to: number;
}

export interface LinePlot {
  lines: readonly PlotLine[];
  ends: Ends;
  logarithmic: boolean;
  /** Stretches (s) in which the tab could not be seen: timers were slowed, so what stands there is coarse. */
  bands: readonly { from: number; to: number }[];
  width: number;
  height: number;
  writeX(seconds: number): string;
  writeY(value: number): string;
}

const [LEFT, RIGHT, TOP, BOTTOM] = [56, 14, 10, 24];

/** The ends that show all of these lines: round values, from zero where the axis is linear. */
export function endsOf(lines: readonly PlotLine[], seconds: number, logarithmic: boolean): Ends {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const { values } of lines) {
    for (const value of values) {
      if (value > most) most = value;
      if (value > 0 && value < least) least = value;
    }
  }
  if (most === 0) return { seconds, from: logarithmic ? 1 : 0, to: logarithmic ? 10 : 1 };
  if (logarithmic) {
    const [from, to] = logarithmicEnds(least, most);
    return { seconds, from, to };
  }
  // Up to the next tick, as the eye reads a height by the line above it.
  const [, step = most] = ticksOf({ from: 0, to: most, start: 0, end: 4, logarithmic: false }, 1);
  return { seconds, from: 0, to: Math.ceil(most / step - 1e-9) * step };
}

/** The axes of a plot in its pixels. */
export function axesOf({ ends, width, height, logarithmic }: LinePlot): { x: Axis; y: Axis } {
  const x: Axis = { from: 0, to: ends.seconds, start: LEFT, end: width - RIGHT, logarithmic: false };
  return { x, y: { from: ends.from, to: ends.to, start: height - BOTTOM, end: TOP, logarithmic } };
}

/** Draws the plot into `picture`. */
export function drawLines(picture: SVGSVGElement, plot: LinePlot): void {
  const { lines, bands, width, height, writeX, writeY } = plot;
  const { x, y } = axesOf(plot);
  const parts: SVGElement[] = [];
  for (const { from, to } of bands) {
    const [left, right] = [place(x, Math.max(0, from)), place(x, Math.min(plot.ends.seconds, to))];
    if (right > left)
      parts.push(svg('rect', { class: 'band', x: left, y: TOP, width: right - left, height: y.start - TOP }));
  }
  for (const tick of ticksOf(y, 34)) {
    const at = Math.round(place(y, tick)) + 0.5;
    parts.push(svg('line', { class: 'grid', x1: LEFT, x2: x.end, y1: at, y2: at }));
    const text = { class: 'tick', x: LEFT - 6, y: at, 'text-anchor': 'end', 'dominant-baseline': 'central' };
    parts.push(svg('text', text, writeY(tick)));
  }
  for (const tick of ticksOf(x, 56)) {
    const at = Math.round(place(x, tick));
    parts.push(svg('text', { class: 'tick', x: at, y: height - 6, 'text-anchor': 'middle' }, writeX(tick)));
  }
  parts.push(svg('line', { class: 'base', x1: LEFT, x2: x.end, y1: y.start + 0.5, y2: y.start + 0.5 }));
  const marks: SVGElement[] = [];
  for (const { technique, look, seconds, values } of lines) {
    let [path, px, py] = ['', 0, 0];
    values.forEach((value, index) => {
      px = round(place(x, seconds[index] as number));
      py = round(place(y, value));
      // A stroke without length and with round ends is a dot, and one path holds them all.
      path += look === 'points' ? `M${px} ${py}h0` : `${path === '' ? 'M' : 'L'}${px} ${py}`;
    });
    if (path === '') continue;
    const group = svg('g', { 'data-technique': technique });
    const dash = look === 'dotted' ? '1 3' : look === 'line' ? dashOf(technique).join(' ') || undefined : undefined;
    const cap = look === 'points' ? 'round' : undefined;
    group.append(svg('path', { class: `line ${look}`, d: path, 'stroke-dasharray': dash, 'stroke-linecap': cap }));
    parts.push(group);
    // Each lane's mark at the end of its line, above all lines.
    if (look === 'line') marks.push(svg('g', { 'data-technique': technique }, laneMark(technique, px, py)));
  }
  picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
  picture.replaceChildren(...parts, ...marks);
}
