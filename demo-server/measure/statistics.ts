/**
 * The arithmetic of the lab, without any DOM: percentiles, integrity, bytes per event.
 */
import type { LaneLedger } from '../protocol.ts';

/** Half of the values, nineteen of twenty, and all of them lie at or below these; in the unit of the values. */
export interface Spread {
  count: number;
  p50: number;
  p95: number;
  max: number;
}

/** What became of a lane's events, as counts. */
export interface Integrity {
  received: number;
  lost: number;
  duplicated: number;
  outOfOrder: number;
}

/**
 * The value below or at which `percent` of the values lie, by nearest rank: always one that was measured, never one
 * interpolated between two. `sorted` ascends; an empty list gives NaN.
 */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  if (sorted.length === 0) return Number.NaN;
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] as number;
}

/** Sorts a copy of the values (milliseconds, say) and returns their spread, or null when there are none. */
export function spread(values: ArrayLike<number>): Spread | null {
  if (values.length === 0) return null;
  // A typed array sorts by value without a comparison callback: 6 000 latencies take well under a millisecond.
  const sorted = Float64Array.from(values).sort();
  return {
    count: sorted.length,
    p50: percentile(sorted, 50),
    p95: percentile(sorted, 95),
    max: sorted[sorted.length - 1] as number,
  };
}

/** Keeps one lane's account of sequence numbers; remembers each number in one bit, so a long run stays small. */
export class SeqTally {
  received = 0;
  duplicated = 0;
  outOfOrder = 0;
  highest = 0;
  #seen = new Uint8Array(128);

  /** Notes that event `seq` (1, 2, …) arrived. Returns false when it had arrived before. */
  note(seq: number): boolean {
    if (!Number.isInteger(seq) || seq < 1) throw new RangeError(`seq: got ${seq}, takes a whole number from 1 upwards`);
    const index = seq >> 3;
    const bit = 1 << (seq & 7);
    if (index >= this.#seen.length) {
      const larger = new Uint8Array(Math.max(index + 1, this.#seen.length * 2));
      larger.set(this.#seen);
      this.#seen = larger;
    }
    if (((this.#seen[index] as number) & bit) !== 0) {
      this.duplicated++;
      return false;
    }
    this.#seen[index] = (this.#seen[index] as number) | bit;
    this.received++;
    if (seq < this.highest) this.outOfOrder++;
    else this.highest = seq;
    return true;
  }

  /**
   * The integrity so far. While a run goes on, pass nothing: only gaps below the newest event count as lost, as the rest
   * may still be on its way. Once it has ended, pass the feed's last seq.
   */
  integrity(lastSeq: number = this.highest): Integrity {
    return {
      received: this.received,
      lost: Math.max(0, Math.max(lastSeq, this.highest) - this.received),
      duplicated: this.duplicated,
      outOfOrder: this.outOfOrder,
    };
  }
}

/** Wire bytes in both directions for each event that was news to its reader; null while there was none. */
export function bytesPerEvent(lane: LaneLedger): number | null {
  return lane.eventsSent > 0 ? wireBytes(lane) / lane.eventsSent : null;
}

/** Bytes that a lane's sockets carried, both directions together. */
export function wireBytes(lane: LaneLedger): number {
  return lane.wireBytesUp + lane.wireBytesDown;
}

/** Bytes of request and answer heads, both directions together. */
export function headBytes(lane: LaneLedger): number {
  return lane.bytes.up.head + lane.bytes.down.head;
}
