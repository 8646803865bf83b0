/** What became of one stream on one way, judged by what arrived when. Pure. Times are ms of the page's clock. */
import type { Sample } from '../../demo-server/measure/lane.ts';

/** `live`: events came while the run went on. `held`: all of them only at its end. `refused`: none came, and it was told why. */
export type Fate = 'waiting' | 'live' | 'held' | 'refused' | 'nothing';

export interface Arrived {
  seq: number;
  /** When the server sent it, on the page's clock. */
  sent: number;
  at: number;
}

/** One technique on one way: directly, or through the proxy. */
export interface Way {
  arrivals: Arrived[];
  /** Failures that the technique lived with, or the words of a refusal. */
  troubles: number;
  done: boolean;
}

export const newWay = (): Way => ({ arrivals: [], troubles: 0, done: false });

/** Files one sample of a technique; `toPage` turns the server's times into the page's. */
export function file(way: Way, sample: Sample, toPage: (serverTime: number) => number): void {
  if (sample.kind === 'trouble') way.troubles += 1;
  if (sample.kind === 'event') way.arrivals.push({ seq: sample.seq, sent: toPage(sample.sentAt), at: sample.at });
}

/** `endsAt`: when the run ends, or has ended; null before it was started. */
export function fateOf({ arrivals, troubles, done }: Way, endsAt: number | null): Fate {
  const [first] = arrivals;
  if (first && endsAt !== null) return first.at < endsAt ? 'live' : 'held';
  if (troubles > 0) return 'refused';
  return done ? 'nothing' : 'waiting';
}

/** Time from sending to arrival (ms) that half of the events stayed within; null without events. */
export function medianDelay({ arrivals }: Way): number | null {
  const delays = arrivals.map(({ sent, at }) => Math.max(0, at - sent)).sort((a, b) => a - b);
  return delays[Math.ceil(delays.length / 2) - 1] ?? null;
}
