/**
 * How often which latency occurred, in bins of equal width on a logarithmic axis: from 0.01 ms to 1000 s, twenty to each
 * factor of ten, so that a bin's upper edge is 12 % above its lower one. Each event is counted once, whenever it is asked.
 */
import type { EventStore } from '../../../demo-server/measure/store.ts';

const BINS_PER_DECADE = 20;
const LOWEST_MS = 0.01;
const BINS = 8 * BINS_PER_DECADE;

/** Lower edge of bin `index` in ms; what lies below the first bin or above the last is counted in them. */
export function edgeOf(index: number): number {
  return LOWEST_MS * 10 ** (index / BINS_PER_DECADE);
}

/** The bin of a latency in ms. */
export function binOf(ms: number): number {
  // What the clocks' uncertainty has pushed to zero or below has no logarithm.
  if (!(ms > LOWEST_MS)) return 0;
  return Math.min(BINS - 1, Math.floor(Math.log10(ms / LOWEST_MS) * BINS_PER_DECADE + 1e-9));
}

/** The counts of one lane. */
export class LatencyHistogram {
  readonly counts = new Uint32Array(BINS);
  /** Events counted so far. */
  total = 0;

  /** Counts the events that came since the last call. */
  update(events: EventStore): void {
    for (; this.total < events.length; this.total++) {
      const bin = binOf(events.latency[this.total] as number);
      this.counts[bin] = (this.counts[bin] as number) + 1;
    }
  }

  /** First and last bin with an event in it; null while there is none. */
  range(): { first: number; last: number } | null {
    const first = this.counts.findIndex((count) => count > 0);
    return first < 0 ? null : { first, last: this.counts.findLastIndex((count) => count > 0) };
  }
}
