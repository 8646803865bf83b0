/** The distribution of latencies as a table: the share of events that took no longer than round limits. Pure. */

/** Limits in ms: 1, 2 and 5 times the powers of ten that there are latencies around. */
export function limitsAround(least: number, most: number): number[] {
  const limits: number[] = [];
  for (let power = -2; power <= 6; power++) {
    for (const step of [1, 2, 5]) limits.push(Number((step * 10 ** power).toPrecision(3)));
  }
  const first = limits.findLastIndex((limit) => limit < least);
  const last = limits.findIndex((limit) => limit >= most);
  return limits.slice(Math.max(0, first), last < 0 ? limits.length : last + 1);
}

/** For each limit and lane the share (0…1) of its latencies (ms) at or below it; null for a lane without any. */
export function shareTable(lanes: readonly ArrayLike<number>[]): { limits: number[]; shares: (number | null)[][] } {
  const sorted = lanes.map((latencies) => Float64Array.from(latencies).sort());
  const measured = sorted.filter(({ length }) => length > 0);
  if (measured.length === 0) return { limits: [], shares: [] };
  const least = Math.min(...measured.map((values) => values[0] as number));
  const most = Math.max(...measured.map((values) => values.at(-1) as number));
  const limits = limitsAround(least, most);
  const shares = limits.map((limit) =>
    sorted.map((values) => (values.length === 0 ? null : countWithin(values, limit) / values.length)),
  );
  return { limits, shares };
}

/** How many of the ascending `values` are at or below `limit`. */
function countWithin(values: Float64Array, limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
