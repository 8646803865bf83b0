/** The marks of faults in one row of the timeline: a line where one began, and a band for as long as it lasted. */
import type { LaneRecord } from '../../../demo-server/measure/recording.ts';
import type { LaneFrame } from './frame.ts';
import { type Row, xOf } from './timeline-layout.ts';

/** Draws the faults of this lane. */
export function drawFaults(
  { context, layout, view, palette, recording, now }: LaneFrame,
  lane: LaneRecord,
  row: Row,
): void {
  const faults = recording.info?.faults ?? [];
  for (const { at, seconds, techniques } of faults) {
    if (!techniques.includes(lane.technique)) continue;
    const began = recording.clock.toPage(at) - recording.zero;
    const ended = Math.min(now, seconds === null ? Number.POSITIVE_INFINITY : began + seconds * 1000);
    const x = xOf(began, view, layout);
    const right = Math.min(layout.right + 4, xOf(ended, view, layout));
    if (right < layout.left || x > layout.right) continue;
    context.fillStyle = palette.bad;
    if (right > x) {
      context.globalAlpha = 0.12;
      context.fillRect(
        Math.max(x, layout.left - 4),
        row.top - 4,
        right - Math.max(x, layout.left - 4),
        row.bottom - row.top + 2,
      );
      context.globalAlpha = 1;
    }
    context.fillRect(x - 0.75, row.top - 4, 1.5, row.bottom - row.top + 2);
    context.beginPath();
    context.moveTo(x - 5, row.top - 4);
    context.lineTo(x + 5, row.top - 4);
    context.lineTo(x, row.top + 4);
    context.fill();
  }
}
