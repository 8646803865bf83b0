/**
 * How far the server's clock is ahead of ours. Firefox runs 0.7–0.9 ms behind Node on the same machine, so without this a
 * loopback latency would come out negative.
 */

/** One ping. `sent` and `received` in ms of the page's clock, `at` in ms of the server's. */
export interface PingSample {
  sent: number;
  at: number;
  received: number;
}

/** Server clock − page clock in ms, and by how much that may be wrong either way. */
export interface ClockEstimate {
  offsetMs: number;
  roundTripMs: number;
  uncertaintyMs: number;
}

export { now as pageTime } from './lane.ts';

/**
 * The estimate from one burst of pings: the quickest round trip wins, as it leaves the least room for the answer to have
 * been stamped elsewhere than in its middle. A clock that steps by `stepMs` may have been read so much too early at either end: where
 * it sees no round trip at all, the step is what is not known. Throws on an empty list.
 */
export function estimate(samples: readonly PingSample[], stepMs: number): ClockEstimate {
  let best: PingSample | undefined;
  for (const sample of samples) {
    if (!best || sample.received - sample.sent < best.received - best.sent) best = sample;
  }
  if (!best) throw new RangeError('samples: got none, takes at least one ping');
  const roundTripMs = best.received - best.sent;
  return { offsetMs: best.at - (best.sent + best.received) / 2, roundTripMs, uncertaintyMs: roundTripMs / 2 + stepMs };
}

/** The smallest step in ms that the clock `now` was seen to take, in at most `budgetMs` of watching. */
export function smallestStep(now: () => number = () => performance.now(), budgetMs = 12): number {
  const start = now();
  let last = start;
  let smallest = Number.POSITIVE_INFINITY;
  // A coarse clock stands still for a whole millisecond: bound the loop by reads too, so a stopped one cannot hang it.
  // Two steps at least: the first may be the time that this thread had to wait.
  for (let reads = 0, steps = 0; reads < 10_000_000 && (steps < 2 || last - start < budgetMs); reads++) {
    const next = now();
    if (next > last) {
      smallest = Math.min(smallest, next - last);
      last = next;
      steps++;
    }
  }
  return smallest;
}

/** The clock of one run: asks `ping` for bursts of samples and remembers the latest estimate. */
export class Clock {
  /** Null until the first burst is done; a latency before that cannot be corrected. */
  current: ClockEstimate | null = null;
  /** The worst uncertainty of all bursts so far in ms: what a figure over the whole run has to carry. */
  uncertaintyMs = 0;
  readonly resolutionMs: number;
  readonly isolated: boolean;

  constructor(resolutionMs: number = smallestStep(), isolated: boolean = globalThis.crossOriginIsolated === true) {
    this.resolutionMs = resolutionMs;
    this.isolated = isolated;
  }

  /** Eight pings without a gap, each sent as the one before it is answered. Rejects when `ping` does. */
  async sync(ping: () => Promise<PingSample>, pings = 8): Promise<ClockEstimate> {
    const samples: PingSample[] = [];
    while (samples.length < pings) samples.push(await ping());
    this.current = estimate(samples, this.resolutionMs);
    this.uncertaintyMs = Math.max(this.uncertaintyMs, this.current.uncertaintyMs);
    return this.current;
  }

  /** Latency in ms of something stamped `sentAt` by the server and seen at `at` by the page. */
  latency(sentAt: number, at: number): number {
    return at + (this.current?.offsetMs ?? 0) - sentAt;
  }

  /** A time of the server's clock, in ms, on the page's clock. */
  toPage(serverTime: number): number {
    return serverTime - (this.current?.offsetMs ?? 0);
  }
}
