/**
 * How long a reader was without news after something broke. Pure: times in ms of the page's clock.
 */
import { type TechniqueId, TRAITS } from '../protocol.ts';
import { type Spread, spread } from './statistics.ts';
import type { EventStore, RequestStore } from './store.ts';

/** A moment at which something broke, and when an event that ends it was sent at the earliest. */
export interface Break {
  at: number;
  sentFrom: number;
}

/** What became of a lane's interruptions. */
export interface Recovery {
  /** Time from the break to the next event, of those that had one; null where there was none. */
  spread: Spread | null;
  /** Breaks after which no event came any more, though the feed had some. */
  never: number;
}

/** When a lane lost its connection or an answer, between `from` and `to`: requests that failed, and streams that ended. */
export function breaksOf(technique: TechniqueId, requests: RequestStore, from: number, to: number): Break[] {
  // A stream's response never ends by itself while a run goes on: where it did, the connection was lost, or given up at 1 MiB.
  const streams = TRAITS[technique].brings === 'stream';
  const breaks: Break[] = [];
  for (let index = 0; index < requests.length; index++) {
    const end = requests.end[index] as number;
    if (end >= from && end < to && (streams || requests.ok[index] !== 1))
      breaks.push({ at: end, sentFrom: Number.NEGATIVE_INFINITY });
  }
  return breaks;
}

/** Moments at which faults began in a lane; an event that was on its way by then does not show that it is over. */
export function faultBreaks(begun: readonly number[]): Break[] {
  // A ms of grace: two bursts of pings do not agree on the clocks to the last tenth.
  return begun.map((at) => ({ at, sentFrom: at - 1 }));
}

/**
 * The time from each of `breaks` to the next event. A break that comes before the last one has recovered belongs to it.
 * `missing`: the feed had events that never came, so a break without an event after it counts as never recovered.
 */
export function recoveryOf(breaks: readonly Break[], events: EventStore, missing: boolean): Recovery {
  const times: number[] = [];
  let recovered = Number.NEGATIVE_INFINITY;
  for (const { at, sentFrom } of [...breaks].sort((a, b) => a.at - b.at)) {
    if (at < recovered) continue;
    let next = events.from(at);
    while (next < events.length && sentAt(events, next) < sentFrom) next++;
    if (next >= events.length) return { spread: spread(times), never: missing ? 1 : 0 };
    recovered = events.at[next] as number;
    times.push(recovered - at);
  }
  return { spread: spread(times), never: 0 };
}

const sentAt = (events: EventStore, index: number): number =>
  (events.at[index] as number) - (events.latency[index] as number);
