/** The timeline of a whole run as SVG: the frame that the canvas gets, with the names of its lanes, for paper and files. */

import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import type { Format } from '../../kit/format.ts';
import { drawMark, type Palette } from '../../kit/look.ts';
import { drawFrame } from '../timeline/timeline-draw.ts';
import { type Layout, layOut, nameY, type View } from '../timeline/timeline-layout.ts';
import type { Drawing } from './picture.ts';
import { SvgContext } from './svg-context.ts';

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
}

let drawn = 0;

/** Draws it; null where the browser gives no canvas to measure text with. */
export function timelineSvg(options: TimelineSvgOptions): Drawing | null {
  const { recording, lanes, palette, format, width, compact } = options;
  const measure = document.createElement('canvas').getContext('2d');
  if (!measure) return null;
  const context = new SvgContext(measure, `timeline-${++drawn}`);
  const layout = layOut(width, lanes.length, compact);
  context.font = `11px ${palette.font}`;
  drawFrame({
    context,
    layout,
    view: wholeRun(recording, lanes),
    palette,
    recording,
    now: recording.over - recording.zero,
    lanes,
    focus: null,
    marked: 0,
    format,
  });
  drawNames(context, layout, options);
  return { svg: context.toSvg(), width, height: layout.height };
}

/** On the page they are elements over the canvas. */
function drawNames(context: SvgContext, layout: Layout, { lanes, names, palette }: TimelineSvgOptions): void {
  context.font = `600 13px ${palette.font}`;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  for (const [index, { technique }] of lanes.entries()) {
    const left = layout.namesBeside ? 0 : layout.left;
    const y = nameY(layout, index);
    context.fillStyle = palette.technique[technique];
    drawMark(context, technique, left + 6, y, 12);
    context.fillStyle = palette.ink;
    context.fillText(names[technique] ?? technique, left + 18, y);
  }
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
