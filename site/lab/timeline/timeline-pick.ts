/**
 * What lies where in the timeline: the event and the request at a place, an event by its number. Pure; times in ms of the
 * page's clock, lengths in CSS pixels.
 */
import type { EventStore, RequestStore } from '../../../demo-server/measure/store.ts';
import { type Layout, nearest, rowAt, timeAt, type View, xOf } from './timeline-layout.ts';

/** What is at a place in the picture. */
export interface Pick {
  row: number;
  /** The row's event nearest in time, −1 where it has none, and how far off its dot lies sideways. */
  event: number;
  eventOff: number;
  /** The request whose bar is there, −1 where none is; and how far off the bars' middle lies up or down. */
  request: number;
  barOff: number;
}

/** What is at `x`, `y`; `zero` = the start of the run. Null beside the rows. */
export function pick(
  lanes: readonly { events: EventStore; requests: RequestStore }[],
  layout: Layout,
  view: View,
  zero: number,
  x: number,
  y: number,
): Pick | null {
  const row = rowAt(y, layout);
  const [lane, place] = [lanes[row], layout.rows[row]];
  if (!lane || !place) return null;
  const time = timeAt(x, view, layout) + zero;
  const event = nearest(lane.events.at, lane.events.length, time);
  const eventOff = Math.abs(xOf((lane.events.at[event] ?? Number.NaN) - zero, view, layout) - x);
  const slack = (4 / (layout.right - layout.left)) * view.span;
  return { row, event, eventOff, request: requestAt(lane.requests, time, slack), barOff: Math.abs(y - place.bar) };
}

/**
 * Index of the request that went on at `time`, or else of the nearest within `slack` ms; of several, the one asked last.
 * −1 where there is none.
 */
export function requestAt(requests: RequestStore, time: number, slack: number): number {
  let best = -1;
  let distance = Number.POSITIVE_INFINITY;
  requests.inView(time - slack, time + slack, (index) => {
    const [start, end] = [requests.start[index] as number, requests.end[index] as number];
    const off = Math.max(0, start - time, time - end);
    if (off < distance || (off === distance && start >= (requests.start[best] ?? Number.NEGATIVE_INFINITY))) {
      best = index;
      distance = off;
    }
  });
  return best;
}

/** Index of event `seq` in a lane, −1 where it has not arrived. */
export function eventBySeq(events: EventStore, seq: number): number {
  return events.seq.subarray(0, events.length).indexOf(seq);
}
