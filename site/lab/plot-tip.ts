/** What a chart says at the time that one points at: a line through it, and a value for each lane. */
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { place } from './axis.ts';
import { axesOf, type LinePlot } from './line-plot.ts';
import { laneMark, svg } from './svg.ts';
import { nearest } from './timeline-layout.ts';

const [LINE, PAD] = [15, 8];

/**
 * The tip at `x` pixels from the left; null beside the plot, or while it has no line. `said` puts the values of one lane
 * at one place into words: those of its line, and of its dotted line and points where there are some.
 */
export function tipAt(
  plot: LinePlot,
  x: number,
  said: (technique: TechniqueId, values: readonly number[]) => string,
  title: (seconds: number) => string,
): SVGGElement | null {
  const axes = axesOf(plot);
  if (x < axes.x.start - 4 || x > axes.x.end + 4) return null;
  const time = ((x - axes.x.start) / (axes.x.end - axes.x.start)) * plot.ends.seconds;
  const rows: { technique: TechniqueId; value: number; text: string }[] = [];
  let at = Number.NaN;
  for (const line of plot.lines) {
    if (line.look !== 'line' || line.values.length === 0) continue;
    const index = nearest(line.seconds, line.seconds.length, time);
    if (Number.isNaN(at)) at = line.seconds[index] as number;
    const all = plot.lines
      .filter(({ technique }) => technique === line.technique)
      .map(({ values }) => values[index] as number);
    rows.push({ technique: line.technique, value: all[0] as number, text: said(line.technique, all) });
  }
  if (rows.length === 0) return null;
  rows.sort((a, b) => b.value - a.value);
  const px = Math.round(place(axes.x, at));
  const longest = Math.max(...rows.map(({ text }) => text.length));
  const width = Math.min(plot.width - 8, longest * 6.2 + 18 + 2 * PAD);
  const height = (rows.length + 1) * LINE + PAD;
  const left = px + 10 + width < plot.width ? px + 10 : Math.max(2, px - 10 - width);
  const tip = svg('g', { class: 'tip' });
  tip.append(svg('line', { class: 'at', x1: px, x2: px, y1: axes.y.end, y2: axes.y.start }));
  tip.append(svg('rect', { x: left, y: 2, width, height, rx: 4 }));
  tip.append(svg('text', { class: 'when', x: left + PAD, y: 2 + LINE }, title(at)));
  rows.forEach(({ technique, text }, index) => {
    const y = 2 + (index + 2) * LINE;
    const row = svg('g', { 'data-technique': technique }, laneMark(technique, left + PAD + 5, y - 4));
    row.append(svg('text', { x: left + PAD + 16, y }, text));
    tip.append(row);
  });
  return tip;
}
