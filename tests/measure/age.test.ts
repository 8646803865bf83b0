import { describe, expect, test } from 'vitest';
import { ageOf } from '../../demo-server/measure/age.ts';
import { breaksOf, faultBreaks, recoveryOf } from '../../demo-server/measure/recovery.ts';
import { EventStore, RequestStore } from '../../demo-server/measure/store.ts';
import { binOf, edgeOf, LatencyHistogram } from '../../site/lab/charts/latency-histogram.ts';

/** A lane that got these events: [sent, arrived] in ms. */
function events(...pairs: [number, number][]): EventStore {
  const store = new EventStore();
  pairs.forEach(([sent, at], index) => {
    store.push(at, at - sent, index + 1, 1);
  });
  return store;
}

describe('the age of information', () => {
  test('rises without news for as long as it is watched', () => {
    expect(ageOf(events(), 1000, 2000)).toEqual({ mean: 500, p95: 950, max: 1000 });
  });

  test('is a sawtooth: down to the latency with each event, up by time in between', () => {
    // 0…110, then 10…110 nine times, then 10…100: nine tenths of each tooth are the same.
    const teeth = Array.from({ length: 10 }, (_, n): [number, number] => [(n + 1) * 100, (n + 1) * 100 + 10]);
    const age = ageOf(events(...teeth), 0, 1100);
    const area = 110 ** 2 / 2 + (9 * (110 ** 2 - 10 ** 2)) / 2 + (100 ** 2 - 10 ** 2) / 2;
    expect(age?.mean).toBeCloseTo(area / 1100, 9);
    expect(age?.max).toBe(110);
    // The top 5 % of 1100 ms: 55 ms, of which the ten teeth that go up to 110 spend one each per ms of age.
    expect(age?.p95).toBeCloseTo(110 - 5.5, 9);
  });

  test('counts the waiting that a latency hides: events that a poll brings together make one drop', () => {
    const polled = ageOf(events([100, 1000], [500, 1000], [900, 1000]), 0, 1000);
    expect(polled).toEqual({ mean: 500, p95: 950, max: 1000 });
    const pushed = ageOf(events([100, 100], [500, 500], [900, 900]), 0, 1000);
    expect(pushed?.mean).toBe((100 ** 2 + 400 ** 2 + 400 ** 2 + 100 ** 2) / 2 / 1000);
    expect(pushed?.max).toBe(400);
  });

  test('is made no younger by an event that comes late and is older than what is known', () => {
    const late = ageOf(events([300, 400], [100, 500]), 0, 1000);
    expect(late).toEqual(ageOf(events([300, 400]), 0, 1000));
  });

  test('ends with the watch: what arrives later does not count, and no time has no age', () => {
    expect(ageOf(events([500, 600], [2000, 2010]), 0, 1000)).toEqual(ageOf(events([500, 600]), 0, 1000));
    expect(ageOf(events([500, 600]), 1000, 1000)).toBeNull();
    expect(ageOf(events([500, 600]), Number.NaN, 1000)).toBeNull();
  });

  test('agrees with a count in steps of a tenth of a ms', () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 16807) % 2147483647;
      return seed / 2147483647;
    };
    let sent = 0;
    const pairs = Array.from({ length: 60 }, (): [number, number] => {
      sent += Math.round(random() * 60);
      return [sent, sent + Math.round(random() * 90)];
    }).sort((a, b) => a[1] - b[1]);
    const to = sent;
    const steps = Array.from({ length: to * 10 }, (_, n) => {
      const now = n / 10 + 0.05;
      return now - Math.max(0, ...pairs.filter(([, at]) => at <= now).map(([was]) => was));
    }).sort((a, b) => a - b);
    const age = ageOf(events(...pairs), 0, to);
    expect(age?.mean).toBeCloseTo(steps.reduce((sum, one) => sum + one, 0) / steps.length, 3);
    expect(Math.abs((age?.p95 ?? 0) - (steps[Math.ceil(steps.length * 0.95) - 1] as number))).toBeLessThan(0.2);
    expect(Math.abs((age?.max ?? 0) - (steps.at(-1) as number))).toBeLessThan(0.2);
  });
});

describe('recovery', () => {
  function requests(...list: [number, number, boolean][]): RequestStore {
    const store = new RequestStore();
    for (const [start, end, ok] of list) {
      const index = store.begin(start);
      if (end < Number.POSITIVE_INFINITY) store.finish(index, end, ok);
    }
    return store;
  }

  test('begins where a stream ends before the run does, well or not, and where an answer failed', () => {
    const list = requests([0, 100, true], [110, 300, false], [310, 990, true], [995, Number.POSITIVE_INFINITY, false]);
    const at = (technique: 'sse' | 'polling') => breaksOf(technique, list, 0, 900).map((one) => one.at);
    expect([at('sse'), at('polling')]).toEqual([[100, 300], [300]]);
    expect(breaksOf('polling', list, 301, 900)).toEqual([]);
  });

  const lost = (...times: number[]) => times.map((at) => ({ at, sentFrom: Number.NEGATIVE_INFINITY }));

  test('from a fault ends with an event that was sent after it began, not with one that was on its way', () => {
    const store = events([90, 105], [110, 400], [395, 401]);
    expect(recoveryOf(faultBreaks([100]), store, false).spread?.max).toBe(300);
    expect(recoveryOf(lost(100), store, false).spread?.max).toBe(5);
  });

  test('is the time to the next event, and lost again before that it is one break', () => {
    const store = events([40, 50], [400, 450], [800, 820]);
    expect(recoveryOf(lost(100, 200, 700), store, false)).toEqual({
      spread: { count: 2, p50: 120, p95: 350, max: 350 },
      never: 0,
    });
  });

  test('never happened where the feed had news that did not come; at the very end nobody can say', () => {
    const store = events([40, 50]);
    expect(recoveryOf(lost(100), store, true)).toEqual({ spread: null, never: 1 });
    expect(recoveryOf(lost(100, 300), store, false)).toEqual({ spread: null, never: 0 });
  });
});

describe('the histogram of latencies', () => {
  test('puts each into the bin whose edges are around it', () => {
    for (const ms of [0.010001, 0.05, 0.99, 1, 1.5, 10, 499, 1000, 60_000]) {
      const bin = binOf(ms);
      expect(ms, String(ms)).toBeGreaterThanOrEqual(edgeOf(bin) * (1 - 1e-9));
      expect(ms, String(ms)).toBeLessThan(edgeOf(bin + 1));
    }
    expect([binOf(-3), binOf(0), binOf(Number.NaN)]).toEqual([0, 0, 0]);
    expect(binOf(1e12)).toBe(binOf(1e9));
  });

  test('counts each event once, however often it is asked', () => {
    const histogram = new LatencyHistogram();
    const store = events([0, 1], [0, 1.01], [0, 500]);
    histogram.update(store);
    histogram.update(store);
    store.push(600, 2, 4, 1);
    histogram.update(store);
    expect(histogram.total).toBe(4);
    expect(histogram.counts[binOf(1.005)]).toBe(2);
    expect([...histogram.counts].reduce((sum, count) => sum + count, 0)).toBe(4);
    expect(histogram.range()).toEqual({ first: binOf(1), last: binOf(500) });
  });
});
