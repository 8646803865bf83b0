import { describe, expect, test } from 'vitest';
import { BoundedSeries } from '../../demo-server/measure/series.ts';
import { EventStore, lowerBound, RequestStore } from '../../demo-server/measure/store.ts';
import { LatencyWindows, windowSeconds } from '../../site/lab/charts/latency-windows.ts';

const inView = (requests: RequestStore, from: number, to: number) => {
  const seen: number[] = [];
  requests.inView(from, to, (index) => seen.push(index));
  return seen.sort((a, b) => a - b);
};

describe('a bounded series', () => {
  test('keeps every point until it is full, then every second', () => {
    const series = new BoundedSeries(8, 1);
    for (let time = 0; time < 8; time++) series.push(time, [time * 10]);
    expect([series.length, series.stride]).toEqual([8, 1]);
    series.push(8, [80]);
    expect([series.length, series.stride]).toEqual([5, 2]);
    expect([0, 1, 2, 3, 4].map((index) => series.timeAt(index))).toEqual([0, 2, 4, 6, 8]);
  });

  test('after a million points it is as large as before, in order, and its newest point is the newest', () => {
    const series = new BoundedSeries(240, 2);
    for (let time = 0; time <= 1_000_000; time++) {
      series.push(time, [time, -time]);
      if (time % 9973 === 0) expect(series.timeAt(series.length - 1)).toBe(time);
    }
    expect(series.length).toBeLessThanOrEqual(240);
    expect(series.length).toBeGreaterThan(110);
    expect(series.timeAt(0)).toBe(0);
    for (let index = 1; index < series.length; index++) {
      expect(series.timeAt(index)).toBeGreaterThan(series.timeAt(index - 1));
      expect(series.valueAt(index, 1)).toBe(-series.timeAt(index));
    }
  });
});

test('the newest point of a series can be corrected, an empty one has none', () => {
  const series = new BoundedSeries(4, 2);
  series.correctLast([9, 9]);
  expect(series.length).toBe(0);
  series.push(1, [1, 2]);
  series.correctLast([3, 4]);
  expect([series.length, series.valueAt(0, 0), series.valueAt(0, 1)]).toEqual([1, 3, 4]);
});

describe('the stores', () => {
  test('a lower bound is the first place that is not below', () => {
    expect([0, 1, 2, 3, 9].map((target) => lowerBound([1, 2, 2, 5], 4, target))).toEqual([0, 0, 1, 3, 4]);
  });

  test('events survive growing, and are found by time', () => {
    const events = new EventStore();
    for (let seq = 1; seq <= 5000; seq++) events.push(seq * 10, seq / 100, seq, 1);
    expect(events.length).toBe(5000);
    expect(events.seq[events.from(20_000)]).toBe(2000);
    expect(events.latencies(10, 40)).toHaveLength(3);
    expect(events.latencies()).toHaveLength(5000);
  });

  test('requests in view: short ones, long ones that began before, open ones', () => {
    const requests = new RequestStore();
    for (let n = 0; n < 1000; n++) requests.finish(requests.begin(n * 10), n * 10 + 3, true);
    const held = requests.begin(10_000);
    expect(inView(requests, 100, 121)).toEqual([10, 11, 12]);
    expect(inView(requests, 104, 109)).toEqual([]);
    expect(inView(requests, 99_000, 100_000)).toEqual([held]);
    requests.finish(held, 20_000, true);
    const after = requests.begin(20_001);
    requests.finish(after, 20_002, false);
    expect(inView(requests, 15_000, 15_001)).toEqual([held]);
    expect([requests.ok[held], requests.ok[after]]).toEqual([1, 0]);
  });

  test('a request that outlives its successors is found behind them', () => {
    const requests = new RequestStore();
    const long = requests.begin(0);
    for (let n = 1; n < 50; n++) requests.finish(requests.begin(n), n + 0.5, true);
    requests.finish(long, 1000, true);
    expect(inView(requests, 500, 600)).toEqual([long]);
    requests.finish(long, 2000, false);
    expect(requests.end[long]).toBe(1000);
  });
});

describe('latency windows', () => {
  test('hold about four events each, and at most sixty in a run', () => {
    expect(windowSeconds({ eventsPerSecond: 2, durationSeconds: 20 })).toBe(2);
    expect(windowSeconds({ eventsPerSecond: 100, durationSeconds: 20 })).toBe(1);
    expect(windowSeconds({ eventsPerSecond: 100, durationSeconds: 900 })).toBe(15);
  });

  test('are the same whether computed at every step or once at the end', () => {
    const events = new EventStore();
    const live = new LatencyWindows(2);
    for (let time = 100; time < 30_000; time += 130) {
      events.push(5000 + time, (time % 700) / 10, time, 1);
      live.update(events, 5000, 5000 + time);
    }
    const once = new LatencyWindows(2);
    once.update(events, 5000, 35_000);
    live.update(events, 5000, 35_000);
    expect(live.windows).toEqual(once.windows);
    expect(live.windows).toHaveLength(15);
    expect(live.windows[0]?.seconds).toBe(1);
  });
});
