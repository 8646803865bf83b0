/** The bench's few numbers. Pure. */

/** The value below which the share `p` (0 to 1) of the values lies; sorts a copy. */
export function percentile(values: ArrayLike<number>, p: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? Number.NaN;
}

/** The middle value; of two in the middle their mean. */
function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2;
}

/** What several pairs say: each side's median, and the median and quartiles of the ratios pair by pair. */
export interface Comparison {
  ours: number;
  reference: number;
  ratio: number;
  low: number;
  high: number;
}

/**
 * Compares values measured in pairs, one right after the other. The ratio is made within each pair, so that what
 * slows the machine for a while slows both and cancels out.
 */
export function compare(pairs: readonly { ours: number; reference: number }[]): Comparison {
  const ratios = pairs.map(({ ours, reference }) => ours / reference);
  return {
    ours: median(pairs.map(({ ours }) => ours)),
    reference: median(pairs.map(({ reference }) => reference)),
    ratio: median(ratios),
    low: percentile(ratios, 0.25),
    high: percentile(ratios, 0.75),
  };
}
