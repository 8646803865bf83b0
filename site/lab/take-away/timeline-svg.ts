/**
 * The timeline of a whole run as SVG: the same bars, dots and lines as on the canvas (timeline-draw.ts), for paper and files.
 */

import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import type { Format } from '../../kit/format.ts';
import type { Palette } from '../../kit/look.ts';
import { MARKS } from '../../kit/marks.ts';
import { type Layout, layOut, nameY, type Row, ticks, type View, xOf } from '../timeline/timeline-layout.ts';
import type { Drawing } from './picture.ts';
import { xml } from './svg-context.ts';

export interface TimelineSvgOptions {
  recording: Recording;
  /** Lanes from top to bottom. */
  lanes: readonly LaneRecord[];
  names: Readonly<Record<string, string>>;
  palette: Palette;
  format: Format;
  /** Pixels across. */
  width: number;
  compact?: boolean;
  /** The stretch to draw; the whole run if not given. */
  view?: View;
}

const BAR = 9;
const place = (value: number): string => String(Math.round(value * 10) / 10);

/** Draws it. Marks that would fall on the same pixel are drawn once, so that a long run stays a small file. */
export function timelineSvg(options: TimelineSvgOptions): Drawing {
  const { recording, lanes, names, palette, format, width } = options;
  const layout = layOut(width, lanes.length, options.compact);
  const view = options.view ?? wholeRun(recording, lanes);
  const parts: string[] = [];
  const box = (x: number, y: number, wide: number, high: number, colour: string) =>
    parts.push(
      `<rect x="${place(x)}" y="${place(y)}" width="${place(wide)}" height="${place(high)}" fill="${colour}"/>`,
    );
  for (const { from, to } of recording.conditions.hidden) {
    const left = Math.max(layout.left, xOf(from - recording.zero, view, layout));
    const right = Math.min(layout.right, xOf(Math.min(to, recording.over) - recording.zero, view, layout));
    if (right > left) box(left, layout.axis, right - left, layout.height - layout.axis, palette.warnBack);
  }
  const { times, step } = ticks(view, layout);
  for (const time of times) {
    const x = xOf(time, view, layout);
    box(x - 0.5, layout.axis, 1, layout.height - layout.axis, palette.grid);
    const label = step < 100 ? format.moment(time) : format.seconds(time);
    if (x > layout.left + 12 && x < layout.right - 12) {
      parts.push(
        `<text x="${place(x)}" y="15" text-anchor="middle" font-size="11" fill="${palette.faint}">${xml(label)}</text>`,
      );
    }
  }
  for (const [index, lane] of lanes.entries()) {
    const row = layout.rows[index] as Row;
    const colour = palette.technique[lane.technique];
    const y = nameY(layout, index);
    const x = layout.namesBeside ? 0 : layout.left;
    box(0, row.bottom - 0.5, layout.right, 1, palette.line);
    parts.push(
      `<path d="${MARKS[lane.technique]}" transform="translate(${x} ${place(y - 6)}) scale(0.75)" fill="${colour}"/>`,
      `<text x="${x + 18}" y="${place(y + 4.5)}" font-size="13" font-weight="600" fill="${palette.ink}">${xml(names[lane.technique] ?? lane.technique)}</text>`,
      bars(lane, row, recording, view, layout, colour),
      dots(lane, row, recording, view, layout, colour),
    );
  }
  return { svg: parts.filter((part) => part !== '').join('\n'), width, height: layout.height };
}

/** From the first request to the end. */
function wholeRun({ zero, over }: Recording, lanes: readonly LaneRecord[]): View {
  const first = Math.min(
    0,
    ...lanes.map(({ requests }) => (requests.length > 0 ? (requests.start[0] ?? 0) - zero : 0)),
  );
  const from = Math.max(first, -5000) - 50;
  return { from, span: Math.max(1000, over - zero + 100) - from };
}

function bars(
  { requests }: LaneRecord,
  row: Row,
  { zero, over }: Recording,
  view: View,
  layout: Layout,
  colour: string,
): string {
  let [solid, failed, starts] = ['', '', ''];
  let last = Number.NEGATIVE_INFINITY;
  const top = place(row.bar - BAR / 2);
  requests.inView(view.from + zero, view.from + view.span + zero, (index) => {
    const left = Math.max(layout.left, xOf((requests.start[index] as number) - zero, view, layout));
    const right = Math.min(layout.right, xOf(Math.min(over, requests.end[index] as number) - zero, view, layout));
    if (right - last < 0.4) return;
    last = right;
    const wide = Math.max(2, right - left);
    const path = `M${place(left)} ${top}h${place(wide)}v${BAR}h${place(-wide)}Z`;
    if (requests.ok[index] === 1 || requests.open.has(index)) solid += path;
    else failed += path;
    if (wide >= 5) starts += `M${place(left)} ${place(row.bar - BAR / 2 - 2)}h1.5v${BAR + 4}h-1.5Z`;
  });
  const parts = [
    solid && `<path d="${solid}" fill="${colour}" fill-opacity="0.26" stroke="${colour}" stroke-opacity="0.8"/>`,
    starts && `<path d="${starts}" fill="${colour}"/>`,
    failed && `<path d="${failed}" fill="none" stroke="${colour}" stroke-dasharray="2 2"/>`,
  ];
  return parts.filter(Boolean).join('\n');
}

function dots(
  { events }: LaneRecord,
  row: Row,
  { zero }: Recording,
  view: View,
  layout: Layout,
  colour: string,
): string {
  let [lines, points] = ['', ''];
  let [lastX, lastSent] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const radius = view.span / (layout.right - layout.left) > 60 ? 2 : 3.2;
  for (let index = events.from(view.from + zero); index < events.length; index++) {
    const at = (events.at[index] as number) - zero;
    const sent = at - (events.latency[index] as number);
    if (sent > view.from + view.span) break;
    const [x, sentX] = [xOf(at, view, layout), xOf(sent, view, layout)];
    if (x > layout.right + 4 || (x - lastX < 0.5 && Math.abs(sentX - lastSent) < 1)) continue;
    lines += `M${place(sentX)} ${place(row.top)}L${place(x)} ${place(row.bar)}`;
    // A line of no length with round ends is a dot, in eight characters.
    if (x - lastX >= 0.5) points += `M${place(x)} ${place(row.bar)}h0`;
    [lastX, lastSent] = [x, sentX];
  }
  if (lines === '') return '';
  return (
    `<path d="${lines}" fill="none" stroke="${colour}" stroke-opacity="0.55"/>\n` +
    `<path d="${points}" fill="none" stroke="${colour}" stroke-width="${radius * 2}" stroke-linecap="round"/>`
  );
}
