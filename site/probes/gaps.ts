/** Times between what came one after the other. Pure. */

/** The gaps between neighbours, in the unit of `times`. */
export function gapsOf(times: readonly number[]): number[] {
  return times.slice(1).map((time, at) => time - (times[at] as number));
}

/** The value that half of them do not exceed (nearest rank); NaN without any. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.ceil(values.length / 2) - 1] ?? Number.NaN;
}
