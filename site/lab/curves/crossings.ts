/**
 * Where one cost curve falls below another. Between two measured points nobody has measured anything: a crossing is
 * interpolated, straight on the axes that the curves are drawn on. Pure.
 */

/** One curve: a value for each x, NaN or null where there is none. */
export interface Curve<Id extends string> {
  id: Id;
  values: readonly (number | null)[];
}

/** `cheaperBefore` has the lower values left of `x`, `cheaperAfter` right of it; measured at `between`, interpolated at `x`, `y`. */
export interface Crossing<Id extends string> {
  cheaperBefore: Id;
  cheaperAfter: Id;
  x: number;
  y: number;
  between: [number, number];
}

export interface CrossingOptions {
  /** Whether x and y are drawn on logarithmic axes. */
  logarithmicX: boolean;
  logarithmicY: boolean;
  /** What two values of a point differ by at the least to be told apart: in the unit of the values, and as a share of the lower. */
  margin?: number;
  share?: number;
}

/** Every crossing of every pair of curves, by x. `xs` ascend. Values that are equal, or as good as equal, cross nothing. */
export function crossings<Id extends string>(
  xs: readonly number[],
  curves: readonly Curve<Id>[],
  options: CrossingOptions,
): Crossing<Id>[] {
  const found: Crossing<Id>[] = [];
  curves.forEach((a, index) => {
    for (const b of curves.slice(index + 1)) found.push(...ofPair(xs, a, b, options));
  });
  return found.sort((one, other) => one.x - other.x);
}

function ofPair<Id extends string>(
  xs: readonly number[],
  a: Curve<Id>,
  b: Curve<Id>,
  { logarithmicX, logarithmicY, margin = 0, share = 0 }: CrossingOptions,
): Crossing<Id>[] {
  const [scaleX, scaleY] = [scale(logarithmicX), scale(logarithmicY)];
  const found: Crossing<Id>[] = [];
  /** The last point at which one was clearly below the other, and the points since at which they were level. */
  let last: { sign: number; from: number } | null = null;
  let before: { x: number; a: number; b: number } | null = null;
  let touch: { x: number; y: number } | null = null;
  xs.forEach((x, index) => {
    const [valueA, valueB] = [a.values[index], b.values[index]];
    if (valueA == null || valueB == null || Number.isNaN(valueA) || Number.isNaN(valueB)) return;
    const now = { x: scaleX.to(x), a: scaleY.to(valueA), b: scaleY.to(valueB) };
    // Where the lines meet on the way here, or touch: the last such place before they have clearly changed sides.
    if (before) touch = meeting(before, now) ?? touch;
    before = now;
    const difference = valueA - valueB;
    const least = Math.max(margin, share * Math.min(Math.abs(valueA), Math.abs(valueB)));
    const sign = Math.abs(difference) <= least ? 0 : Math.sign(difference);
    if (sign === 0) return;
    if (last && last.sign !== sign && touch) {
      const [cheaperBefore, cheaperAfter] = sign > 0 ? [a.id, b.id] : [b.id, a.id];
      const at = { x: scaleX.from(touch.x), y: scaleY.from(touch.y) };
      found.push({ cheaperBefore, cheaperAfter, ...at, between: [last.from, x] });
    }
    last = { sign, from: x };
    touch = null;
  });
  return found;
}

/** Where two straight lines from `before` to `now` meet; null where they do not. */
function meeting(
  before: { x: number; a: number; b: number },
  now: { x: number; a: number; b: number },
): { x: number; y: number } | null {
  const [first, second] = [before.a - before.b, now.a - now.b];
  if (first * second > 0 || first === second) return null;
  const share = first / (first - second);
  return { x: before.x + share * (now.x - before.x), y: before.a + share * (now.a - before.a) };
}

/** The axis as the lines are straight on it. */
function scale(logarithmic: boolean): { to(value: number): number; from(value: number): number } {
  return logarithmic ? { to: Math.log, from: Math.exp } : { to: (value) => value, from: (value) => value };
}
