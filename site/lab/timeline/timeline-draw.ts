/**
 * One frame of the timeline. Time runs right; each lane is a row, each request a bar, each event a dot where it arrived,
 * with a fine line back to the moment it happened: the more the line leans, the longer the event took.
 */

import type { LaneRecord } from '../../../demo-server/measure/recording.ts';
import { drawFaults } from './fault-draw.ts';
import type { Frame, LaneFrame, Paper } from './frame.ts';
import { type Row, ticks, xOf } from './timeline-layout.ts';
import { eventBySeq } from './timeline-pick.ts';

const BAR = 9;

/** Draws the whole picture. Its cost is bounded by the pixels across, not by the events there are. */
export function drawFrame(frame: Frame): void {
  const { context, layout, palette } = frame;
  context.clearRect(0, 0, layout.width, layout.height);
  drawHiddenStretches(frame);
  drawAxis(frame);
  for (const [index, lane] of frame.lanes.entries()) {
    const row = layout.rows[index] as Row;
    context.fillStyle = palette.line;
    context.fillRect(layout.namesBeside ? 0 : layout.left, row.bottom - 0.5, layout.right, 1);
    context.save();
    context.beginPath();
    context.rect(layout.left, layout.axis, layout.right - layout.left + 6, layout.height);
    context.clip();
    drawBars(frame, lane, row);
    drawEvents(frame, lane, row);
    drawFaults(frame, lane, row);
    context.restore();
  }
  drawNow(frame);
  drawMarked(frame);
  drawFocus(frame);
}

function drawAxis({ context, layout, view, palette, format }: Frame): void {
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  const { times, step } = ticks(view, layout);
  for (const time of times) {
    const x = Math.round(xOf(time, view, layout)) + 0.5;
    context.fillStyle = palette.grid;
    context.fillRect(x - 0.5, layout.axis, 1, layout.height - layout.axis);
    context.fillStyle = palette.faint;
    const label = step < 100 ? format.moment(time) : format.seconds(time);
    const half = context.measureText(label).width / 2;
    if (x - half > layout.left - 20 && x + half < layout.width) context.fillText(label, x, layout.axis / 2);
  }
}

function drawHiddenStretches({ context, layout, view, palette, recording, now }: Frame): void {
  context.fillStyle = palette.warnBack;
  for (const stretch of recording.conditions.hidden) {
    const from = Math.max(layout.left, xOf(stretch.from - recording.zero, view, layout));
    const to = Math.min(layout.right, xOf(Math.min(stretch.to - recording.zero, now), view, layout));
    if (to > from) context.fillRect(from, layout.axis, to - from, layout.height - layout.axis);
  }
}

/** Boxes as three numbers each: left edge, width, radius of the corners. */
type Boxes = number[];

function trace(context: Paper, boxes: Boxes, y: number, height: number): void {
  context.beginPath();
  for (let at = 0; at < boxes.length; at += 3) {
    const [left = 0, width = 0, radius = 0] = [boxes[at], boxes[at + 1], boxes[at + 2]];
    if (radius === 0) context.rect(left, y, width, height);
    else context.roundRect(left, y, width, height, radius);
  }
}

