/**
 * Age of information: how old what the reader sees is. At a time t it is t − u, where u is when the newest event that has
 * arrived was sent; it rises with time and drops as news comes. Fair to polling, as it counts the waiting between two polls
 * that a latency of each event hides, and fair to streams, as it counts how rarely a feed has news at all.
 * @see S. Kaul, R. Yates, M. Gruteser: Real-time status: How often should one update? IEEE INFOCOM 2012
 */
import type { EventStore } from './store.ts';

/** Time average, the age that was not exceeded for 95 % of the time, and the highest; all in ms. */
export interface Age {
  mean: number;
  p95: number;
  max: number;
}

/**
 * The age of a reader's picture between `from` and `to` (ms of the page's clock), exact for what was measured. At `from`,
 * the start of the run, nothing has happened and the reader knows it: the age is 0. Null where there is no time between.
 */
export function ageOf(events: EventStore, from: number, to: number): Age | null {
  if (!(to > from)) return null;
  // Between two drops the age rises by 1 ms a ms: each stretch is told by its lowest and its highest age.
  const lows = new Float64Array(events.length + 1);
  const highs = new Float64Array(events.length + 1);
  let stretches = 0;
  let newest = from;
  let since = from;
  let area = 0;
  const stretch = (until: number) => {
    const [low, high] = [since - newest, until - newest];
    area += ((high - low) * (high + low)) / 2;
    lows[stretches] = low;
    highs[stretches++] = high;
    since = until;
  };
  for (let index = 0; index < events.length; index++) {
    const at = events.at[index] as number;
    if (at > to) break;
    const sent = at - (events.latency[index] as number);
    // What is older than the reader's newest event makes nothing younger.
    if (sent <= newest) continue;
    stretch(Math.max(at, since));
    newest = sent;
  }
  stretch(to);
  const [sortedLows, sortedHighs] = [lows.subarray(0, stretches).sort(), highs.subarray(0, stretches).sort()];
  return {
    mean: area / (to - from),
    p95: ageFor(0.95 * (to - from), sortedLows, sortedHighs),
    max: sortedHighs[stretches - 1] as number,
  };
}

/** The age that was not exceeded for `time` ms in all, from the lowest and the highest age of each stretch, both ascending. */
function ageFor(time: number, lows: Float64Array, highs: Float64Array): number {
  let [low, high, rising, spent] = [0, 0, 0, 0];
  let age = lows[0] as number;
  while (high < highs.length) {
    const next = Math.min(lows[low] ?? Number.POSITIVE_INFINITY, highs[high] as number);
    // Up to `next` every stretch that is rising spends a ms for each ms of age.
    if (rising > 0 && spent + rising * (next - age) >= time) return age + (time - spent) / rising;
    spent += rising * (next - age);
    age = next;
    if ((lows[low] ?? Number.POSITIVE_INFINITY) <= next) {
      rising++;
      low++;
    } else {
      rising--;
      high++;
    }
  }
  return age;
}
