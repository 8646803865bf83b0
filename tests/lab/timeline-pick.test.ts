import { describe, expect, test } from 'vitest';
import { Clock } from '../../demo-server/measure/clock.ts';
import { newRecording } from '../../demo-server/measure/recording.ts';
import { EventStore, RequestStore } from '../../demo-server/measure/store.ts';
import type { WireExchange } from '../../demo-server/protocol.ts';
import { exchangeOf } from '../../site/lab/timeline/exchange-of.ts';
import { layOut, xOf } from '../../site/lab/timeline/timeline-layout.ts';
import { listRequests } from '../../site/lab/timeline/timeline-list.ts';
import { eventBySeq, pick, requestAt } from '../../site/lab/timeline/timeline-pick.ts';

function requests(...list: [number, number][]): RequestStore {
  const store = new RequestStore();
  for (const [start, end] of list) {
    const index = store.begin(start);
    if (end < Number.POSITIVE_INFINITY) store.finish(index, end, true);
  }
  return store;
}

describe('what lies at a place', () => {
  test('is the request that went on then, or one close by; of several, the one asked last', () => {
    const store = requests([0, 100], [100, 200], [150, 160], [300, Number.POSITIVE_INFINITY]);
    expect([50, 120, 155, 250, 205, 9000].map((time) => requestAt(store, time, 10))).toEqual([0, 1, 2, -1, 1, 3]);
  });

  test('is told with how far off the dot and the bar lie', () => {
    const layout = layOut(1000, 2);
    const view = { from: 0, span: 1000 };
    const events = new EventStore();
    events.push(5200, 20, 7, 1);
    const lanes = [
      { events: new EventStore(), requests: new RequestStore() },
      { events, requests: requests([5100, 5300]) },
    ];
    const bar = layout.rows[1]?.bar ?? 0;
    const found = pick(lanes, layout, view, 5000, xOf(210, view, layout), bar - 5);
    expect(found).toMatchObject({ row: 1, event: 0, request: 0, barOff: 5 });
    expect(found?.eventOff).toBeCloseTo(10 * ((layout.right - layout.left) / 1000), 6);
    expect(pick(lanes, layout, view, 5000, 500, (layout.rows[0]?.bar ?? 0) - 1)).toMatchObject({
      event: -1,
      request: -1,
    });
    expect(pick(lanes, layout, view, 5000, 500, 3)).toBeNull();
  });

  test('an event is found by its number, and not among what the store has room for', () => {
    const events = new EventStore();
    events.push(1, 1, 3, 1);
    expect([eventBySeq(events, 3), eventBySeq(events, 0), eventBySeq(events, 4)]).toEqual([0, -1, -1]);
  });
});

describe('the exchange of a bar', () => {
  const exchange = (startedAt: number, endedAt: number | null, head = 'GET /push/polling HTTP/1.1'): WireExchange => ({
    connection: 1,
    exchange: 1,
    startedAt,
    endedAt,
    segments: [{ at: startedAt, direction: 'up', kind: 'head', bytes: btoa(head) }],
    omittedBytes: 0,
    omittedAt: 1,
  });
  const transcript = (...exchanges: WireExchange[]) => ({ run: 'r', technique: 'polling' as const, exchanges });

  test('is the one that went on meanwhile, begun nearest to it; one that made room is not replaced by its neighbour', () => {
    const kept = transcript(exchange(1001, 1004), exchange(2001, 2003), exchange(3001, null));
    expect(exchangeOf(kept, 1000, 1005)).toBe(0);
    expect(exchangeOf(kept, 2000, 2004)).toBe(1);
    expect(exchangeOf(kept, 3000, Number.POSITIVE_INFINITY)).toBe(2);
    expect(exchangeOf(kept, 500, 505)).toBe(-1);
    // Held requests follow each other at once: the first of these was forgotten.
    expect(exchangeOf(transcript(exchange(502, 1000)), 0, 501)).toBe(-1);
    // The browser's own reconnect shows only when its answer begins.
    expect(exchangeOf(transcript(exchange(0, 400), exchange(700, 5000)), 710, 5001)).toBe(1);
  });

  test('is never a message that the client sent besides', () => {
    const kept = transcript(exchange(1001, 4000), exchange(2000, 2003, 'POST /push/polling HTTP/1.1'));
    expect(exchangeOf(kept, 1999, 4001)).toBe(0);
  });
});

test('a lane is listed request by request with the events that each answer carried', () => {
  const [lane] = newRecording(['polling'], new Clock(0.1, true)).lanes.values();
  if (!lane) throw new Error('no lane');
  lane.requests.finish(lane.requests.begin(100), 110, true);
  lane.requests.finish(lane.requests.begin(200), 260, false);
  lane.requests.begin(300);
  for (const [at, latency, seq, request] of [
    [108, 50, 1, 1],
    [108, 20, 2, 1],
    [310, 4, 3, 3],
  ] as const) {
    lane.events.push(at, latency, seq, request);
  }
  expect(listRequests(lane, 0, 50)).toEqual([
    { request: 1, start: 100, took: 10, outcome: 'ok', events: 2, firstSeq: 1, lastSeq: 2, slowest: 50 },
    { request: 2, start: 200, took: 60, outcome: 'failed', events: 0, firstSeq: 0, lastSeq: 0, slowest: Number.NaN },
    { request: 3, start: 300, took: Number.NaN, outcome: 'open', events: 1, firstSeq: 3, lastSeq: 3, slowest: 4 },
  ]);
  expect(listRequests(lane, 2, 50).map(({ request, events }) => [request, events])).toEqual([[3, 1]]);
  expect(listRequests(lane, 1, 1).map(({ request }) => request)).toEqual([2]);
});
