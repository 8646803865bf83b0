/**
 * The timeline's geometry: which stretch of time is in view and where things lie in it. Pure: times in ms, lengths in CSS
 * pixels.
 */

/** The stretch of time in view, in ms since the start of the run. */
export interface View {
  from: number;
  span: number;
}

/** What can be looked at, in ms since the start of the run. */
export interface Bounds {
  from: number;
  to: number;
}

export interface Row {
  /** Top of the row: where an event leaves the server. */
  top: number;
  /** Middle of the request's bar: where an event arrives. */
  bar: number;
  bottom: number;
}

export interface Layout {
  width: number;
  height: number;
  /** Left and right edge of the part where time is drawn. */
  left: number;
  right: number;
  /** Height of the time axis at the top. */
  axis: number;
  rows: Row[];
  /** Whether names stand in a column of their own (wide) or above their row (narrow). */
  namesBeside: boolean;
}

/** The shortest stretch that can be looked at: a millisecond across 50 pixels or so. */
export const MIN_SPAN = 20;
const AXIS = 22;

/** Places `lanes` rows into `width` pixels; the height follows. `compact` rows are for pictures between text. */
export function layOut(width: number, lanes: number, compact = false): Layout {
  const namesBeside = width >= 560;
  const row = (compact ? 36 : 46) + (namesBeside ? 0 : 14);
  const rows = Array.from({ length: lanes }, (_, index) => {
    const top = AXIS + index * row;
    return { top: top + (namesBeside ? 6 : 20), bar: top + row - 13, bottom: top + row };
  });
  return {
    width,
    height: AXIS + lanes * row + 4,
    left: namesBeside ? 194 : 8,
    right: width - 10,
    axis: AXIS,
    rows,
    namesBeside,
  };
}

/** Height of the middle of a lane's name, in pixels from the top. */
export function nameY(layout: Layout, index: number): number {
  const row = layout.rows[index];
  if (!row) return 0;
  return layout.namesBeside ? (row.top + row.bar) / 2 + 2 : row.top - 10;
}

/** Where a time lies, in pixels from the left; may lie outside the picture. */
export function xOf(time: number, view: View, layout: Layout): number {
  return layout.left + ((time - view.from) / view.span) * (layout.right - layout.left);
}

/** The time at a pixel; the inverse of `xOf`. */
export function timeAt(x: number, view: View, layout: Layout): number {
  return view.from + ((x - layout.left) / (layout.right - layout.left)) * view.span;
}

/** Index of the row at a height, or −1. */
export function rowAt(y: number, layout: Layout): number {
  return layout.rows.findIndex((row) => y < row.bottom && y >= layout.axis);
}

function within(view: View, bounds: Bounds): View {
  const most = Math.max(MIN_SPAN, bounds.to - bounds.from);
  const span = Math.min(most, Math.max(MIN_SPAN, view.span));
  const from = Math.min(Math.max(view.from, bounds.from), Math.max(bounds.from, bounds.to - span));
  return { from, span };
}

/** Everything there is. */
export function whole(bounds: Bounds): View {
  return within({ from: bounds.from, span: bounds.to - bounds.from }, bounds);
}

/** Shifts the view by `by` ms, as far as there is something to see. */
export function pan(view: View, by: number, bounds: Bounds): View {
  return within({ from: view.from + by, span: view.span }, bounds);
}

/** Shows `factor` times as long a stretch (below 1: zoom in), while the time `anchor` stays where it is. */
export function zoom(view: View, factor: number, anchor: number, bounds: Bounds): View {
  const most = Math.max(MIN_SPAN, bounds.to - bounds.from);
  const span = Math.min(most, Math.max(MIN_SPAN, view.span * factor));
  return within({ from: anchor - ((anchor - view.from) / view.span) * span, span }, bounds);
}

/** A view of the latest `span` ms whose newest moment, `now`, stands a little before the right edge. */
export function follow(now: number, span: number, bounds: Bounds): View {
  return { from: Math.max(bounds.from, now - span * 0.96), span };
}

/** Moves the view just so far that `time` is in it, with a tenth of the view as margin. */
export function reveal(view: View, time: number, bounds: Bounds): View {
  const margin = view.span / 10;
  if (time < view.from + margin) return within({ from: time - margin, span: view.span }, bounds);
  if (time > view.from + view.span - margin) {
    return within({ from: time + margin - view.span, span: view.span }, bounds);
  }
  return view;
}

/** Times of the axis's ticks in view: round numbers, at least `apart` pixels from each other. */
export function ticks(view: View, layout: Layout, apart = 70): { times: number[]; step: number } {
  const least = (view.span / Math.max(1, layout.right - layout.left)) * apart;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= least) ?? least;
  const times: number[] = [];
  for (let n = Math.ceil(view.from / step); n * step <= view.from + view.span; n++) {
    // Math.ceil of a little below zero is −0, which would be written with its sign.
    times.push(n === 0 ? 0 : n * step);
  }
  return { times, step };
}

/** Index of the value in the ascending `values[0 … length)` that is nearest to `target`; −1 when there is none. */
export function nearest(values: ArrayLike<number>, length: number, target: number): number {
  if (length === 0) return -1;
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) < target) low = middle + 1;
    else high = middle;
  }
  const before = low > 0 ? (values[low - 1] as number) : Number.NEGATIVE_INFINITY;
  return target - before < (values[low] as number) - target ? low - 1 : low;
}
