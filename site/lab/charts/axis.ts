/**
 * Axes of the pictures: where a value lies, and which values are written. Pure; lengths in CSS pixels.
 */

/** A stretch of values on a stretch of pixels, linear or logarithmic. */
export interface Axis {
  from: number;
  to: number;
  start: number;
  end: number;
  logarithmic: boolean;
}

/** Where `value` lies, in pixels; on a logarithmic axis values below its lower end lie there. */
export function place(axis: Axis, value: number): number {
  const { from, to, start, end, logarithmic } = axis;
  const share = logarithmic
    ? Math.log(Math.max(value, from) / from) / Math.log(to / from)
    : (value - from) / (to - from);
  return start + share * (end - start);
}

/** The powers of ten around `least` and `most`, or 1, 2 and 5 times them where that is closer: the ends of a logarithmic axis. */
export function logarithmicEnds(least: number, most: number): [number, number] {
  const steps = [1, 2, 5, 10];
  const power = (value: number) => 10 ** Math.floor(Math.log10(value) + 1e-12);
  const below = [...steps].reverse().find((step) => step * power(least) <= least * (1 + 1e-9)) ?? 1;
  const above = steps.find((step) => step * power(most) >= most * (1 - 1e-9)) ?? 10;
  const [from, to] = [below * power(least), above * power(most)];
  return from < to ? [from, to] : [from / 2, to * 2];
}

/** Round values to write along an axis, as many as leave at least `apart` pixels between two. */
export function ticksOf(axis: Axis, apart: number): number[] {
  const { from, to, start, end, logarithmic } = axis;
  const most = Math.max(1, Math.floor(Math.abs(end - start) / apart));
  if (!logarithmic) {
    const least = (to - from) / most;
    const power = 10 ** Math.floor(Math.log10(least));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= least * (1 - 1e-9)) ?? least;
    const ticks: number[] = [];
    for (let n = Math.ceil(from / step - 1e-9); n * step <= to * (1 + 1e-9); n++)
      ticks.push(Number((n * step).toPrecision(12)));
    return ticks;
  }
  const [low, high] = [Math.floor(Math.log10(from) + 1e-9), Math.ceil(Math.log10(to) - 1e-9)];
  const decades = Math.max(1, high - low);
  const steps = most >= decades * 3 ? [1, 2, 5] : [1];
  const each = Math.max(1, Math.ceil(decades / most));
  const ticks: number[] = [];
  for (let power = low; power <= high; power++) {
    if ((power - low) % each !== 0) continue;
    for (const step of steps) {
      const value = Number((step * 10 ** power).toPrecision(12));
      if (value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9)) ticks.push(value);
    }
  }
  return ticks;
}