/** The bars of one lane's requests. */
export function drawBars(
  { context, layout, view, palette, recording, now }: LaneFrame,
  lane: LaneRecord,
  row: Row,
): void {
  const { requests } = lane;
  const colour = palette.technique[lane.technique];
  const from = view.from + recording.zero;
  const solid: Boxes = [];
  const failed: Boxes = [];
  const starts: Boxes = [];
  let lastRight = Number.NEGATIVE_INFINITY;
  requests.inView(from, from + view.span, (index) => {
    const start = Math.max(layout.left - 4, xOf((requests.start[index] as number) - recording.zero, view, layout));
    const end = requests.end[index] as number;
    const open = end === Number.POSITIVE_INFINITY;
    const right = Math.min(layout.right + 4, xOf(open ? now : end - recording.zero, view, layout));
    // Where requests lie closer than pixels, one bar stands for those that share it.
    if (right - lastRight < 0.4) return;
    lastRight = right;
    const width = Math.max(2, right - start);
    // Held requests follow each other without a visible gap: a notch marks the start of each.
    if (width >= 5) starts.push(start, 1.5, 0);
    (open || requests.ok[index] === 1 ? solid : failed).push(start, width, open || width < 5 ? 0 : 3);
  });
  const top = row.bar - BAR / 2;
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  trace(context, solid, top, BAR);
  context.globalAlpha = 0.26;
  context.fill();
  context.globalAlpha = 0.8;
  context.stroke();
  context.globalAlpha = 1;
  trace(context, starts, top - 2, BAR + 4);
  context.fill();
  // A request that failed or was dropped is an empty box with a broken outline.
  context.globalAlpha = 0.8;
  context.setLineDash([2, 2]);
  trace(context, failed, top, BAR);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

/** The dots of one lane's events, each with a line back to the moment it happened. */
export function drawEvents({ context, layout, view, palette, recording }: LaneFrame, lane: LaneRecord, row: Row): void {
  const { events } = lane;
  const from = view.from + recording.zero;
  const to = from + view.span;
  const colour = palette.technique[lane.technique];
  /** Where the dots lie, in pixels from the left. */
  const dots: number[] = [];
  const perPixel = view.span / (layout.right - layout.left);
  let lastDot = Number.NEGATIVE_INFINITY;
  let lastSent = Number.NEGATIVE_INFINITY;
  const radius = perPixel > 60 ? 2 : 3.2;
  context.beginPath();
  // An event that arrives right of the picture may have been sent inside it: go on until the first one sent beyond.
  for (let index = events.from(from); index < events.length; index++) {
    const at = events.at[index] as number;
    const sent = at - (events.latency[index] as number);
    if (sent > to) break;
    if (at - lastDot < perPixel / 2 && Math.abs(sent - lastSent) < perPixel) continue;
    const x = xOf(at - recording.zero, view, layout);
    context.moveTo(xOf(sent - recording.zero, view, layout), row.top);
    context.lineTo(x, row.bar);
    if (at - lastDot >= perPixel / 2) dots.push(x);
    lastDot = at;
    lastSent = sent;
  }
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.globalAlpha = 0.55;
  context.stroke();
  context.globalAlpha = 1;
  context.fillStyle = colour;
  context.beginPath();
  for (const x of dots) {
    context.moveTo(x + radius, row.bar);
    context.arc(x, row.bar, radius, 0, Math.PI * 2);
  }
  context.fill();
}

function drawNow({ context, layout, view, palette, recording, now }: Frame): void {
  if (!Number.isNaN(recording.over)) return;
  const x = xOf(now, view, layout);
  if (x < layout.left || x > layout.right) return;
  context.fillStyle = palette.ink;
  context.fillRect(Math.round(x), layout.axis - 4, 1, layout.height - layout.axis + 4);
}

function drawFocus({ context, layout, view, palette, recording, lanes, focus }: Frame): void {
  const lane = focus ? lanes[focus.row] : undefined;
  if (!focus || !lane || focus.event < 0 || focus.event >= lane.events.length) return;
  const row = layout.rows[focus.row] as Row;
  const at = lane.events.at[focus.event] as number;
  const x = xOf(at - recording.zero, view, layout);
  const sentX = xOf(at - (lane.events.latency[focus.event] as number) - recording.zero, view, layout);
  context.strokeStyle = palette.ink;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(sentX, row.top);
  context.lineTo(x, row.bar);
  context.moveTo(x + 6.5, row.bar);
  context.arc(x, row.bar, 6.5, 0, Math.PI * 2);
  context.stroke();
}

/** One event on all lanes: where each had it, with how long it took, and a line down from when it happened. */
function drawMarked({ context, layout, view, palette, recording, lanes, marked, format }: Frame): void {
  if (marked === 0) return;
  let sentX: number | null = null;
  context.textBaseline = 'middle';
  for (const [index, lane] of lanes.entries()) {
    const row = layout.rows[index] as Row;
    const event = eventBySeq(lane.events, marked);
    if (event < 0) continue;
    const at = (lane.events.at[event] as number) - recording.zero;
    const latency = lane.events.latency[event] as number;
    const x = xOf(at, view, layout);
    sentX ??= xOf(at - latency, view, layout);
    if (x < layout.left || x > layout.right) continue;
    context.strokeStyle = palette.ink;
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(x, row.bar, 6.5, 0, Math.PI * 2);
    context.stroke();
    const label = format.ms(latency);
    const width = context.measureText(label).width;
    const left = x + 12 + width > layout.right ? x - 12 - width : x + 12;
    context.fillStyle = palette.surface;
    context.fillRect(left - 3, row.bar - 8, width + 6, 16);
    context.fillStyle = palette.ink;
    context.textAlign = 'left';
    context.fillText(label, left, row.bar);
  }
  if (sentX === null || sentX < layout.left || sentX > layout.right) return;
  context.strokeStyle = palette.ink;
  context.lineWidth = 1;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(sentX, layout.axis);
  context.lineTo(sentX, layout.height);
  context.stroke();
  context.setLineDash([]);
}
